import { closeSync, fsyncSync, lstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ioError } from '../../../io/io-error.ts';
import { TEMPORARY } from './folder.ts';
import { MANIFEST } from './manifest.ts';
import { openNew, writeAll } from './new-file.ts';

const CHUNK = 1 << 20;

/** A new manifest. Its lines lie in a file until the first one is known, which comes last: there may be many. */
export class ManifestWriter {
  readonly #root: string;
  readonly #lines: string;
  #handle: number | undefined;
  #open: string[] = [];
  #length = 0;

  /** Throws `E_IO`. */
  constructor(root: string) {
    this.#root = root;
    this.#lines = join(root, `${TEMPORARY}-lines`);
    try {
      this.#handle = openNew(this.#lines);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  add(line: string): void {
    this.#open.push(line, '\n');
    this.#length += line.length;
    if (this.#length >= CHUNK) this.#flush();
  }

  /** Puts it in its place, whole, unless the one there says the same. Was it written? */
  finish(head: string): boolean {
    try {
      this.#flush();
      this.close();
      const temporary = join(this.#root, TEMPORARY);
      const handle = openNew(temporary);
      try {
        writeAll(handle, Buffer.from(`${head}\n`));
        for (const part of partsOf(this.#lines)) writeAll(handle, part);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      rmSync(this.#lines);
      const target = join(this.#root, MANIFEST);
      if (isSame(temporary, target)) {
        rmSync(temporary);
        return false;
      }
      renameSync(temporary, target);
      return true;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** What was added is given up, unless it is in its place. */
  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  #flush(): void {
    try {
      if (this.#handle !== undefined) writeAll(this.#handle, Buffer.from(this.#open.join('')));
    } catch (error) {
      throw this.#failed(error);
    }
    this.#open = [];
    this.#length = 0;
  }

  #failed(error: unknown): Error {
    return ioError(error, `cannot write ${MANIFEST} in ${this.#root}`);
  }
}

/** A file's bytes, a part at a time: each is good until the next. */
function* partsOf(path: string): Generator<Uint8Array, void, undefined> {
  const handle = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      let filled = 0;
      for (let read = -1; read !== 0 && filled < CHUNK; filled += read) {
        read = readSync(handle, chunk, filled, CHUNK - filled, null);
      }
      if (filled === 0) return;
      yield chunk.subarray(0, filled);
    }
  } finally {
    closeSync(handle);
  }
}

function isSame(path: string, other: string): boolean {
  const found = lstatSync(other, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size !== lstatSync(path).size) return false;
  const parts = partsOf(path);
  for (const part of partsOf(other)) {
    const own = parts.next();
    if (own.done === true || Buffer.compare(own.value, part) !== 0) return false;
  }
  return true;
}
