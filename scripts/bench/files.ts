import { createHash, randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const MIB = 1 << 20;

/** Makes a file of `size` bytes, whole MiB that don't compress and are all different; gives its SHA-256. */
export function makeFile(path: string, size: number): string {
  const block = randomFillSync(Buffer.alloc(MIB));
  const hash = createHash('sha256');
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'wx');
  for (let number = 0; number < size / MIB; number++) {
    block.writeUInt32BE(number);
    hash.update(block);
    writeSync(file, block);
  }
  closeSync(file);
  return hash.digest('hex');
}
