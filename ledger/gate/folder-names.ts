import type { Finding } from '../../ledger-schema/files.ts';
import { collisionIn, twiceFinding } from '../../ledger-schema/names/change.ts';

interface OpenFolder {
  readonly path: string;
  readonly names: Set<string>;
  /** Its place among all folders: those that begin with the same leaf, the deepest first. */
  readonly place: number;
}

/**
 * The names in each folder of a tree, as its leaves come in order, those of a folder together: only folders on the way to the
 * last leaf are kept.
 */
export class FolderNames {
  /** Files and folders whose names are in their folder already. */
  readonly twice: Finding[] = [];
  readonly #collisions: { readonly place: number; readonly finding: Finding }[] = [];
  #open: OpenFolder[] = [];
  #count = 0;

  see(path: string): void {
    const slash = path.lastIndexOf('/');
    if (slash < 0) return;
    const last = this.#open.at(-1);
    if (last?.path.length !== slash || !path.startsWith(last.path)) this.#enter(path.slice(0, slash));
    this.#addName(path.slice(slash + 1), path);
  }

  /** A folder whose name is in its folder twice: the paths of its leaves don't tell. */
  again(path: string): void {
    this.twice.push(twiceFinding(path));
  }

  /** Names that differ in case only, once every leaf was seen. */
  collisions(): Finding[] {
    while (this.#open.length > 0) this.#leave();
    return this.#collisions.sort((a, b) => a.place - b.place).map(({ finding }) => finding);
  }

  /** Leaves the folders that don't lead to `path`, and enters those that do. */
  #enter(path: string): void {
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      if (path === last.path || path.startsWith(`${last.path}/`)) break;
      this.#leave();
    }
    const segments = path.split('/');
    const more = segments.length - this.#open.length;
    this.#count += more;
    for (let depth = this.#open.length; depth < segments.length; depth++) {
      const folder = segments.slice(0, depth + 1).join('/');
      if (depth > 0) this.#addName(segments[depth] ?? '', folder);
      this.#open.push({ path: folder, names: new Set(), place: this.#count - (more - (segments.length - depth - 1)) });
    }
  }

  /** Into the innermost folder. */
  #addName(name: string, path: string): void {
    const names = this.#open.at(-1)?.names ?? new Set();
    if (names.size === names.add(name).size) this.again(path);
  }

  #leave(): void {
    const { path, names, place } = this.#open.pop() ?? { path: '', names: new Set<string>(), place: 0 };
    const finding = collisionIn(path, new Set(), names);
    if (finding !== undefined) this.#collisions.push({ place, finding });
  }
}
