import { lstat, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { Body } from '../../io/body/body.ts';
import { readBlocks, readFileBounded, writeFileAtomic } from '../../io/files/file.ts';
import { SHA256 } from '../../ledger-schema/fields.ts';
import { REVIEW_FOLDER } from './spool.ts';
import type { Spool } from './spool.ts';

/** So long what was fetched counts as fetched now. */
const KEPT_MS = 3_600_000;

/** One state of one asset, as upstream's API names it at this moment. */
export interface FetchKey {
  readonly api: string;
  readonly asset: { readonly id: number; readonly updatedAt: Date; readonly size: number };
}

/** The fetched files of one proposal, while it is decided whether it is signed. */
interface Fetched {
  readonly spool: Spool;
  /** The SHA-256 of each, which is its name in the folder, by its key. */
  readonly files: ReadonlyMap<string, string>;
}

const MARK = z.object({
  folder: z.string().max(4096),
  at: z.number(),
  files: z.array(z.tuple([z.string().max(4096), z.string().regex(SHA256)])).max(10_000),
});
const MARK_BYTES = 8_000_000;

/**
 * The bytes that an `ack` fetched from upstream and compared equal, kept where it could not sign them, since a PIN was
 * cancelled: so the next `ack` within the hour asks the API for everything again, and fetches only the files that are other
 * ones by now. What lies there is hashed again. The mark lies in the folder of `--state`, this user's own.
 */
export class KeptFetches implements AsyncDisposable {
  readonly #mark: string;
  readonly #before: z.infer<typeof MARK> | undefined;
  readonly #known: ReadonlyMap<string, string>;
  readonly #fetched = new Map<string, Fetched>();
  #remembered = false;

  private constructor(mark: string, before: z.infer<typeof MARK> | undefined) {
    this.#mark = mark;
    this.#before = before;
    this.#known = new Map(before?.files);
  }

  /** `stateDir` need not exist. A mark that can't be read is none. */
  static async open(stateDir: string): Promise<KeptFetches> {
    const mark = join(stateDir, 'fetched.json');
    return new KeptFetches(mark, await readMark(mark));
  }

  /** The bytes of an asset that were fetched before; undefined where they are to be fetched. */
  find(key: FetchKey): (() => Body) | undefined {
    const sha256 = this.#known.get(textOf(key));
    if (sha256 === undefined || this.#before === undefined) return undefined;
    const path = join(this.#before.folder, sha256);
    return () => readBlocks(path);
  }

  /** Takes over what was fetched for a proposal, instead of its removal. */
  adopt(record: string, spool: Spool, files: readonly { readonly key: FetchKey; readonly sha256: string }[]): void {
    this.#fetched.set(record, { spool, files: new Map(files.map(({ key, sha256 }) => [textOf(key), sha256])) });
  }

  /** Removes what was fetched for a proposal: it is decided. */
  async drop(record: string): Promise<void> {
    const fetched = this.#fetched.get(record);
    this.#fetched.delete(record);
    await fetched?.spool[Symbol.asyncDispose]();
  }

  /** Keeps what was fetched for a proposal for the next run. */
  async remember(record: string): Promise<void> {
    const fetched = this.#fetched.get(record);
    if (fetched === undefined || fetched.files.size === 0) return;
    const { spool, files } = fetched;
    const mark = { folder: spool.folder, at: Date.now(), files: [...files] };
    await writeFileAtomic(this.#mark, JSON.stringify(mark), 0o600);
    await spool.close();
    this.#fetched.delete(record);
    this.#remembered = true;
  }

  /** Removes whatever is not remembered. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const record of [...this.#fetched.keys()]) await this.drop(record);
    const before = this.#before;
    if (before === undefined) return;
    if (!this.#remembered) await rm(this.#mark, { force: true });
    await rm(before.folder, { recursive: true, force: true });
  }
}

function textOf({ api, asset: { id, updatedAt, size } }: FetchKey): string {
  return `${api} ${String(id)} ${updatedAt.toISOString()} ${String(size)}`;
}

/** The folder must be one that a review of this user made, and nobody else can write to. */
async function readMark(path: string): Promise<z.infer<typeof MARK> | undefined> {
  try {
    const bytes = await readFileBounded(path, MARK_BYTES);
    if (bytes === undefined) return undefined;
    const mark = MARK.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const age = Date.now() - mark.at;
    if (age < 0 || age > KEPT_MS || !REVIEW_FOLDER.test(basename(mark.folder))) return undefined;
    const { uid, mode } = await lstat(mark.folder);
    const own = process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
    return own ? mark : undefined;
  } catch {
    return undefined;
  }
}
