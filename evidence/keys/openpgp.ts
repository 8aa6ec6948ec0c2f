import { armor } from '../../ledger-schema/openpgp/armor.ts';
import { brief, fromUtf8, utf8 } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { canonicalKeyFile, verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import type { KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { splitPackets } from '../../ledger-schema/openpgp/packet.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import type { ParsedSignature } from '../../ledger-schema/openpgp/signature.ts';

/** The most bytes of a detached signature: a file that a dozen people signed. */
const SIGNATURE_FILE_BYTES = 64 * 1024;
/** The most signatures of one file that are looked at. */
const MOST_SIGNATURES = 32;

/** A certificate as people publish it, and the file's own bytes. */
export interface OpenPgpKey {
  readonly file: KeyFile;
  readonly bytes: Uint8Array;
}

/** Reads a certificate, armoured or not. Throws `E_EVIDENCE`. */
export async function readOpenPgpKey(bytes: Uint8Array): Promise<OpenPgpKey> {
  try {
    return { file: (await canonicalKeyFile(bytes)).key, bytes };
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    return fail('E_EVIDENCE', `the OpenPGP key cannot be used: ${cause.message}`, { hint: cause.hint, cause });
  }
}

/** Is it a detached OpenPGP signature, by how it begins? */
export function isOpenPgpSignature(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  const tag = (first & 0x40) !== 0 ? first & 0x3f : (first >> 2) & 0xf;
  if ((first & 0x80) !== 0) return tag === 2;
  return /^\s*-----BEGIN PGP SIGNATURE-----/.test(fromUtf8(bytes.subarray(0, 128)) ?? '');
}

/**
 * Reads a detached signature, armoured or not, by one person or several; each by the rules of the ledger's own
 * signatures. One that breaks a rule is left out where another doesn't. Throws `E_EVIDENCE`.
 */
export function parseDetached(file: Uint8Array): ParsedSignature[] {
  const binary = binaryOf(file);
  const found: ParsedSignature[] = [];
  let problem: unknown;
  for (const bytes of packetsOf(binary)) {
    try {
      found.push(parseSignatureFile(utf8(armor(bytes, 'PGP SIGNATURE'))));
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      problem = error;
    }
  }
  if (found.length > 0) return found;
  const why = problem instanceof PullthroughError ? `: ${problem.message}` : '';
  return fail('E_EVIDENCE', `the OpenPGP signature cannot be used${why}`, { cause: problem });
}

function binaryOf(file: Uint8Array): Buffer {
  if (file.length > SIGNATURE_FILE_BYTES) {
    fail('E_EVIDENCE', `the OpenPGP signature has more than ${SIGNATURE_FILE_BYTES} bytes`);
  }
  return Buffer.from(((file[0] ?? 0) & 0x80) !== 0 ? file : unarmored(file));
}

/** Each signature packet with its header. */
function packetsOf(binary: Uint8Array): Uint8Array[] {
  try {
    const packets = splitPackets(binary, 'E_EVIDENCE', 'the OpenPGP signature');
    if (packets.length === 0 || packets.length > MOST_SIGNATURES || packets.some(({ tag }) => tag !== 2)) {
      return fail('E_EVIDENCE', 'the OpenPGP signature is not a detached one');
    }
    return packets.map(({ body }) => Buffer.concat([header(body.length), body]));
  } catch (error) {
    throw error instanceof PullthroughError ? error : new PullthroughError('E_EVIDENCE', 'it is not OpenPGP');
  }
}

/** A new-format header of a signature packet. */
function header(length: number): Uint8Array {
  return Uint8Array.of(0xc2, 0xff, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
}

const BLOCK = /^-----BEGIN PGP SIGNATURE-----[ \t]*\n([^]*?)\n-----END PGP SIGNATURE-----[ \t]*$/gm;

function refuse(): never {
  return fail('E_EVIDENCE', 'it is not a detached OpenPGP signature');
}

/** Armour blocks, one after another where several people's files were joined, and nothing beside them. */
function unarmored(file: Uint8Array): Uint8Array {
  const text = (fromUtf8(file) ?? refuse()).replaceAll('\r', '').trim();
  const blocks = Array.from(text.matchAll(BLOCK), ([, block = '']) => block);
  if (blocks.length === 0 || text.replace(BLOCK, '').trim() !== '') refuse();
  return Buffer.concat(blocks.map(blockBytes));
}

/** One block with any headers; its checksum is ignored, since the signature serves as one. */
function blockBytes(block: string): Uint8Array {
  const lines = block.split('\n').map((line) => line.trim());
  const empty = lines.indexOf('');
  const headers = lines.slice(0, Math.max(empty, 0));
  if (!headers.every((line) => /^[A-Za-z][A-Za-z0-9-]*: ?/.test(line))) refuse();
  const body = lines.slice(empty + 1).filter((line) => !/^=[A-Za-z0-9+/]{4}$/.test(line));
  const base64 = body.join('');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) refuse();
  return Buffer.from(base64, 'base64');
}

/** Does a signature, readable by our rules or not, hold the id of one of the key's components? */
export function mentions(file: Uint8Array, { file: { components } }: OpenPgpKey): boolean {
  const binary = binaryOf(file);
  // A key's id ends its fingerprint.
  return components.some(({ fingerprint }) => binary.includes(Buffer.from(fingerprint.slice(-16), 'hex')));
}

/** Which of the signatures name a component of the key? */
export function byKey(signatures: readonly ParsedSignature[], { file }: OpenPgpKey): ParsedSignature[] {
  return signatures.filter(({ issuers }) =>
    file.components.some(({ fingerprint }) => issuers.every((issuer) => fingerprint.endsWith(issuer))),
  );
}

/**
 * Verifies a signature over a file by a key. The key is judged at the date that the signature gives: a release stays
 * signed when its key expires. A revoked key signs nothing. Returns the signed time, the signer's own word. Throws
 * `E_EVIDENCE`.
 */
export async function verifyDetached(signature: ParsedSignature, key: OpenPgpKey, data: Uint8Array): Promise<string> {
  const now = new Date(signature.created * 1000);
  try {
    await verifySignature(signature, data, key.file, { now, revocation: true, expiry: true });
    return now.toISOString();
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    const refused = cause.code === 'E_SIG_INVALID';
    const why = refused ? 'it does not fit the file' : brief(cause.message);
    return fail('E_EVIDENCE', `the OpenPGP signature by ${key.file.fingerprint} does not verify: ${why}`, { cause });
  }
}
