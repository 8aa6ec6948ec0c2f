import { createHash, verify, createPublicKey } from 'node:crypto';
import type { MinisignSigner } from '../../evidence/keys/minisign-secret.ts';
import type { KeylessSigner } from '../../evidence/sigstore/keyless.ts';
import type { LoggedSigner } from '../../evidence/sigstore/logged-signer.ts';
import { fromUtf8 } from '../../ledger-schema/bytes.ts';
import type { StampIdentity } from './statement.ts';

/** Who signs the stamps. */
export interface StampSigner {
  /** What a statement says about who signed it. */
  readonly identity: StampIdentity;
  /** Does the same statement give the same bundle, whenever it is signed? */
  readonly repeatable: boolean;
  /** A Sigstore bundle of the statement, as JSON. Throws `E_SIGNING`. */
  sign(statement: Uint8Array): Promise<Uint8Array>;
  /** Is the bundle, which was read from a disk, by this signer? */
  signed(bundle: Uint8Array): boolean | Promise<boolean>;
}

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** A list of 50,000 releases is smaller. */
export const BUNDLE_BYTES = 64 * 1024 * 1024;

/** DSSE's pre-authentication encoding: what a signature covers. */
export function preAuthEncoding(payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

interface KeyBundle {
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** The payload and the first signature of a bundle's envelope; nothing is verified. Undefined for anything else. */
export function readEnvelope(bundle: Uint8Array): KeyBundle | undefined {
  if (bundle.length > BUNDLE_BYTES) return undefined;
  try {
    const json: unknown = JSON.parse(fromUtf8(bundle) ?? '');
    const envelope = property(json, 'dsseEnvelope');
    const signatures = property(envelope, 'signatures');
    const sig = property(Array.isArray(signatures) ? signatures[0] : undefined, 'sig');
    const payload = property(envelope, 'payload');
    if (typeof sig !== 'string' || typeof payload !== 'string') return undefined;
    if (property(envelope, 'payloadType') !== PAYLOAD_TYPE) return undefined;
    return { payload: Buffer.from(payload, 'base64'), signature: Buffer.from(sig, 'base64') };
  } catch {
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Signs by an Ed25519 key in the files of minisign. The bundle has no entry of a log: packslip's `--allow-unlogged`. */
export function keySigner(key: MinisignSigner): StampSigner {
  const spki = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
  const hint = keyHint(key);
  return {
    identity: { scheme: 'sigstore-key', key_id: key.keyId },
    repeatable: true,
    sign(statement) {
      const sig = Buffer.from(key.sign(preAuthEncoding(statement))).toString('base64');
      const payload = Buffer.from(statement).toString('base64');
      const bundle = {
        mediaType: BUNDLE_TYPE,
        verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
        dsseEnvelope: { payload, payloadType: PAYLOAD_TYPE, signatures: [{ sig }] },
      };
      return Promise.resolve(new TextEncoder().encode(JSON.stringify(bundle)));
    },
    signed(bundle) {
      const read = readEnvelope(bundle);
      return read !== undefined && verify(null, preAuthEncoding(read.payload), spki, read.signature);
    },
  };
}

/** Signs by such a key, and has Rekor log it: what is signed is in the public log, as mise asks. */
export function loggedKeySigner(key: MinisignSigner, logged: LoggedSigner): StampSigner {
  return {
    identity: { scheme: 'sigstore-key', key_id: key.keyId },
    repeatable: false,
    ...logged,
  };
}

/** What a bundle calls a key. */
export function keyHint(key: MinisignSigner): string {
  return createHash('sha256').update(key.spki).digest('base64');
}

/** Signs by the identity of this job, through Fulcio and Rekor: what is signed is in the public log. */
export function keylessSigner(keyless: KeylessSigner): StampSigner {
  const { identity, issuer } = keyless.identity;
  return {
    identity: { scheme: 'sigstore-oidc', key_id: identity, issuer },
    repeatable: false,
    sign: (statement) => keyless.sign(statement),
    signed: (bundle) => keyless.signed(bundle),
  };
}
