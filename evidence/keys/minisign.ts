import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fromUtf8, utf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';

/** The most bytes of a .minisig. */
const MINISIG_BYTES = 16 * 1024;

/** DER of an Ed25519 key's SubjectPublicKeyInfo, without its 32 bytes. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A .minisig file, read; https://jedisct1.github.io/minisign/ ("Signature format"). */
export interface Minisignature {
  /** `hashed`: over the BLAKE2b-512 of the file; `whole`: over the file, as minisign before 0.6 made them. */
  readonly form: 'hashed' | 'whole';
  /** As minisign shows it: 16 upper-case hex digits. */
  readonly keyId: string;
  readonly signature: Uint8Array;
  readonly trustedComment: string;
  readonly global: Uint8Array;
}

/** A public key as `minisign -P` takes it. */
export interface MinisignKey {
  /** 56 characters of base64: it names the signer. */
  readonly text: string;
  readonly keyId: string;
  readonly key: KeyObject;
}

function fromBase64(text: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length && bytes.toString('base64') === text ? bytes : undefined;
}

/** minisign reads the eight bytes as a little-endian number. */
function shownKeyId(bytes: Uint8Array): string {
  return Buffer.from(bytes).reverse().toString('hex').toUpperCase();
}

/** Reads a public key: the second line of a minisign.pub. Undefined where it isn't one. */
export function readMinisignKey(text: string): MinisignKey | undefined {
  const bytes = fromBase64(text, 42);
  if (bytes === undefined || bytes.subarray(0, 2).toString('latin1') !== 'Ed') return undefined;
  const key = createPublicKey({ key: Buffer.concat([SPKI, bytes.subarray(10)]), format: 'der', type: 'spki' });
  return { text, keyId: shownKeyId(bytes.subarray(2, 10)), key };
}

/** Reads a .minisig: four lines, nothing else. Throws `E_EVIDENCE`. */
export function parseMinisignature(file: Uint8Array): Minisignature {
  const refuse = (problem: string): never => fail('E_EVIDENCE', `it is not a minisign signature: ${problem}`);
  if (file.length > MINISIG_BYTES) refuse(`it has more than ${MINISIG_BYTES} bytes`);
  const lines = (fromUtf8(file) ?? refuse('it is not text')).split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  const [untrusted = '', body = '', trusted = '', global = ''] = lines;
  if (lines.length !== 4) refuse('it does not have four lines');
  if (!untrusted.startsWith('untrusted comment: ')) refuse('its first line is not an untrusted comment');
  const comment = /^trusted comment: (.*)$/.exec(trusted)?.[1] ?? refuse('its third line is not a trusted comment');
  const bytes = fromBase64(body, 74) ?? refuse('its second line is not a signature');
  const algorithm = bytes.subarray(0, 2).toString('latin1');
  if (algorithm !== 'ED' && algorithm !== 'Ed') refuse('its algorithm is not known');
  return {
    form: algorithm === 'ED' ? 'hashed' : 'whole',
    keyId: shownKeyId(bytes.subarray(2, 10)),
    signature: bytes.subarray(10),
    trustedComment: comment,
    global: fromBase64(global, 64) ?? refuse('its fourth line is not a signature'),
  };
}

/**
 * Is the signature by the key, over the message (the file's BLAKE2b-512, or the file itself)? The trusted comment's own
 * signature must verify too, or it throws `E_EVIDENCE`.
 */
export function minisignMatches(signature: Minisignature, key: MinisignKey, message: Uint8Array): boolean {
  if (signature.keyId !== key.keyId || !verify(null, message, key.key, signature.signature)) return false;
  const comment = Buffer.concat([signature.signature, utf8(signature.trustedComment)]);
  if (verify(null, comment, key.key, signature.global)) return true;
  return fail('E_EVIDENCE', "the minisign signature's trusted comment is not signed by its key");
}

/** What the trusted comment says of time and file, as minisign writes it; the signer's own word. */
export function trustedClaims({ trustedComment }: Minisignature): { signedAt?: string; file?: string } {
  const seconds = /(?:^|\t)timestamp:([0-9]{1,11})(?:\t|$)/.exec(trustedComment)?.[1];
  const file = /(?:^|\t)file:([^\t]+)(?:\t|$)/.exec(trustedComment)?.[1];
  return {
    ...(seconds === undefined ? {} : { signedAt: new Date(Number(seconds) * 1000).toISOString() }),
    ...(file === undefined ? {} : { file }),
  };
}
