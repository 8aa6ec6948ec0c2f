import { lstat, mkdir, open, rename, rm, rmdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { fail } from '../../ledger-schema/error.ts';
import { Body } from '../../io/body/body.ts';
import { FileWriter } from '../../io/files/file-writer.ts';
import { openPending } from '../../io/files/file.ts';
import { isThereAndEmpty } from '../../io/files/new-folder.ts';
import { placeAt } from '../../io/files/rename.ts';
import { PARTS, isArchive, partName } from './layout.ts';
import type { BundleFile } from './layout.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-header.ts';

export interface WriteOptions {
  /** A folder, or a file that ends in `.tar`. */
  readonly path: string;
  /** The most bytes of one part of a tar. */
  readonly split?: number | undefined;
}

/**
 * Writes a bundle whole or not at all: it gets its name when all of it is there. Gives the files that were made. Throws
 * `E_EXISTS`, and what the bodies throw.
 */
export async function writeBundle(files: AsyncIterable<BundleFile>, options: WriteOptions): Promise<string[]> {
  const path = resolve(options.path);
  return isArchive(path) ? writeArchive(files, path, options.split) : writeFolder(files, path);
}

async function writeFolder(files: AsyncIterable<BundleFile>, path: string): Promise<string[]> {
  const there = await isThereAndEmpty(path);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    for await (const file of files) {
      const target = join(temporary, file.path);
      const pending = await openPending({ folder: dirname(target) });
      try {
        await pending.append(file.body);
        await pending.commit(target);
      } finally {
        await pending.discard();
      }
    }
    // What somebody put there while it was written is not ours to remove.
    if (there) await rmdir(path).catch((cause: unknown) => taken(path, cause));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return [path];
}

async function writeArchive(
  files: AsyncIterable<BundleFile>,
  path: string,
  split: number | undefined,
): Promise<string[]> {
  await requireNoBundle(path);
  const parts = new Parts(path, split);
  try {
    for await (const file of files) await writeFile(file, parts);
    await parts.write(TAR_END);
    return await parts.commit();
  } finally {
    await parts.discard();
  }
}

async function writeFile({ path, size, body }: BundleFile, parts: Parts): Promise<void> {
  await parts.write(await tarHeader(path, size));
  let bytes = 0;
  for await (const chunk of Body.from(body).chunks) {
    bytes += chunk.length;
    if (bytes > size) break;
    await parts.write(chunk);
  }
  if (bytes !== size) fail('E_IO', `${path} changed while it was bundled`, { hint: 'try again' });
  await parts.write(tarPadding(size));
}

/** An earlier bundle stays, and no part of it is taken for one of this one. */
async function requireNoBundle(path: string): Promise<void> {
  for (const name of [path, ...Array.from({ length: PARTS }, (_, i) => partName(path, i + 1))]) {
    const there = await lstat(name).catch(() => undefined);
    if (there !== undefined) taken(name);
  }
}

function taken(path: string, cause?: unknown): never {
  return fail('E_EXISTS', `something is there already: ${path}`, { hint: 'name a new file or folder', cause });
}

/** One file, or several of `split` bytes, under temporary names until all is there. */
class Parts {
  readonly #path: string;
  readonly #split: number;
  readonly #temporary: string[] = [];
  #open: { readonly handle: FileHandle; readonly writer: FileWriter } | undefined;

  constructor(path: string, split: number | undefined) {
    this.#path = path;
    this.#split = split ?? Infinity;
  }

  /** The chunk is handed over. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      const part = (this.#open ??= await this.#next());
      const room = this.#split - part.writer.size;
      if (rest.length <= room) await part.writer.hand(rest);
      else await part.writer.write(Uint8Array.from(rest.subarray(0, room)));
      rest = rest.subarray(Math.min(rest.length, room));
      if (part.writer.size >= this.#split) await this.#close();
    }
  }

  async commit(): Promise<string[]> {
    await this.#close();
    const whole = this.#temporary.length === 1 && this.#split === Infinity;
    const names = this.#temporary.map((_, i) => (whole ? this.#path : partName(this.#path, i + 1)));
    for (const [i, from] of this.#temporary.entries()) await placeAt(from, names[i] ?? this.#path);
    this.#temporary.length = 0;
    return names;
  }

  async discard(): Promise<void> {
    // The handle is closed when nothing uses it any more; what failed was told already.
    await this.#open?.writer.finish().catch(() => undefined);
    await this.#open?.handle.close().catch(() => undefined);
    for (const path of this.#temporary) await rm(path, { force: true });
  }

  async #next() {
    if (this.#temporary.length >= PARTS) {
      fail('E_USAGE', `the bundle would have more than ${PARTS} parts`, { hint: 'make them larger with --split' });
    }
    const folder = dirname(this.#path);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `.pullthrough-${randomBytes(12).toString('hex')}.part`);
    const handle = await open(path, 'wx');
    this.#temporary.push(path);
    return { handle, writer: new FileWriter(handle) };
  }

  async #close(): Promise<void> {
    const part = this.#open;
    this.#open = undefined;
    if (part === undefined) return;
    try {
      await part.writer.finish();
    } catch (error) {
      await part.handle.close();
      throw error;
    }
    await part.handle.sync();
    await part.handle.close();
  }
}
