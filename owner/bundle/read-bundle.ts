import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createTarDecoder } from 'modern-tar';
import { brief } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { LEDGER, MANIFEST, PARTS, digestOf, isArchive, partName } from './layout.ts';
import type { BundleFile } from './layout.ts';
import { TarTypes, tarTypeWords } from './tar-types.ts';

/**
 * The files of a bundle, a folder or a tar of one or several parts: bundle.json first, ledger.bundle second, then
 * objects. Everything in it is hostile: links, devices, other paths and names that come twice are refused. Throws
 * `E_BUNDLE`, `E_INPUT` where there is none.
 */
export async function* readBundle(path: string): AsyncGenerator<BundleFile, void, undefined> {
  const seen = new Set<string>();
  const expected = [MANIFEST, LEDGER];
  for await (const file of isArchive(path) ? readTar(await partsOf(path)) : readFolder(path)) {
    if (seen.has(file.path)) fail('E_BUNDLE', `${brief(file.path)} is in the bundle twice`);
    seen.add(file.path);
    const first = expected.shift();
    if (first !== undefined && first !== file.path) {
      fail('E_BUNDLE', `${first} is missing, or does not come before ${brief(file.path)}`, { exit: 1 });
    }
    yield file;
  }
  const [missing] = expected;
  if (missing !== undefined) fail('E_BUNDLE', `${missing} is missing`, { exit: 1 });
}

async function partsOf(path: string): Promise<string[]> {
  if ((await kindOf(path)) === 'file') return [path];
  const parts: string[] = [];
  for (let number = 1; number <= PARTS; number += 1) {
    const part = partName(path, number);
    if ((await kindOf(part)) !== 'file') break;
    parts.push(part);
  }
  if (parts.length === 0) {
    fail('E_INPUT', `there is no bundle ${path}`, { hint: `nor its first part, ${partName(path, 1)}` });
  }
  return parts;
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
}

async function* joined(parts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) yield* createReadStream(part, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
}

/** What an entry is written as: the decoder takes a type that it does not know for a file, and a name that ends in a slash for a folder. */
const TYPES: Readonly<Record<string, string>> = { file: '0\0', directory: '5' };

async function* readTar(parts: readonly string[]): AsyncGenerator<BundleFile, void, undefined> {
  const types = new TarTypes();
  const source: ReadableStream<Uint8Array> = ReadableStream.from<Uint8Array>(types.watch(joined(parts)));
  try {
    for await (const { header, body } of source.pipeThrough(createTarDecoder({ strict: true }))) {
      const type = header.type ?? 'file';
      const written = types.take(header.size ?? 0);
      if (!(TYPES[type] ?? written).includes(written)) {
        fail('E_BUNDLE', `${brief(header.name)} is ${tarTypeWords(written)}, which is in no bundle`, {
          hint: 'make the tar without --sparse, --multi-volume, --label and --listed-incremental',
        });
      }
      const path = header.name.replace(/^\.\//, '');
      // What `tar` itself writes for the folders between.
      if (type === 'directory' && /^(?:|sha256\/|sha256\/[0-9a-f]{2}\/)$/.test(path.replace(/([^/])$/, '$1/'))) {
        await body.cancel();
        continue;
      }
      if (type !== 'file') fail('E_BUNDLE', `${brief(header.name)} is not a file: ${type}`);
      // Two programs would read two files.
      if (Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse.')))
        fail('E_BUNDLE', `${brief(header.name)} is a file with holes`, { hint: 'make the tar without --sparse' });
      digestOf(path);
      yield { path, size: header.size ?? 0, body: undamaged(body as AsyncIterable<Uint8Array>) };
    }
  } catch (cause) {
    damaged(cause);
  }
}

async function* undamaged(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (cause) {
    damaged(cause);
  }
}

/** What the library says of an archive that it can't read, as our own error. */
function damaged(cause: unknown): never {
  if (cause instanceof PullthroughError) throw cause;
  return fail('E_BUNDLE', `the archive can't be read: ${cause instanceof Error ? brief(cause.message) : 'damaged'}`, {
    exit: 1,
    hint: 'copy it again; all parts must be there',
    cause,
  });
}

async function* readFolder(folder: string): AsyncGenerator<BundleFile, void, undefined> {
  if ((await kindOf(folder)) !== 'folder')
    fail('E_INPUT', `there is no bundle ${folder}`, {
      hint: /\.tar\.\d+$/.test(folder)
        ? `name all of its parts by ${basename(folder.replace(/\.\d+$/, ''))}`
        : 'name a folder, or a .tar',
    });
  for (const name of [MANIFEST, LEDGER]) {
    const file = await fileAt(folder, name);
    if (file !== undefined) yield file;
  }
  for (const name of await namesIn(folder)) {
    if (name === MANIFEST || name === LEDGER) continue;
    if (name !== 'sha256') digestOf(name);
    for (const prefix of await namesIn(join(folder, name))) {
      for (const digest of await namesIn(join(folder, name, prefix))) {
        const path = `${name}/${prefix}/${digest}`;
        digestOf(path);
        const file = await fileAt(folder, path);
        if (file !== undefined) yield file;
      }
    }
  }
}

/** The names in a folder that is really one: no link is followed. */
async function namesIn(folder: string): Promise<string[]> {
  if ((await kindOf(folder)) !== 'folder') fail('E_BUNDLE', `${brief(folder)} is not a folder`);
  return (await readdir(folder)).sort();
}

async function fileAt(folder: string, path: string): Promise<BundleFile | undefined> {
  const full = join(folder, path);
  const found = await lstat(full).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) fail('E_BUNDLE', `${brief(path)} is not a file`);
  return { path, size: found.size, body: createReadStream(full, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer> };
}
