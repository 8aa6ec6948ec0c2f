import { lstat, readdir, stat } from 'node:fs/promises';
import type { Dirent, Stats } from 'node:fs';
import { sep } from 'node:path';
import { PullthroughError, compareBytes, fail } from '../../ledger-schema/index.ts';
import { ioError, systemCode } from '../../io/io-error.ts';
import { notThere } from './hashed-file.ts';
import type { FilePath } from './hashed-file.ts';

/** What could not be looked at, and so may be anything. */
export interface Unread {
  readonly path: string;
  readonly error: PullthroughError;
}

/** @internal */
export interface FilesBelow {
  /** Regular files, and what links lead to, in the order of their names. */
  readonly files: readonly FilePath[];
  readonly unread: readonly Unread[];
}

/** Files of a folder that are looked at; an inventory of more is asked for in parts. */
const MOST_FILES = 200_000;

/**
 * @internal
 * Every file below a folder. A link is followed, to a folder too, each folder once: its bytes are what a program would
 * read. What can't be looked at (a link to nothing, a folder that isn't ours to read, a pipe) is reported, never left out.
 * `ignoreLinks` leaves links out. Throws `E_INPUT` where it is not a folder or has too many files, `E_IO`.
 */
export async function filesBelow(folder: string, ignoreLinks = false): Promise<FilesBelow> {
  const walk = new Walk(folder, ignoreLinks);
  const found = await lstat(folder).catch((error: unknown) => {
    throw systemCode(error) === 'ENOENT' ? notThere('folder', folder) : ioError(error, `cannot read ${folder}`);
  });
  if (!found.isDirectory()) {
    fail('E_INPUT', `${folder} is not a folder`, { hint: 'name a file as an argument, without --all' });
  }
  return walk.run(found);
}

class Walk {
  readonly #folder: string;
  readonly #ignoreLinks: boolean;
  readonly #files: FilePath[] = [];
  readonly #unread: Unread[] = [];
  readonly #seen = new Set<string>();
  /** Links to folders are followed last, so that a folder is named by its own path where it has one here. */
  readonly #linked: { readonly path: FilePath; readonly stats: Stats }[] = [];

  constructor(folder: string, ignoreLinks: boolean) {
    this.#folder = folder;
    this.#ignoreLinks = ignoreLinks;
  }

  async run(stats: Stats): Promise<FilesBelow> {
    await this.#visit({ shown: this.#folder, raw: Buffer.from(this.#folder) }, stats);
    for (let next = this.#linked.shift(); next !== undefined; next = this.#linked.shift()) {
      await this.#visit(next.path, next.stats);
    }
    const byName = (a: { shown: string }, b: { shown: string }): number => compareBytes(a.shown, b.shown);
    return { files: this.#files.sort(byName), unread: this.#unread.sort((a, b) => compareBytes(a.path, b.path)) };
  }

  async #visit(folder: FilePath, stats: Stats): Promise<void> {
    const identity = `${stats.dev} ${stats.ino}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    let entries: Dirent<Buffer>[];
    try {
      entries = await readdir(folder.raw, { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      return this.#cannot(folder, error);
    }
    for (const { name } of entries) await this.#look(below(folder, name));
    if (this.#files.length > MOST_FILES) {
      fail('E_INPUT', `${this.#folder} has more than ${MOST_FILES} files`, {
        hint: 'name a folder of fewer, or give --ignore-links where links lead out of it',
      });
    }
  }

  async #look(path: FilePath): Promise<void> {
    const found = await this.#stats(path);
    if (found === undefined) return;
    const { stats, link } = found;
    if (stats.isFile()) this.#files.push(path);
    else if (!stats.isDirectory()) {
      this.#cannot(path, new PullthroughError('E_INPUT', 'it is not a file, but a pipe, a socket or a device'));
    } else if (link) this.#linked.push({ path, stats });
    else await this.#visit(path, stats);
  }

  /** What lies there, or where its link leads; undefined where it is left out, or reported as unread. */
  async #stats({ raw, shown }: FilePath): Promise<{ readonly stats: Stats; readonly link: boolean } | undefined> {
    try {
      const own = await lstat(raw);
      if (!own.isSymbolicLink()) return { stats: own, link: false };
      return this.#ignoreLinks ? undefined : { stats: await stat(raw), link: true };
    } catch (error) {
      this.#cannot({ raw, shown }, error);
      return undefined;
    }
  }

  #cannot({ shown }: FilePath, error: unknown): void {
    this.#unread.push({ path: shown, error: ioError(error, 'it cannot be read') });
  }
}

function below(folder: FilePath, name: Buffer): FilePath {
  const ends = folder.raw.at(-1) === sep.charCodeAt(0);
  const raw = Buffer.concat([folder.raw, Buffer.from(ends ? '' : sep), name]);
  return { shown: `${folder.shown}${ends ? '' : sep}${shownName(name)}`, raw };
}

/** Names are bytes; those that aren't UTF-8 are shown as `\xNN`. */
function shownName(name: Buffer): string {
  const text = name.toString('utf8');
  if (Buffer.from(text).equals(name)) return text;
  return name.toString('latin1').replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}
