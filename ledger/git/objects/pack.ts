import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

export type ObjectFormat = 'sha1' | 'sha256';

export interface NewObject {
  readonly type: 'commit' | 'tree' | 'blob';
  readonly bytes: Uint8Array;
}

/** gitformat-pack(5), "Object types". */
const TYPES = { commit: 1, tree: 2, blob: 3 } as const;

/** An object's id: the digest of its type, its size and its bytes; hexadecimal. */
export function objectId({ type, bytes }: NewObject, format: ObjectFormat): string {
  return createHash(format).update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
}

/** A pack of whole objects, as `git unpack-objects` reads it; gitformat-pack(5), version 2. */
export function encodePack(objects: readonly NewObject[], format: ObjectFormat): Uint8Array {
  const head = Buffer.alloc(12);
  head.write('PACK', 'latin1');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  const parts = [head, ...objects.flatMap((object) => [typeAndSize(object), deflateSync(object.bytes)])];
  const hash = createHash(format);
  for (const part of parts) hash.update(part);
  return Buffer.concat([...parts, hash.digest()]);
}

/** The type and the size's lowest 4 bits, then 7 bits a byte; the highest bit says that another byte follows. */
function typeAndSize({ type, bytes }: NewObject): Buffer {
  const made = [(TYPES[type] << 4) | (bytes.length & 0x0f)];
  for (let rest = Math.floor(bytes.length / 16); rest > 0; rest = Math.floor(rest / 128)) {
    made[made.length - 1]! |= 0x80;
    made.push(rest & 0x7f);
  }
  return Buffer.from(made);
}
