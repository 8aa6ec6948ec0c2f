import { z } from 'zod';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { claimsOf, parseCertificate } from './certificate.ts';
import type { CertificateClaims } from './certificate.ts';
import { certificateOf, parseBundle } from './sigstore.ts';
import { parseStatement } from './statement.ts';
import type { StatementSubject } from './statement.ts';

/** The predicate of a packslip; https://packslip.dev/release/v1/ */
export const PACKSLIP = 'https://packslip.dev/release/v1';

const predicateSchema = z.object({
  project: z.string().max(512),
  version: z.string().max(256),
  published_at: z.iso.datetime({ offset: true }),
  source: z.object({ tag: z.string().optional(), commit: z.string().optional() }).optional(),
  artifacts: z.array(z.object({ name: z.string(), size: z.number().int().nonnegative() })).min(1),
  identity: z.object({ scheme: z.literal('sigstore-oidc'), key_id: z.string(), issuer: z.string() }),
  attested_by: z.literal('vendor').optional(),
});

/** What a vendor's packslip says of a release. */
export interface Packslip {
  readonly predicate: z.infer<typeof predicateSchema>;
  readonly subjects: readonly StatementSubject[];
  readonly claims: CertificateClaims;
}

/**
 * Reads a bundle as the packslip of a vendor that signs with a workflow; undefined for any other. Verifies nothing: the
 * bundle must have been verified before.
 */
export function readPackslip(bytes: Uint8Array): Packslip | undefined {
  try {
    const bundle = parseBundle(bytes);
    if (bundle.content.$case !== 'dsseEnvelope') return undefined;
    const { payloadType, payload } = bundle.content.dsseEnvelope;
    const statement = parseStatement(payloadType, payload);
    if (statement.predicateType !== PACKSLIP) return undefined;
    const predicate = predicateSchema.safeParse(statement.predicate);
    if (!predicate.success) return undefined;
    const claims = claimsOf(parseCertificate(certificateOf(bundle)));
    return { predicate: predicate.data, subjects: statement.subjects, claims };
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_EVIDENCE') return undefined;
    throw error;
  }
}
