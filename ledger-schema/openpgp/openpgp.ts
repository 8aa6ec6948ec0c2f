import * as openpgp from 'openpgp';
import { armor, dearmor } from './armor.ts';
import type { ArmorKind } from './armor.ts';
import { fromUtf8, sha256Hex, utf8 } from '../bytes.ts';
import { PullthroughError, fail } from '../error.ts';
import { isCanonicalScalar, isWeakPoint, pad32 } from './ed25519.ts';
import { isSmallOrderKey, keyAlgorithm, keyCreated, v4Fingerprint } from './key-packet.ts';
import type { KeyAlgorithm } from './key-packet.ts';
import { splitPackets } from './packet.ts';
import { EDDSA_LEGACY } from './signature.ts';
import type { ParsedSignature } from './signature.ts';
import { KEY_EFFORT, UNBOUND, bindingOf, primaryOf, saidOf } from './openpgp-binding.ts';
import type { Binding, KeyPacket } from './openpgp-binding.ts';

/** The most bytes of a key file. */
export const KEY_BYTES = 64 * 1024;

/** The primary key or a subkey that may have made a signature. Times are seconds since 1970. */
export interface KeyComponent {
  readonly fingerprint: string;
  readonly primary: boolean;
  readonly created: number;
  readonly algorithm: KeyAlgorithm;
  readonly binding: Binding;
  /** For this file alone: the library's own object. */
  readonly packet: KeyPacket;
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
}

const ARMOR: ArmorKind = {
  label: 'PGP PUBLIC KEY BLOCK',
  limit: KEY_BYTES,
  code: 'E_KEY_FORMAT',
  crcCode: 'E_KEY_FORMAT',
};

const SECRET_KEY = 5;
const PUBLIC_KEY = 6;
const PUBLIC_SUBKEY = 14;
/** Signature, public key, user id, public subkey, user attribute. */
const ALLOWED = new Set([2, PUBLIC_KEY, 13, PUBLIC_SUBKEY, 17]);

/**
 * Reads a key file: the armour's one shape, exactly one primary key of version 4, no secret packet. What its keys may do
 * is in the components; nothing is judged at any time yet. Throws `E_KEY_FORMAT`, and `E_KEY_UNUSABLE` for an Ed25519
 * point of small order, even a subkey's that signs nothing: gpgv aborts where its keyring holds one.
 */
export async function readKeyFile(file: Uint8Array): Promise<KeyFile> {
  const bytes = dearmor(file, ARMOR);
  const bodies = checkPackets(bytes);
  let key: openpgp.Key;
  try {
    key = await openpgp.readKey({ binaryKey: bytes });
  } catch (cause) {
    fail('E_KEY_FORMAT', 'the key file holds no key that can be read', { cause });
  }
  const effort = { left: KEY_EFFORT };
  const read = (packet: KeyPacket): Omit<KeyComponent, 'primary' | 'binding'> => {
    const fingerprint = packet.getFingerprint().toUpperCase();
    const body = bodies.get(fingerprint) ?? fail('E_KEY_FORMAT', 'the key file holds a key that is not of version 4');
    return { fingerprint, created: keyCreated(body), algorithm: keyAlgorithm(body), packet };
  };
  // By an algorithm that isn't allowed nothing is verified: nothing could come of it, and some take minutes.
  const own = read(key.keyPacket);
  const allowed = own.algorithm.problem === undefined;
  const primary = { ...own, primary: true, binding: allowed ? await primaryOf(key, effort) : UNBOUND };
  const components: KeyComponent[] = [primary];
  for (const subkey of key.subkeys) {
    const part = read(subkey.keyPacket);
    const counts = allowed && part.algorithm.problem === undefined;
    const binding = await (counts ? bindingOf(key, subkey, effort) : saidOf(subkey));
    components.push({ ...part, primary: false, binding });
  }
  return {
    fingerprint: primary.fingerprint,
    sha256: sha256Hex(file),
    userIds: key.users.flatMap((user) => user.userID?.userID ?? []),
    primary,
    components,
  };
}

const PUBLIC = 'name the public key: the file .pub.asc that lies beside it, or what gpg --armor --export KEY writes';

/** The bodies of all version 4 public keys by their fingerprint. */
function checkPackets(bytes: Uint8Array): Map<string, Uint8Array> {
  const packets = splitPackets(bytes, 'E_KEY_FORMAT', 'the key file');
  const bodies = new Map<string, Uint8Array>();
  packets.forEach(({ tag, body }, i) => {
    if (tag === SECRET_KEY) fail('E_KEY_FORMAT', 'the key file holds a secret key', { hint: PUBLIC });
    if (!ALLOWED.has(tag)) fail('E_KEY_FORMAT', `the key file holds a packet of tag ${tag}`);
    if ((tag === PUBLIC_KEY) !== (i === 0)) fail('E_KEY_FORMAT', 'the key file is not exactly one primary key');
    if (tag === PUBLIC_KEY || tag === PUBLIC_SUBKEY) {
      if (tag === PUBLIC_KEY && body[0] !== 4) fail('E_KEY_FORMAT', `the primary key is of version ${body[0]}, not 4`);
      if (isSmallOrderKey(body)) fail('E_KEY_UNUSABLE', 'the key file holds an Ed25519 point of small order');
      if (body[0] === 4) bodies.set(v4Fingerprint(body), body);
    }
  });
  return bodies;
}

/** What of a key's validity is looked at, always at the present time; ledger-format.md, "Trust policy". */
export interface Judgement {
  readonly now: Date;
  readonly revocation: boolean;
  readonly expiry: boolean;
}

/** Why a component can't sign at all or not by this judgement; undefined when it can. */
export function componentProblem(key: KeyFile, component: KeyComponent, judgement: Judgement): string | undefined {
  const chain = component.primary ? [component] : [key.primary, component];
  for (const part of chain) {
    const what = part.primary ? 'the primary key' : `the subkey ${part.fingerprint}`;
    if (part.algorithm.problem !== undefined) return `${what} can't be used: ${part.algorithm.problem}`;
    if (part.binding.problem !== undefined) return `${what} can't be used: ${part.binding.problem}`;
    if (judgement.revocation && part.binding.revoked) return `${what} is revoked`;
    const { expires } = part.binding;
    if (judgement.expiry && expires !== undefined && judgement.now.getTime() >= expires * 1000) {
      return `${what} expired at ${new Date(expires * 1000).toISOString()}`;
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
    fail('E_KEY_UNUSABLE', `the key ${key.fingerprint} can't be used: ${problems[0] ?? 'it is empty'}`);
  }
  return usable;
}

/** `nack`: the format takes one whatever the key's expiry or revocation; no other signature by such a key counts. */
export type SigningPurpose = 'nack' | undefined;

/**
 * The components that may sign: those that can now first, then the newest first, the primary key last among equals. For
 * a nack those follow that expired or were revoked. Throws `E_KEY_UNUSABLE` where there is none.
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
  await verifyMathematics(signature, data, component);
  return component;
}

async function verifyMathematics(signature: ParsedSignature, data: Uint8Array, component: KeyComponent): Promise<void> {
  const refuse = (problem: string, cause?: unknown): never =>
    fail('E_SIG_INVALID', `the signature does not fit its data and the key ${component.fingerprint}: ${problem}`, {
      cause,
    });
  if (signature.algorithm === EDDSA_LEGACY) {
    const [r, s] = signature.mpis.map(pad32);
    if (signature.mpis.some((mpi) => mpi.length > 32)) refuse('its numbers are too long');
    if (r === undefined || isWeakPoint(r)) refuse('its point is of small order');
    if (s === undefined || !isCanonicalScalar(s)) refuse('its scalar is not in its one form');
  }
  try {
    const { packets } = await openpgp.readSignature({ binarySignature: signature.packet });
    const [literal] = (await openpgp.createMessage({ binary: data })).packets;
    const packet = packets[0];
    if (packet === undefined || literal === undefined) return refuse('it is empty');
    // The date is null: a key is judged at the present time, by componentProblem, and never at the signature's date.
    await packet.verify(component.packet, openpgp.enums.signature.binary, literal, null as unknown as Date, true);
  } catch (cause) {
    if (cause instanceof PullthroughError) throw cause;
    refuse('the mathematics say no', cause);
  }
}

/**
 * A public key as people have it (`gpg --armor --export` or without `--armor`, with comments or other line ends) as the
 * one form of a key file. Throws `E_KEY_FORMAT`.
 */
export async function canonicalKeyFile(file: Uint8Array): Promise<{ bytes: Uint8Array; key: KeyFile }> {
  if (file.length > 4 * KEY_BYTES) fail('E_KEY_FORMAT', `the key file has more than ${4 * KEY_BYTES} bytes`);
  let binary = file;
  if (((file[0] ?? 0) & 0x80) === 0) {
    try {
      const block = await openpgp.unarmor(fromUtf8(file) ?? '');
      binary = block.data as Uint8Array;
    } catch (cause) {
      fail('E_KEY_FORMAT', 'the file is no OpenPGP key', { cause, hint: 'make one by: gpg --armor --export KEY' });
    }
  }
  const bytes = utf8(armor(binary, ARMOR.label));
  return { bytes, key: await readKeyFile(bytes) };
}
