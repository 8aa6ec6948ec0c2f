import { createHash, createVerify, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { ValidationError, bundleFromJSON } from '@sigstore/bundle';
import type { Bundle } from '@sigstore/bundle';
import { dsse } from '@sigstore/core';
import type { X509Certificate } from '@sigstore/core';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity } from '@sigstore/verify';
import type { SignedEntity } from '@sigstore/verify';
import { brief } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { parseHostileJson } from '../bounds.ts';
import { checkBundleJson } from './bundle-json.ts';
import { checkBundle } from './bundle-rules.ts';
import { claimsOf, parseCertificate } from './certificate.ts';
import type { CertificateClaims } from './certificate.ts';
import type { PublicKey } from './public-key.ts';
import type { Root } from '../roots.ts';
import { settled } from '../settled-certificate.ts';
import { explain } from './sigstore-words.ts';
import { parseStatement } from './statement.ts';
import type { Statement } from './statement.ts';

export type MessageAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** A signature over a file's own bytes, whose witnesses verify; the signature itself is checked by `check`. */
export interface MessageSignature {
  readonly algorithm: MessageAlgorithm;
  /** Lower-case hex. */
  readonly digest: string;
  /** Checks the signature over the bytes, which must have the digest. Throws `E_EVIDENCE`. */
  check(bytes: AsyncIterable<Uint8Array>): Promise<void>;
}

/** A bundle whose signature, certificate and witnesses verify; what it is about hasn't been checked yet. */
export interface SignedBundle {
  /** The root's name. */
  readonly root: string;
  /** The certificate's name, or `key:<sha256 of the SPKI>`. */
  readonly signer: string;
  readonly issuer: string | undefined;
  /** Undefined for a signature by a key. */
  readonly claims: CertificateClaims | undefined;
  /** ISO 8601, by a timestamp authority, else by the log. */
  readonly signedAt: string;
  readonly statement: Statement | undefined;
  /** Where there is no statement. */
  readonly message: MessageSignature | undefined;
}

/**
 * Verifies a Sigstore bundle against the roots, at the time that it was signed: never at the present time, and without
 * a network. `pinned`: the public key that must have signed a bundle without a certificate. Throws `E_EVIDENCE`.
 */
export function verifyBundle(bytes: Uint8Array, roots: readonly Root[], pinned?: PublicKey): SignedBundle {
  return refusing(() => verified(parseBundle(bytes), roots, pinned));
}

/** Libraries read a part when it is asked for, and throw errors of their own over what they can't read. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PullthroughError) throw cause;
    return fail('E_EVIDENCE', 'the bundle holds something that cannot be read', { cause });
  }
}

function verified(bundle: Bundle, roots: readonly Root[], pinned: PublicKey | undefined): SignedBundle {
  const { content } = bundle.verificationMaterial;
  const by = content.$case === 'publicKey' ? byKey(bundle, roots, pinned) : byCertificate(bundle, roots);
  if (bundle.content.$case === 'dsseEnvelope') {
    const { payloadType, payload } = bundle.content.dsseEnvelope;
    return { ...by.signed, statement: parseStatement(payloadType, payload), message: undefined };
  }
  return { ...by.signed, statement: undefined, message: messageOf(bundle, by.key) };
}

/** Reads a bundle, checking its bounds and its schema. Throws `E_EVIDENCE`. */
export function parseBundle(bytes: Uint8Array): Bundle {
  const json = parseHostileJson(bytes, 'the bundle');
  if (!isBundle(json)) fail('E_EVIDENCE', 'it is not a Sigstore bundle');
  checkBundleJson(json);
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(json);
  } catch (cause) {
    // Names of a schema, not the bundle's own text.
    const fields = cause instanceof ValidationError ? `: ${brief(cause.fields.join(', '))}` : '';
    return fail('E_EVIDENCE', `it is not a Sigstore bundle that can be read${fields}`, { cause });
  }
  checkBundle(bundle);
  return bundle;
}

/** Is the bundle signed by a key, without a certificate? */
export function isByKey(bytes: Uint8Array): boolean {
  return parseBundle(bytes).verificationMaterial.content.$case === 'publicKey';
}

/** Did the key sign the bundle's statement? Undefined for a signature over a file, which only the file tells. */
export function isMadeBy(bytes: Uint8Array, { key }: PublicKey): boolean | undefined {
  const bundle = parseBundle(bytes);
  if (bundle.content.$case !== 'dsseEnvelope') return undefined;
  return refusing(() => entityOf(bundle).signature.verifySignature(key));
}

/** The signature is over other bytes, or by another key. */
export class SignatureMismatch extends PullthroughError {}

/** Does a JSON value claim to be a Sigstore bundle? */
export function isBundle(json: unknown): json is { readonly mediaType: string } {
  return typeof json === 'object' && json !== null && 'mediaType' in json && typeof json.mediaType === 'string';
}

/** The certificate that a bundle is signed by, as DER; nothing in it is verified. Throws `E_EVIDENCE`. */
export function certificateOf({ verificationMaterial: { content } }: Bundle): Uint8Array {
  const der =
    content.$case === 'certificate'
      ? content.certificate.rawBytes
      : content.$case === 'x509CertificateChain'
        ? content.x509CertificateChain.certificates[0]?.rawBytes
        : undefined;
  return der ?? fail('E_EVIDENCE', 'the bundle has no certificate');
}

interface By {
  readonly signed: Pick<SignedBundle, 'root' | 'signer' | 'issuer' | 'claims' | 'signedAt'>;
  readonly key: KeyObject;
}

function byCertificate(bundle: Bundle, roots: readonly Root[]): By {
  const leaf = settled(parseCertificate(certificateOf(bundle)));
  const claims = claimsOf(leaf);
  // An authority with another name can't have signed it, and each one that is tried costs milliseconds.
  const possible = roots.flatMap((root) => {
    const certificateAuthorities = root.material.certificateAuthorities.filter(({ certChain }) =>
      certChain.some((authority) => mayHaveIssued(authority, leaf)),
    );
    return certificateAuthorities.length === 0
      ? []
      : [{ ...root, material: { ...root.material, certificateAuthorities } }];
  });
  if (possible.length === 0) {
    fail('E_EVIDENCE', 'the bundle is signed under no root that is trusted here', {
      hint: "where it is a Sigstore of one's own, add its trusted_root.json: [evidence] trusted-root[] in mirror.ini",
    });
  }
  return firstThatVerifies(possible, (root) => {
    const entity: SignedEntity = { ...entityOf(bundle), key: { $case: 'certificate', certificate: leaf } };
    const at = timesOf(entity).find((time) => !leaf.validForDate(time));
    if (at !== undefined) {
      fail('E_EVIDENCE', `the bundle's certificate was not valid when it signed, at ${at.toISOString()}`);
    }
    const { key } = run(root, entity);
    const { signer, issuer } = claims;
    return { signed: { root: root.name, signer, issuer, claims, signedAt: signedAt(entity) }, key };
  });
}

/** By the names alone: the signature tells whether it really did. */
function mayHaveIssued(authority: X509Certificate, leaf: X509Certificate): boolean {
  const named = leaf.extAuthorityKeyID?.keyIdentifier;
  const own = authority.extSubjectKeyID?.keyIdentifier;
  const sameKey = named === undefined || own === undefined || named.equals(own);
  return authority.subject.equals(leaf.issuer) && sameKey;
}

function byKey(bundle: Bundle, roots: readonly Root[], pinned: PublicKey | undefined): By {
  if (pinned === undefined) fail('E_EVIDENCE', 'the bundle is signed by a key that is not pinned here');
  const logged = roots.filter(({ thresholds }) => thresholds.logEntries > 0);
  return firstThatVerifies(logged, (root) => {
    const entity = entityOf(bundle);
    const publicKey = () => ({ publicKey: pinned.key, validFor: () => true });
    run({ ...root, material: { ...root.material, publicKey } }, entity);
    const signer = `key:${pinned.sha256}`;
    const signed = { root: root.name, signer, issuer: undefined, claims: undefined, signedAt: signedAt(entity) };
    return { signed, key: pinned.key };
  });
}

/** The result of the first candidate that doesn't fail; else the last failure. */
function firstThatVerifies<T, R>(candidates: readonly T[], attempt: (candidate: T) => R): R {
  let failure: unknown;
  for (const candidate of candidates) {
    try {
      return attempt(candidate);
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function entityOf(bundle: Bundle): SignedEntity {
  try {
    const entity = toSignedEntity(bundle, Buffer.alloc(0));
    return { ...entity, signature: contentOf(bundle, entity.signature) };
  } catch (cause) {
    return fail('E_EVIDENCE', 'the bundle holds a timestamp or a certificate that cannot be read', { cause });
  }
}

/** What is compared with the log's entries, and verified by the key. */
function contentOf(bundle: Bundle, signature: SignedEntity['signature']): SignedEntity['signature'] {
  const content = {
    signature: signature.signature,
    compareSignature: (other: Buffer) => signature.compareSignature(other),
  };
  if (bundle.content.$case === 'messageSignature') {
    // The file may be larger than memory: its signature is checked separately, as a stream.
    return { ...content, compareDigest: (digest) => signature.compareDigest(digest), verifySignature: () => true };
  }
  const { payloadType, payload } = bundle.content.dsseEnvelope;
  const encoded = createHash('sha256').update(dsse.preAuthEncoding(payloadType, payload)).digest();
  return {
    ...content,
    // A hashedrekord entry is about what was signed: the envelope's encoding.
    compareDigest: (digest) => signature.compareDigest(digest) || encoded.equals(digest),
    verifySignature: (key) => signature.verifySignature(key),
  };
}

function run(root: Root, entity: SignedEntity) {
  const { logEntries, certificateTimestamps, authorityTimestamps } = root.thresholds;
  if (entity.tlogEntries.length < logEntries) fail('E_EVIDENCE', 'the bundle has no entry of a transparency log');
  const byAuthority = entity.timestamps.filter(({ $case }) => $case === 'timestamp-authority');
  if (byAuthority.length < authorityTimestamps) {
    fail('E_EVIDENCE', 'the bundle has no timestamp by an authority of its root');
  }
  if (entity.timestamps.length === 0) fail('E_EVIDENCE', 'the bundle has no timestamp');
  const verifier = new Verifier(root.material, {
    tlogThreshold: logEntries,
    ctlogThreshold: certificateTimestamps,
    timestampThreshold: 1,
  });
  try {
    return verifier.verify(entity);
  } catch (cause) {
    return fail('E_EVIDENCE', explain(cause, root.name), { cause });
  }
}

function timesOf({ timestamps }: SignedEntity): Date[] {
  try {
    return timestamps.map((stamp) => {
      const authority = stamp.$case === 'timestamp-authority';
      const time = authority ? stamp.timestamp.signingTime : new Date(Number(stamp.tlogEntry.integratedTime) * 1000);
      return Number.isNaN(time.getTime()) ? fail('E_EVIDENCE', 'it is not a time') : time;
    });
  } catch (cause) {
    return fail('E_EVIDENCE', 'the bundle holds a timestamp that cannot be read', { cause });
  }
}

/** A timestamp authority's time takes precedence over the log's. */
function signedAt(entity: SignedEntity): string {
  const authority = entity.timestamps.filter(({ $case }) => $case === 'timestamp-authority');
  const [time] = timesOf(authority.length > 0 ? { ...entity, timestamps: authority } : entity);
  return (time ?? fail('E_EVIDENCE', 'the bundle has no timestamp')).toISOString();
}

const ALGORITHMS = new Map<HashAlgorithm, MessageAlgorithm>([
  [HashAlgorithm.HASH_ALGORITHM_UNSPECIFIED, 'sha256'],
  [HashAlgorithm.SHA2_256, 'sha256'],
  [HashAlgorithm.SHA2_384, 'sha384'],
  [HashAlgorithm.SHA2_512, 'sha512'],
]);

function messageOf(bundle: Bundle, key: KeyObject): MessageSignature {
  if (bundle.content.$case !== 'messageSignature') return fail('E_INTERNAL', 'a statement was taken for a signature');
  const { messageDigest, signature } = bundle.content.messageSignature;
  const algorithm =
    ALGORITHMS.get(messageDigest.algorithm) ??
    fail('E_EVIDENCE', `the bundle signs a digest of ${brief(String(messageDigest.algorithm))}, which is not known`);
  const digest = Buffer.from(messageDigest.digest).toString('hex');
  const check = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
    const hash = createHash(algorithm);
    const edwards = key.asymmetricKeyType === 'ed25519';
    const verifier = createVerify(algorithm);
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) {
      hash.update(chunk);
      if (edwards) chunks.push(chunk);
      else verifier.update(chunk);
    }
    if (hash.digest('hex') !== digest) fail('E_EVIDENCE', 'the bundle is about other bytes');
    const good = edwards ? verify(null, Buffer.concat(chunks), key, signature) : verifier.verify(key, signature);
    if (!good) throw new SignatureMismatch('E_EVIDENCE', "the bundle's signature does not verify");
  };
  return { algorithm, digest, check };
}
