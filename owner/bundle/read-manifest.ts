import { fail } from '../../ledger-schema/error.ts';
import type { BundleFile } from './layout.ts';
import { MANIFEST_BYTES, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { readBundle } from './read-bundle.ts';

/** The whole of a small file. Throws `E_BUNDLE` past `limit`. */
export async function wholeFile({ path, size, body }: BundleFile, limit: number): Promise<Uint8Array> {
  if (size > limit) fail('E_BUNDLE', `${path} has more than ${limit} bytes`);
  const chunks: Uint8Array[] = [];
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.length;
    if (seen > size) break;
    chunks.push(chunk);
  }
  if (seen !== size) fail('E_BUNDLE', `${path} is cut off`, { exit: 1 });
  return Buffer.concat(chunks);
}

/** A bundle's bundle.json; nothing else of the bundle is read. Throws `E_BUNDLE`, `E_INPUT`. */
export async function readManifest(path: string): Promise<Manifest> {
  for await (const file of readBundle(path)) return parseManifest(await wholeFile(file, MANIFEST_BYTES));
  return fail('E_BUNDLE', `${path} is empty`, { exit: 1 });
}
