import { createTarPacker } from 'modern-tar';
import { concatBytes } from '../../ledger-schema/bytes.ts';

/** Bytes of a tar's block: headers are whole blocks, and each file is filled up to one. */
const TAR_BLOCK = 512;
/** Where in a header block its type stands, and that of a file. */
const TYPE_AT = 156;
const FILE = '0'.charCodeAt(0);

/** The same bytes of the same ledger: no clock, no user. */
const FIXED = { mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 };

/** What stands before a file's bytes: one block, or more where the size needs another form. */
export async function tarHeader(path: string, size: number): Promise<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const reader = readable.getReader();
  controller.add({ name: path, size, type: 'file', ...FIXED });
  const blocks: Uint8Array[] = [];
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) break;
    blocks.push(value);
    // The bytes go past the packer, which would copy them twice.
    if (value.length === TAR_BLOCK && value[TYPE_AT] === FILE) break;
  }
  await reader.cancel();
  return concatBytes(...blocks);
}

/** What stands behind a file's bytes. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array(-size & (TAR_BLOCK - 1));
}

/** What stands at the end of a tar. */
export const TAR_END: Uint8Array = new Uint8Array(2 * TAR_BLOCK);
