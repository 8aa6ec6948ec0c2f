import * as openpgp from 'openpgp';
import { fail } from '../error.ts';

/**
 * What a key's own signatures say of the primary key or of a subkey. `problem`: it can never be used. `expires` is in
 * seconds since 1970, undefined for never.
 */
export interface Binding {
  readonly problem: string | undefined;
  /** May it make signatures? */
  readonly signs: boolean;
  readonly revoked: boolean;
  readonly expires: number | undefined;
}

/** Of a key that nothing is known of, as nothing was verified. */
export const UNBOUND: Binding = { problem: undefined, signs: false, revoked: false, expires: undefined };

const { signature: TYPE, hash: HASH } = openpgp.enums;
const CERTIFICATIONS: ReadonlySet<number | null> = new Set([
  TYPE.certGeneric,
  TYPE.certPersona,
  TYPE.certCasual,
  TYPE.certPositive,
]);
const REVOCATIONS: ReadonlySet<number> = new Set([TYPE.keyRevocation, TYPE.subkeyRevocation, TYPE.certRevocation]);
const STRONG: ReadonlySet<number | null> = new Set([HASH.sha224, HASH.sha256, HASH.sha384, HASH.sha512]);
/** Hashes that the library refuses to check with EdDSA. */
const SHORT: ReadonlySet<number | null> = new Set([HASH.md5, HASH.sha1, HASH.ripemd, HASH.sha224]);
/** A revocation counts whatever hash it uses: refusing it would be the unsafe side. */
const ANY_HASH = { ...openpgp.config, rejectHashAlgorithms: new Set<openpgp.enums.hash>() };

/**
 * How many of a key file's own signatures are still verified; those that take longer than Ed25519's count as several. Honest
 * keys need a few; a file full of forged ones could keep a reader busy for a second.
 */
export interface Effort {
  left: number;
}
export const KEY_EFFORT = 32;

/** What the platform's own cryptography knows; by other hashes the library computes by itself, ten times as long. */
const NATIVE: ReadonlySet<number | null> = new Set([HASH.sha1, HASH.sha256, HASH.sha384, HASH.sha512]);

/** One stands for a millisecond or two. */
function effortOf(signature: openpgp.SignaturePacket, by: KeyPacket): number {
  const { algorithm, curve, bits = 0 } = by.getAlgorithmInfo();
  const native = NATIVE.has(signature.hashAlgorithm);
  if (bits > 0) return native ? Math.ceil((bits / 8192) ** 2) : 2 * Math.ceil((bits / 3072) ** 2);
  if (algorithm !== 'ecdsa') return 1;
  // Where a digest begins with a zero, the library tries once more, by itself.
  const twice = !native || signature.signedHashValue?.[0] === 0;
  return (curve === openpgp.enums.curve.nistP384 ? 2 : 1) * (twice ? 4 : 1);
}

export type KeyPacket = openpgp.AnyKeyPacket;
/** The library has it; its types don't. */
type WithDirectSignatures = openpgp.Key & { readonly directSignatures: readonly openpgp.SignaturePacket[] };

/** Can't the library check it? Such a signature is refused as a binding and honoured as a revocation. */
function isUnchecked(signature: openpgp.SignaturePacket): boolean {
  return signature.publicKeyAlgorithm === openpgp.enums.publicKey.eddsaLegacy && SHORT.has(signature.hashAlgorithm);
}

function isWeak(signature: openpgp.SignaturePacket): boolean {
  return !STRONG.has(signature.hashAlgorithm) || isUnchecked(signature);
}

/**
 * Is it mathematically a signature of these types by `by` over `subject`, and, if it revokes nothing, not dated before
 * `by` was made? One that can't be checked is taken for one
 * where it names the key: what looks newest and is weak makes a key unusable, and a weak revocation revokes. Nobody but
 * the policy's authors can put it into a key file, which is pinned by its digest.
 */
async function fits(
  signature: openpgp.SignaturePacket,
  types: ReadonlySet<number | null>,
  by: KeyPacket,
  subject: object,
  effort: Effort,
): Promise<boolean> {
  const type = signature.signatureType;
  if (type === null || !types.has(type)) return false;
  if (!REVOCATIONS.has(type) && seconds(signature) < keySeconds(by)) return false;
  if (isUnchecked(signature)) return signature.issuerKeyID.equals(by.getKeyID());
  effort.left -= effortOf(signature, by);
  if (effort.left < 0) {
    fail('E_KEY_FORMAT', "too many of the key file's own signatures would have to be verified", {
      hint: "export less of it: gpg --armor --export-options export-minimal --export-filter drop-subkey='expired -t' --export KEY",
    });
  }
  try {
    // The date is null: which signature counts is decided here, by the present time.
    await signature.verify(by, type, subject, null as unknown as Date, false, ANY_HASH);
    return true;
  } catch {
    return false;
  }
}

async function anyFits(
  signatures: readonly openpgp.SignaturePacket[],
  type: number,
  by: KeyPacket,
  subject: object,
  effort: Effort,
): Promise<boolean> {
  for (const signature of signatures) if (await fits(signature, new Set([type]), by, subject, effort)) return true;
  return false;
}

function seconds(signature: openpgp.SignaturePacket): number {
  return Math.floor((signature.created?.getTime() ?? 0) / 1000);
}

function keySeconds(key: KeyPacket): number {
  return Math.floor(key.created.getTime() / 1000);
}

interface Statement {
  readonly signature: openpgp.SignaturePacket;
  readonly verify: () => Promise<boolean>;
}

/**
 * Of several self-signatures the newest counts: those of the newest second that verify. Older ones are not even looked
 * at, so a key file full of them costs little.
 */
async function newest(statements: readonly Statement[]): Promise<openpgp.SignaturePacket[]> {
  const sorted = [...statements].sort((a, b) => seconds(b.signature) - seconds(a.signature));
  const found: openpgp.SignaturePacket[] = [];
  for (const { signature, verify } of sorted) {
    if (found[0] !== undefined && seconds(found[0]) !== seconds(signature)) break;
    if (await verify()) found.push(signature);
  }
  return found;
}

/** When what a binding says ends: the key's own expiration, or the self-signature's. */
function expiry(signature: openpgp.SignaturePacket, key: KeyPacket): number {
  const lives = signature.keyExpirationTime ?? 0;
  const ends = lives > 0 ? keySeconds(key) + lives : Infinity;
  const own = signature.getExpirationTime();
  return Math.min(ends, own instanceof Date ? Math.floor(own.getTime() / 1000) : Infinity);
}

function bindingFrom(signatures: readonly openpgp.SignaturePacket[], key: KeyPacket, revoked: boolean): Binding {
  const unusable = (problem: string): Binding => ({ problem, signs: false, revoked, expires: undefined });
  if (signatures.length === 0) return unusable('it has no valid self-signature');
  if (signatures.some(isWeak)) {
    return unusable('its newest self-signature is by SHA-1 or a weaker hash');
  }
  const expires = Math.min(...signatures.map((signature) => expiry(signature, key)));
  return { problem: undefined, signs: true, revoked, expires: Number.isFinite(expires) ? expires : undefined };
}

function signFlag(signature: openpgp.SignaturePacket): boolean | undefined {
  return signature.keyFlags === null
    ? undefined
    : ((signature.keyFlags[0] ?? 0) & openpgp.enums.keyFlags.signData) !== 0;
}

/**
 * The primary key's standing, by its direct-key signatures and the self-certifications of its user ids. Where all that is
 * left are revoked user ids, the key is revoked by that; what they said of it still holds where revocation isn't looked at.
 */
export async function primaryOf(key: openpgp.Key, effort: Effort): Promise<Binding> {
  const primary = key.keyPacket;
  const statements: Statement[] = (key as WithDirectSignatures).directSignatures.map((signature) => ({
    signature,
    verify: () => fits(signature, new Set([TYPE.key]), primary, { key: primary }, effort),
  }));
  const withdrawn: Statement[] = [];
  for (const user of key.users) {
    const subject = { userID: user.userID, userAttribute: user.userAttribute, key: primary };
    const ended: openpgp.SignaturePacket[] = [];
    for (const revocation of user.revocationSignatures) {
      if (await fits(revocation, new Set([TYPE.certRevocation]), primary, subject, effort)) ended.push(revocation);
    }
    for (const signature of user.selfCertifications) {
      const isEnded = ended.some((revocation) => seconds(revocation) >= seconds(signature));
      const verify = (): Promise<boolean> => fits(signature, CERTIFICATIONS, primary, subject, effort);
      (isEnded ? withdrawn : statements).push({ signature, verify });
    }
  }
  const standing = await newest(statements);
  const found = standing.length > 0 ? standing : await newest(withdrawn);
  const revoked = await anyFits(key.revocationSignatures, TYPE.keyRevocation, primary, { key: primary }, effort);
  const binding = bindingFrom(found, primary, revoked || (standing.length === 0 && found.length > 0));
  return { ...binding, signs: binding.signs && found.every((signature) => signFlag(signature) !== false) };
}

/**
 * What a subkey that makes no signatures that count says of itself. Nothing hangs on it, so nothing is verified: a key
 * that somebody has kept for many years has dozens of these.
 */
export async function saidOf(subkey: openpgp.Subkey): Promise<Binding> {
  const verify = (): Promise<boolean> => Promise.resolve(true);
  const said = await newest(subkey.bindingSignatures.map((signature) => ({ signature, verify })));
  return { ...bindingFrom(said, subkey.keyPacket, subkey.revocationSignatures.length > 0), signs: false };
}

/** A subkey's standing, by its binding signatures; one that may sign needs the back-signature in them. */
export async function bindingOf(key: openpgp.Key, subkey: openpgp.Subkey, effort: Effort): Promise<Binding> {
  if (!subkey.bindingSignatures.some((signature) => signFlag(signature) === true)) return saidOf(subkey);
  const subject = { key: key.keyPacket, bind: subkey.keyPacket };
  const found = await newest(
    subkey.bindingSignatures.map((signature) => ({
      signature,
      verify: () => fits(signature, new Set([TYPE.subkeyBinding]), key.keyPacket, subject, effort),
    })),
  );
  const revoked = await anyFits(subkey.revocationSignatures, TYPE.subkeyRevocation, key.keyPacket, subject, effort);
  const binding = bindingFrom(found, subkey.keyPacket, revoked);
  if (binding.problem !== undefined || found.some((signature) => signFlag(signature) !== true)) {
    return { ...binding, signs: false };
  }
  for (const signature of found) {
    const back = signature.embeddedSignature;
    if (back === null || !(await fits(back, new Set([TYPE.keyBinding]), subkey.keyPacket, subject, effort))) {
      return { ...binding, signs: false, problem: 'it has no valid back-signature' };
    }
    if (isWeak(back)) {
      return { ...binding, signs: false, problem: 'its back-signature is by SHA-1 or a weaker hash' };
    }
  }
  return binding;
}
