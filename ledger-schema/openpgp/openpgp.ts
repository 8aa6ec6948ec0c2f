import { armor, dearmor, looseArmor } from './armor.ts';
import type { ArmorKind } from './armor.ts';
import { sha256Hex, utf8 } from '../bytes.ts';
import { readCertificate } from './certificate.ts';
import { fail } from '../error.ts';
import { UNBOUND, bindingOf, primaryOf, saidOf } from './key-binding.ts';
import type { Binding } from './key-binding.ts';
import { isSmallOrderKey, keyAlgorithm, keyCreated, v4Fingerprint } from './key-packet.ts';
import type { KeyAlgorithm } from './key-packet.ts';
import { KeyVerifier } from './self-signature.ts';
import type { ParsedSignature } from './signature.ts';
import { PORTABLE, whyNotSigned } from './verify.ts';
import type { Verifier } from './algorithms/verifier.ts';
import { instantText } from '../fields.ts';

/** The most bytes of a key file. */
export const KEY_BYTES = 64 * 1024;

/** The primary key or a subkey that may have made a signature. Times are seconds since 1970. */
export interface KeyComponent {
  readonly fingerprint: string;
  readonly primary: boolean;
  readonly created: number;
  readonly algorithm: KeyAlgorithm;
  readonly binding: Binding;
}

/** A key file of the ledger, read and its self-signatures verified; who lists it is another question. */
export interface KeyFile {
  /** The primary key's v4 fingerprint, computed: 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** The file's own. */
  readonly sha256: string;
  readonly userIds: readonly string[];
  readonly primary: KeyComponent;
  /** The primary key first. */
  readonly components: readonly KeyComponent[];
  /** Verified its self-signatures, and verifies what it signed. */
  readonly verifier: Verifier;
}

const ARMOR: ArmorKind = {
  label: 'PGP PUBLIC KEY BLOCK',
  limit: KEY_BYTES,
  code: 'E_KEY_FORMAT',
  crcCode: 'E_KEY_FORMAT',
};

/**
 * Reads a key file: the armour's one shape, exactly one primary key of version 4, no secret packet. What its keys may do
 * is in the components; nothing is judged at any time yet. Throws `E_KEY_FORMAT`, and `E_KEY_UNUSABLE` for an Ed25519
 * point of small order, even a subkey's that signs nothing: gpgv aborts where its keyring holds one.
 */
export async function readKeyFile(file: Uint8Array, verifier: Verifier = PORTABLE): Promise<KeyFile> {
  const certificate = readCertificate(dearmor(file, ARMOR));
  const own = readKey(certificate.body);
  const parts = certificate.subkeys.map((subject) => ({ subject, part: readKey(subject.body) }));
  // Nothing is verified with an algorithm that isn't allowed: nothing could come of it.
  const counting = new KeyVerifier(verifier);
  const maker = makerOf(own);
  const binding = maker === undefined ? UNBOUND : await primaryOf(certificate, maker, counting);
  const primary: KeyComponent = { ...own, primary: true, binding };
  const components = [primary];
  for (const { subject, part } of parts) {
    const subkey = makerOf(part);
    const bound =
      maker === undefined || subkey === undefined
        ? saidOf(subject, part, own)
        : bindingOf(subject, subkey, maker, counting);
    components.push({ ...part, primary: false, binding: await bound });
  }
  const { fingerprint } = primary;
  return { fingerprint, sha256: sha256Hex(file), userIds: certificate.userIds, primary, components, verifier };
}

function readKey(body: Uint8Array): Omit<KeyComponent, 'primary' | 'binding'> {
  if (isSmallOrderKey(body)) fail('E_KEY_UNUSABLE', 'the key file holds an Ed25519 point of small order');
  const algorithm = keyAlgorithm(body);
  if (algorithm.problem !== undefined && algorithm.malformed === true) {
    fail('E_KEY_FORMAT', `the key file holds a key that cannot be read: ${algorithm.problem}`);
  }
  return { fingerprint: v4Fingerprint(body), created: keyCreated(body), algorithm };
}

function makerOf({ algorithm, ...part }: Pick<KeyComponent, 'fingerprint' | 'created' | 'algorithm'>) {
  return algorithm.problem === undefined ? { ...part, material: algorithm.material } : undefined;
}

/** Which parts of a key's validity are checked, always at the present time; ledger-format.md, "Trust policy". */
export interface Judgement {
  readonly now: Date;
  readonly revocation: boolean;
  readonly expiry: boolean;
}

/** Why a component can't sign, at all or by this judgement; undefined when it can. */
export function componentProblem(key: KeyFile, component: KeyComponent, judgement: Judgement): string | undefined {
  const chain = component.primary ? [component] : [key.primary, component];
  for (const part of chain) {
    const what = part.primary ? 'the primary key' : `the subkey ${part.fingerprint}`;
    if (part.algorithm.problem !== undefined) return `${what} can't be used: ${part.algorithm.problem}`;
    if (part.binding.problem !== undefined) return `${what} can't be used: ${part.binding.problem}`;
    if (judgement.revocation && part.binding.revoked) return `${what} is revoked`;
    const { expires } = part.binding;
    if (judgement.expiry && expires !== undefined && judgement.now.getTime() >= expires * 1000) {
      return `${what} expired at ${instantText(expires * 1000)}`;
    }
  }
  return component.binding.signs ? undefined : `the key ${component.fingerprint} has no signing flag`;
}

/**
 * Throws `E_KEY_UNUSABLE` unless some component of the key can sign by this judgement; returns those that can.
 */
export function requireUsable(key: KeyFile, judgement: Judgement): KeyComponent[] {
  const usable = key.components.filter((component) => componentProblem(key, component, judgement) === undefined);
  if (usable.length === 0) {
    const problems = key.components.map((component) => componentProblem(key, component, judgement));
    fail('E_KEY_UNUSABLE', `the key ${key.fingerprint} can't sign: ${problems[0] ?? 'it is empty'}`);
  }
  return usable;
}

/** `nack`: the format takes one whatever the key's expiry or revocation; no other signature by such a key counts. */
export type SigningPurpose = 'nack' | undefined;

/**
 * The components that may sign: those that can now first, then the newest first, the primary key last among equals. For
 * a nack, those that expired or were revoked follow. Throws `E_KEY_UNUSABLE` where there is none.
 */
export function signingComponents(key: KeyFile, now: Date, purpose: SigningPurpose): KeyComponent[] {
  const current: Judgement = { now, revocation: true, expiry: true };
  const usable = requireUsable(key, purpose === 'nack' ? { now, revocation: false, expiry: false } : current);
  const gone = (component: KeyComponent): number => Number(componentProblem(key, component, current) !== undefined);
  return usable.sort((a, b) => gone(a) - gone(b) || b.created - a.created || (a.primary ? 1 : -1));
}

/** The component that all of a signature's issuers name. */
export function namedComponent(key: KeyFile, signature: ParsedSignature): KeyComponent | undefined {
  return key.components.find(({ fingerprint }) => signature.issuers.every((id) => fingerprint.endsWith(id)));
}

/**
 * Verifies a detached signature by one of the key's components, which it must name. Throws `E_SIG_ISSUER`,
 * `E_KEY_UNUSABLE`, `E_SIG_ALGORITHM`, `E_SIG_DATE`, `E_SIG_INVALID`; returns the component that signed.
 */
export async function verifySignature(
  signature: ParsedSignature,
  data: Uint8Array,
  key: KeyFile,
  judgement: Judgement,
): Promise<KeyComponent> {
  const component = namedComponent(key, signature);
  if (component === undefined) {
    fail('E_SIG_ISSUER', `the signature names ${signature.issuers.join(' and ')}, not the key ${key.fingerprint}`);
  }
  const problem = componentProblem(key, component, judgement);
  if (problem !== undefined) fail('E_KEY_UNUSABLE', `the signature does not count: ${problem}`);
  if (signature.created < component.created || signature.created < key.primary.created) {
    fail('E_SIG_DATE', `the signature is dated before its key ${component.fingerprint} was made`);
  }
  const why =
    component.algorithm.problem ??
    (await whyNotSigned(signature.packet, data, component.algorithm.material, key.verifier));
  if (why !== undefined) {
    fail('E_SIG_INVALID', `the signature does not fit its data and the key ${component.fingerprint}: ${why}`);
  }
  return component;
}

/**
 * A public key as people have it (`gpg --armor --export` or without `--armor`, with comments or other line ends) turned
 * into the one form of a key file. Throws `E_KEY_FORMAT`.
 */
export async function canonicalKeyFile(
  file: Uint8Array,
  verifier: Verifier = PORTABLE,
): Promise<{ bytes: Uint8Array; key: KeyFile }> {
  if (file.length > 4 * KEY_BYTES) fail('E_KEY_FORMAT', `the key file has more than ${4 * KEY_BYTES} bytes`);
  const binary = ((file[0] ?? 0) & 0x80) === 0 ? looseArmor(file) : file;
  if (binary === undefined) {
    fail('E_KEY_FORMAT', 'the file is not an OpenPGP key', { hint: 'make one by: gpg --armor --export KEY' });
  }
  const bytes = utf8(armor(binary, ARMOR.label));
  return { bytes, key: await readKeyFile(bytes, verifier) };
}
