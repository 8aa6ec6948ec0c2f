import { concatBytes } from '../bytes.ts';
import { fail } from '../error.ts';
import { splitPackets, toHex } from './packet.ts';
import { nestsTooDeep, readSignaturePacket } from './signature-packet.ts';
import type { SignaturePacket } from './signature-packet.ts';

/** What signatures of a key file are about: the primary key, one of its user ids, or one of its subkeys. */
export interface Subject {
  /** What such a signature's digest covers before the signature itself. */
  readonly covered: Uint8Array;
  readonly signatures: SignaturePacket[];
}

export interface SubkeySubject extends Subject {
  /** The public-subkey packet's. */
  readonly body: Uint8Array;
}

/** A key file's packets, put together; nothing is verified. What can't be read as a signature is left out. */
export interface Certificate {
  /** The primary key packet's body. */
  readonly body: Uint8Array;
  readonly primary: Subject;
  /** User ids and attributes; those with the same bytes count as one. */
  readonly users: readonly Subject[];
  readonly userIds: readonly string[];
  /** Those of version 4, each once. */
  readonly subkeys: readonly SubkeySubject[];
}

const SIGNATURE = 2;
const SECRET_KEY = 5;
const PUBLIC_KEY = 6;
const USER_ID = 13;
const PUBLIC_SUBKEY = 14;
const USER_ATTRIBUTE = 17;
const ALLOWED = new Set([SIGNATURE, PUBLIC_KEY, USER_ID, PUBLIC_SUBKEY, USER_ATTRIBUTE]);

/** Signatures over the primary key alone: direct-key and key revocation. They count wherever they are. */
export const DIRECT_KEY = 0x1f;
export const KEY_REVOCATION = 0x20;

const PUBLIC = 'name the public key: the file .pub.asc that lies beside it, or what gpg --armor --export KEY writes';

/**
 * Reads the packets of a key file: one primary key of version 4 and its signatures, then user ids and attributes with
 * theirs, then subkeys with theirs, and nothing else; openpgp.md, "Key files". Throws `E_KEY_FORMAT`.
 */
export function readCertificate(bytes: Uint8Array): Certificate {
  const [first, ...rest] = splitPackets(bytes, 'E_KEY_FORMAT', 'the key file');
  for (const packet of first === undefined ? [] : [first, ...rest]) checkTag(packet.tag);
  if (first?.tag !== PUBLIC_KEY) fail('E_KEY_FORMAT', 'the key file is not exactly one primary key');
  if (first.body[0] !== 4) fail('E_KEY_FORMAT', `the primary key is of version ${first.body[0] ?? 'none'}, not 4`);
  const framedPrimary = framed(first.body);
  const primary: Subject = { covered: framedPrimary, signatures: [] };
  const users = new Map<string, Subject>();
  const userIds: string[] = [];
  const subkeys = new Map<string, SubkeySubject>();
  /** Whose signatures follow; undefined behind a subkey of another version. */
  let current: Subject | undefined = primary;
  let behindSubkey = false;
  for (const { tag, body } of rest) {
    const id = toHex(body);
    if (tag === PUBLIC_KEY) fail('E_KEY_FORMAT', 'the key file is not exactly one primary key');
    if (tag === PUBLIC_SUBKEY) {
      behindSubkey = true;
      const subkey = subkeys.get(id) ?? {
        body,
        covered: concatBytes(framedPrimary, framed(body)),
        signatures: [],
      };
      current = body[0] === 4 ? subkey : undefined;
      if (body[0] === 4) subkeys.set(id, subkey);
    } else if (tag === USER_ID || tag === USER_ATTRIBUTE) {
      if (behindSubkey) fail('E_KEY_FORMAT', 'a user id of the key file comes after a subkey');
      if (tag === USER_ID && !users.has(`${tag} ${id}`)) userIds.push(new TextDecoder().decode(body));
      current = users.get(`${tag} ${id}`) ?? {
        covered: concatBytes(framedPrimary, userFrame(tag, body.length), body),
        signatures: [],
      };
      users.set(`${tag} ${id}`, current);
    } else {
      const signature = readSignaturePacket(body);
      if (signature !== undefined && nestsTooDeep(signature)) {
        fail('E_KEY_FORMAT', 'a signature of the key file holds signatures within signatures without end');
      }
      const about = signature?.type === DIRECT_KEY || signature?.type === KEY_REVOCATION ? primary : current;
      if (signature !== undefined) about?.signatures.push(signature);
    }
  }
  return { body: first.body, primary, users: [...users.values()], userIds, subkeys: [...subkeys.values()] };
}

function checkTag(tag: number): void {
  if (tag === SECRET_KEY) fail('E_KEY_FORMAT', 'the key file holds a secret key', { hint: PUBLIC });
  if (!ALLOWED.has(tag)) fail('E_KEY_FORMAT', `the key file holds a packet of tag ${tag}`);
}

/** RFC 9580, section 5.2.4. */
function framed(body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x99, body.length >> 8, body.length & 0xff), body);
}

function userFrame(tag: number, length: number): Uint8Array {
  const frame = new Uint8Array(5);
  frame[0] = tag === USER_ID ? 0xb4 : 0xd1;
  new DataView(frame.buffer).setUint32(1, length);
  return frame;
}
