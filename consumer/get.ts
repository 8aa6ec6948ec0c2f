import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../io/file.ts';
import { ioError } from '../io/io-error.ts';
import { fail, findCollision } from '../ledger-schema/index.ts';
import { fetchFile } from './fetch-file.ts';
import type { FetchOptions } from './fetch-file.ts';
import type { Fetchable } from './select-assets.ts';

export interface GetOptions extends FetchOptions {
  /** The folder to write to; it is made where missing. */
  readonly output: string;
  /** Files at once; 4 unless told. */
  readonly concurrency?: number | undefined;
}

export interface GotFile extends Fetchable {
  readonly path: string;
  /** `present`: it was there and right, and nothing was downloaded. */
  readonly state: 'fetched' | 'present';
}

const AT_ONCE = 4;

/**
 * Brings files into a folder, several at once. The first failure stops the others; what is complete and right by then
 * stays; a folder that was made for nothing goes again. Throws what {@link fetchFile} throws, `E_COLLISION` where two
 * names are one on some file systems.
 */
export async function fetchFiles(files: readonly Fetchable[], options: GetOptions): Promise<GotFile[]> {
  const pair = findCollision(files.map(({ name }) => name));
  if (pair !== undefined) {
    fail('E_COLLISION', `two files would lie under one name: ${pair[0]} and ${pair[1]}`, {
      hint: 'get them one after another, into different folders, by --output',
    });
  }
  const made = await makeFolder(options.output).catch((error: unknown) => {
    throw ioError(error, `cannot make the folder ${options.output}`);
  });
  try {
    return await fetchEach(files, options);
  } catch (error) {
    // Deepest first; one that holds something stays, and so do those above it.
    for (const folder of made) await rmdir(folder).catch(() => undefined);
    throw error;
  }
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
