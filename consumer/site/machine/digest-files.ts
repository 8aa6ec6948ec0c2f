import { compareBytes, fromUtf8 } from '../../../ledger-schema/bytes.ts';
import type { SiteFile } from '../model.ts';

/** A release's page, without an ending, and the digests of its files. */
export interface PageDigests {
  readonly page: string;
  readonly digests: readonly string[];
}

/** What is kept of one run before it goes to the disk: some 20 MB. */
const MOST_KEPT = 150_000;
/** Pages that are listed for one digest: a licence may be the same in every release of a tool. */
const MOST_PAGES = 100;
const FOLDER = 'files/';
/** With 300,000 files some 70 are in each. */
const DIGITS = 3;

/** The document that says which releases a digest is in. */
export function digestFile(digest: string): string {
  return `${FOLDER}${digest.slice(0, DIGITS)}.json`;
}

/**
 * `files/abc.json`: by the digest of a file, the releases that list it, in as many documents as digests begin differently. It
 * says where to look, and proves nothing. A run adds what it judged; records are never taken away, so nothing else is.
 */
export class DigestFiles {
  readonly #known: ReadonlySet<string>;
  readonly #read: (path: string) => Uint8Array | undefined;
  readonly #put: (file: SiteFile) => void;
  readonly #written = new Set<string>();
  /** By document: a digest and a page, again and again, which takes a third of what a map for each would. */
  #kept = new Map<string, string[]>();
  #count = 0;

  /** `known`: the site's files as the last run left them. */
  constructor(
    known: ReadonlySet<string>,
    read: (path: string) => Uint8Array | undefined,
    put: (file: SiteFile) => void,
  ) {
    this.#known = known;
    this.#read = read;
    this.#put = put;
  }

  add(found: readonly PageDigests[]): void {
    for (const { page, digests } of found) {
      for (const digest of digests) {
        const path = digestFile(digest);
        const pairs = this.#kept.get(path) ?? [];
        if (pairs.length === 0) this.#kept.set(path, pairs);
        pairs.push(digest, page);
        this.#count += 1;
      }
    }
    if (this.#count >= MOST_KEPT) this.#flush();
  }

  /** Writes what is left. Gives the documents of earlier runs that stay as they are. */
  finish(): readonly string[] {
    this.#flush();
    return [...this.#known].filter((path) => path.startsWith(FOLDER) && !this.#written.has(path));
  }

  #flush(): void {
    for (const [path, pairs] of [...this.#kept].sort(([a], [b]) => compareBytes(a, b))) {
      const all =
        this.#known.has(path) || this.#written.has(path) ? listed(this.#read(path)) : new Map<string, string[]>();
      for (const [digest, pages] of byDigest(pairs)) {
        const both = new Set([...(all.get(digest) ?? []), ...pages]);
        all.set(digest, [...both].sort(compareBytes).slice(0, MOST_PAGES));
      }
      const lines = [...all]
        .sort(([a], [b]) => compareBytes(a, b))
        .map(([digest, pages]) => `${JSON.stringify(digest)}:${JSON.stringify(pages)}`);
      this.#put({ path, content: `{"format":1,"files":{\n${lines.join(',\n')}\n}}\n` });
      this.#written.add(path);
    }
    this.#kept = new Map();
    this.#count = 0;
  }
}

function byDigest(pairs: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let i = 0; i < pairs.length; i += 2) {
    const [digest = '', page = ''] = pairs.slice(i, i + 2);
    const pages = found.get(digest);
    if (pages === undefined) found.set(digest, [page]);
    else pages.push(page);
  }
  return found;
}

/** What a document says; nothing where it isn't one of ours. */
function listed(bytes: Uint8Array | undefined): Map<string, string[]> {
  const found = new Map<string, string[]>();
  try {
    const document: unknown = JSON.parse(fromUtf8(bytes ?? new Uint8Array()) ?? '');
    const { files } = (document ?? {}) as { readonly files?: unknown };
    for (const [digest, pages] of Object.entries(typeof files === 'object' && files !== null ? files : {})) {
      if (!/^[0-9a-f]{64}$/.test(digest) || !Array.isArray(pages)) continue;
      found.set(
        digest,
        pages.filter((page) => typeof page === 'string'),
      );
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return found;
}
