import type { SiteFile } from '../model.ts';
import type { SiteFolder } from './folder.ts';

/** The files of a site that belong to no tool: those that an earlier run left, and those that this one has. */
export class OwnFiles {
  readonly #folder: SiteFolder;
  readonly #known: ReadonlySet<string>;
  readonly #now = new Set<string>();

  /** `known`: as the last run left them. */
  constructor(folder: SiteFolder, known: ReadonlySet<string>) {
    this.#folder = folder;
    this.#known = known;
  }

  get paths(): string[] {
    return [...this.#now].sort();
  }

  /** Throws `E_EXISTS` where something of somebody else lies in the way, `E_IO`. */
  put({ path, content }: SiteFile): void {
    // A document of digests may be written several times in one run.
    const again = this.#now.has(path);
    if (!again) this.#folder.announce(undefined, [path], this.#known);
    this.#folder.put(path, content, again || this.#known.has(path));
    this.#now.add(path);
  }

  /** Of earlier runs, and as it should be. */
  keep(path: string): void {
    this.#now.add(path);
  }

  /** What earlier runs wrote and this one doesn't have. */
  gone(): string[] {
    this.#folder.keep([...this.#now]);
    return [...this.#known].filter((path) => !this.#now.has(path));
  }
}
