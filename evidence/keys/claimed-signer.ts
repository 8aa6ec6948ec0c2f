import { utf8 } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { claimsOf, parseCertificate } from '../sigstore/certificate.ts';
import { certificateOf, parseBundle } from '../sigstore/sigstore.ts';

/** Who a bundle says signed it; nothing is verified. */
export interface ClaimedSigner {
  readonly signer: string;
  readonly issuer?: string | undefined;
}

/** Undefined: signed by a key, which a bundle doesn't name. `unreadable`: what can't be read has no signer. */
export function claimedSigner(bundle: unknown): ClaimedSigner | undefined | 'unreadable' {
  try {
    const parsed = parseBundle(utf8(JSON.stringify(bundle)));
    if (parsed.verificationMaterial.content.$case === 'publicKey') return undefined;
    const { signer, issuer } = claimsOf(parseCertificate(certificateOf(parsed)));
    return { signer, issuer };
  } catch (error) {
    if (error instanceof PullthroughError) return 'unreadable';
    throw error;
  }
}
