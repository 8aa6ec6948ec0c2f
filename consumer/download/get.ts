import { lstat, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../io/files/file.ts';
import { ioError } from '../../io/io-error.ts';
import { sweep } from '../../io/files/leftover.ts';
import { fail, findCollision, foldAscii } from '../../ledger-schema/index.ts';
import { fetchFile, requireFree, whatIsAt } from './fetch-file.ts';
import type { FetchOptions } from './fetch-file.ts';
import { requireNotOwn } from './own-files.ts';
import type { Fetchable } from './select-assets.ts';

/** @internal */
export interface GetOptions extends FetchOptions {
  /** The folder to write to; it is created if missing. */
  readonly output: string;
  /** Files that nothing replaces; absolute paths. */
  readonly keep?: readonly string[] | undefined;
  /** Files at once; 4 by default. */
  readonly concurrency?: number | undefined;
}

export interface GotFile extends Fetchable {
  readonly path: string;
  /** `present`: it was there and right, and nothing was downloaded. */
  readonly state: 'fetched' | 'present';
}

const AT_ONCE = 4;

/**
 * @internal
 * Brings files into a folder, several at once. The first failure stops the others; what is complete and right by then
 * stays; a folder that was made for nothing is removed, and so is what a run killed a day ago left behind. Throws
 * what {@link fetchFile} throws, `E_COLLISION` where two names are one on some file systems, `E_EXISTS` for the place of a
 * file that is to be kept, and where other bytes lie already, unless `replace` is set. Then nothing is asked of a store.
 */
export async function fetchFiles(files: readonly Fetchable[], options: GetOptions): Promise<GotFile[]> {
  const pair = findCollision(files.map(({ name }) => name));
  if (pair !== undefined) {
    fail('E_COLLISION', `two files would lie under one name: ${pair[0]} and ${pair[1]}`, {
      hint: 'get them one after another, into different folders, with --output',
    });
  }
  for (const { name } of files) requireNotOwn(name);
  await requireOthers(files, options);
  if (options.replace !== true) await requireRoom(files, options);
  const made = await makeFolder(options.output).catch((error: unknown) => {
    throw ioError(error, `cannot make the folder ${options.output}`);
  });
  if (made.length === 0) await sweep(options.output);
  try {
    return await fetchEach(files, options);
  } catch (error) {
    // Deepest first; one that holds something stays, and so do those above it.
    for (const folder of made) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/**
 * A release could bring a file of a name that this program reads, and with it another pin. By its name, also where nothing
 * is there yet, and by what it is, whatever leads to it.
 */
async function requireOthers(files: readonly Fetchable[], { output, keep = [] }: GetOptions): Promise<void> {
  const identity = async (path: string): Promise<string | undefined> =>
    lstat(path, { bigint: true }).then(
      ({ dev, ino }) => `${dev} ${ino}`,
      () => undefined,
    );
  for (const own of keep) {
    const there = await identity(own);
    for (const { name } of files) {
      const path = resolve(output, name);
      const same = foldAscii(path) === foldAscii(own) || (there !== undefined && there === (await identity(path)));
      if (!same) continue;
      fail('E_EXISTS', `the release has a file named ${name}, and ${own} is not replaced by it`, {
        hint: 'get it into another folder with --output',
      });
    }
  }
}

/** Found before anything is asked of a store. A file that is there and right is fine. */
async function requireRoom(files: readonly Fetchable[], { output }: GetOptions): Promise<void> {
  const taken: string[] = [];
  for (const file of files) {
    const path = join(output, file.name);
    if ((await whatIsAt(path, file)) === 'other') taken.push(path);
  }
  requireFree(taken);
}

async function fetchEach(files: readonly Fetchable[], options: GetOptions): Promise<GotFile[]> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const results: GotFile[] = [];
  const queue = [...files.entries()];
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined && failure === undefined; next = queue.shift()) {
      const [i, file] = next;
      const path = join(options.output, file.name);
      try {
        results[i] = { ...file, path, state: await fetchFile(file, path, { ...options, signal }) };
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
      }
    }
  };
  const workers = Math.max(1, Math.min(options.concurrency ?? AT_ONCE, files.length));
  await Promise.all(Array.from({ length: workers }, worker));
  options.signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  return results;
}
