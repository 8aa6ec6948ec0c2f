import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fail } from '../../../ledger-schema/index.ts';
import { ioError, systemCode } from '../../../io/io-error.ts';
import { MANIFEST } from './manifest.ts';
import { openNew, tryOpenNew, writeAll } from './new-file.ts';

/** What replaces something is written here first, then moved. */
export const TEMPORARY = '.pullthrough-site.part';
const TEMPORARIES = /^\.pullthrough-site\.part(?:-(?:\d+|lines))?$/;
/** What a run is about to write: if it is killed, the next one knows what it left. */
const JOURNAL = '.pullthrough-site.journal';
/** A path of the site: nothing that leads out of it. */
const SAFE = /^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^\\\0\n]+$/;

/** Node's flag `a`, except that no link is followed; Windows has no such flag. */
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

/** What a run that was killed left. */
export interface Leftover {
  /** Folders of tools that it was working on. */
  readonly tools: Set<string>;
  /** Files that it may have written. */
  readonly files: Set<string>;
}

/**
 * The folder of a site. Files are replaced whole; a link in it is never followed; nothing that somebody else put there is
 * replaced or removed. Work on it is synchronous: it writes many small files, and only one run has the folder.
 */
export class SiteFolder {
  readonly root: string;
  /** Was there no site before? Then no file can be in the way. */
  readonly fresh: boolean;
  readonly leftover: Leftover;
  #written = 0;
  #folders = new Set<string>();
  #journal: number | undefined;

  readonly #temporary: string;

  private constructor(root: string, fresh: boolean, leftover: Leftover, temporary = TEMPORARY) {
    this.root = root;
    this.#temporary = join(root, temporary);
    this.fresh = fresh;
    this.leftover = leftover;
  }

  /** Makes the folder, or takes one that an earlier run made. Throws `E_EXISTS` for any other, `E_IO`. */
  static open(directory: string): SiteFolder {
    try {
      mkdirSync(directory, { recursive: true });
      const root = realpathSync(directory);
      const names = readdirSync(root).filter((name) => !TEMPORARIES.test(name) && name !== `${MANIFEST}.lock`);
      const mine = names.some((name) => name === MANIFEST || name === JOURNAL);
      if (names.length > 0 && !mine) {
        fail('E_EXISTS', `${directory} is not empty, and is not a site that pullthrough made`, {
          hint: 'name a new folder, or one that an earlier run of site made',
        });
      }
      const fresh = !names.includes(MANIFEST);
      const leftover = names.includes(JOURNAL)
        ? readJournal(join(root, JOURNAL))
        : { tools: new Set<string>(), files: new Set<string>() };
      return new SiteFolder(root, fresh && leftover.files.size === 0, leftover);
    } catch (error) {
      throw ioError(error, `cannot use the folder ${directory}`);
    }
  }

  /** The same folder for a thread that helps: it writes what was announced, and no more. */
  static another(root: string, fresh: boolean, number: number): SiteFolder {
    return new SiteFolder(root, fresh, { tools: new Set(), files: new Set() }, `${TEMPORARY}-${number}`);
  }

  /** How many files were written or replaced. */
  get written(): number {
    return this.#written;
  }

  /**
   * Says what is about to be written, before anything of it is. `known`: what an earlier run wrote. Throws `E_EXISTS` where
   * something of somebody else lies in the way.
   */
  announce(tool: string | undefined, files: readonly string[], known: ReadonlySet<string>): void {
    if (!this.fresh) {
      const strange = files.find(
        (path) =>
          !known.has(path) &&
          !this.leftover.files.has(path) &&
          lstatSync(this.#path(path), { throwIfNoEntry: false }) !== undefined,
      );
      if (strange !== undefined) inTheWay(strange);
    }
    this.#journal ??= openSync(this.#plain(JOURNAL), APPEND, 0o644);
    writeSync(this.#journal, `${JSON.stringify({ tool, files })}\n`);
  }

  /** These files belong to the site, no matter who wrote them. */
  keep(files: readonly string[]): void {
    for (const file of files) this.leftover.files.delete(file);
  }

  /**
   * Puts a file in its place, unless it has these bytes already. `known`: this program wrote one there before, so that it
   * may be replaced. In a site that is new nothing is replaced, and without its manifest nobody takes it for whole.
   */
  put(path: string, content: string | Uint8Array, known: boolean): void {
    const target = this.#path(path);
    try {
      this.#makeFolders(dirname(path));
      const bytes = bytesOf(content);
      if (!this.fresh) {
        const found = lstatSync(target, { throwIfNoEntry: false });
        if (found?.isFile() === true && this.#holds(target, found.size, bytes)) return;
        if (found !== undefined && !known && !this.leftover.files.has(path)) {
          inTheWay(path);
        }
      }
      const direct = this.fresh ? tryOpenNew(target) : undefined;
      const handle = direct ?? openNew(this.#temporary);
      try {
        writeAll(handle, bytes);
      } finally {
        closeSync(handle);
      }
      if (direct === undefined) renameSync(this.#temporary, target);
      this.#written++;
    } catch (error) {
      throw ioError(error, `cannot write ${path} in ${this.root}`);
    }
  }

  /** A file that an earlier run wrote; undefined where it isn't there any more. */
  read(path: string): Uint8Array | undefined {
    const target = this.#path(path);
    return this.#isPlain(dirname(path)) && lstatSync(target, { throwIfNoEntry: false })?.isFile() === true
      ? readFileSync(target)
      : undefined;
  }

  /** Removes a file that an earlier run wrote, and the folders that are empty then. Was it there? */
  remove(path: string): boolean {
    const target = this.#path(path);
    if (!this.#isPlain(dirname(path))) return false;
    this.#folders.clear();
    let found = false;
    try {
      const entry = lstatSync(target, { throwIfNoEntry: false });
      found = entry?.isFile() === true || entry?.isSymbolicLink() === true;
      if (found) unlinkSync(target);
      for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) rmdirSync(this.#path(folder));
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) {
        throw ioError(error, `cannot remove ${path} in ${this.root}`);
      }
    }
    return found;
  }

  /** The manifest is in its place: nothing is left to clean up. */
  finish(): void {
    if (this.#journal !== undefined) closeSync(this.#journal);
    this.#journal = undefined;
    rmSync(this.#plain(JOURNAL), { force: true });
    for (const name of readdirSync(this.root)) if (TEMPORARIES.test(name)) rmSync(this.#plain(name), { force: true });
  }

  #plain(name: string): string {
    return join(this.root, name);
  }

  #path(path: string): string {
    if (!SAFE.test(path)) fail('E_INTERNAL', `the site has no such path: ${JSON.stringify(path)}`);
    return join(this.root, path);
  }

  #holds(target: string, size: number, bytes: Uint8Array): boolean {
    return size === bytes.length && readFileSync(target).equals(bytes);
  }

  /** Makes the folders of a path, one after the other: none of them may be a link. */
  #makeFolders(folder: string): void {
    if (folder === '.' || this.#folders.has(folder)) return;
    this.#makeFolders(dirname(folder));
    const target = this.#path(folder);
    try {
      mkdirSync(target);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST' || lstatSync(target).isDirectory() !== true) {
        if (existsSync(target)) {
          fail('E_EXISTS', `${folder} in ${this.root} is not a folder`, {
            hint: 'move it away, or name another folder',
          });
        }
        throw error;
      }
    }
    if (this.#folders.size > 10_000) this.#folders.clear();
    this.#folders.add(folder);
  }

  /** Is it a folder, reached by no link? */
  #isPlain(folder: string): boolean {
    if (folder === '.') return true;
    if (!this.#isPlain(dirname(folder))) return false;
    return lstatSync(this.#path(folder), { throwIfNoEntry: false })?.isDirectory() === true;
  }
}

function inTheWay(path: string): never {
  return fail('E_EXISTS', `${path} is in the way: it was not made by an earlier run`, {
    hint: 'move it away, or name another folder',
  });
}

/** Most files fit in here, one at a time: a buffer for each would have to be made, and collected. */
const room = Buffer.allocUnsafe(256 * 1024);

/** They are good until the next are asked for. */
function bytesOf(content: string | Uint8Array): Uint8Array {
  if (typeof content !== 'string') return content;
  return content.length * 3 > room.length ? Buffer.from(content) : room.subarray(0, room.write(content));
}

function readJournal(path: string): Leftover {
  const leftover: Leftover = { tools: new Set(), files: new Set() };
  if (!lstatSync(path).isFile()) return leftover;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    try {
      const entry = JSON.parse(line) as { readonly tool?: unknown; readonly files?: unknown };
      if (typeof entry.tool === 'string') leftover.tools.add(entry.tool);
      const files: unknown[] = Array.isArray(entry.files) ? entry.files : [];
      for (const file of files) if (typeof file === 'string' && SAFE.test(file)) leftover.files.add(file);
    } catch (error) {
      // The last line may be cut off: what it would have named was not written yet.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return leftover;
}
