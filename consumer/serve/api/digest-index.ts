import { REGULAR, TREE, tryLedgerPath } from '../../../ledger-schema/index.ts';
import type { LedgerView } from '../../../ledger/view/view.ts';
import { listedDigests } from '../../verify/find-bytes.ts';

/** Records read, and in a partial clone fetched, at once. */
const BATCH = 1000;
/** 32 MiB; in a larger ledger, the rest can't be found by digest. */
const MOST_FILES = 4 * 1024 ** 2;
/** An entry: the first 40 bits of a digest, then the number of its record. */
const RECORD_BITS = 24n;
const PREFIX = 10;

export interface DigestRecords {
  readonly paths: readonly string[];
  /** Are these all? In a larger ledger than the index holds there may be others. */
  readonly all: boolean;
}

/**
 * Which records list which digest. A ledger is only added to, so only what is new in its next state is read; asking for a
 * digest that no record lists reads nothing. It says where to look; none of it is verified.
 */
export class DigestIndex {
  readonly #records: string[] = [];
  readonly #known = new Set<string>();
  /** The tools' directories by their paths, as they were read last. */
  #tools: ReadonlyMap<string, string> = new Map();
  /** Sorted. */
  #entries = new BigUint64Array();
  #commit: string | undefined;
  #full = false;
  #reading: Promise<void> | undefined;

  /** The paths of all records that may list this digest, in lower-case hex, as far as they are in the index. */
  async recordsOf(view: LedgerView, sha256: string): Promise<DigestRecords> {
    await this.#follow(view);
    return { paths: this.#find(sha256), all: !this.#full };
  }

  /** One read at a time; anyone who asks meanwhile waits for it, and fails where it does. */
  async #follow(view: LedgerView): Promise<void> {
    while (this.#commit !== view.commit) {
      this.#reading ??= this.#read(view).finally(() => (this.#reading = undefined));
      await this.#reading;
    }
  }

  async #read({ commit, snapshot }: LedgerView): Promise<void> {
    const below = async (paths: readonly string[]): Promise<Map<string, string>> => {
      const found = await snapshot.listMany(paths);
      return new Map(
        [...found].flatMap(([path, entries]) =>
          entries
            .filter(({ mode }) => mode === TREE)
            .map(({ name, oid }): [string, string] => [`${path}/${name}`, oid]),
        ),
      );
    };
    const owners = await below([...(await below(['packages'])).keys()]);
    const tools = await below([...owners.keys()]);
    const changed = [...tools].filter(([path, oid]) => this.#tools.get(path) !== oid).map(([path]) => path);
    for (let from = 0; from < changed.length; from += BATCH) {
      const records = [...(await below(changed.slice(from, from + BATCH))).keys()];
      await this.#add(
        snapshot,
        records.filter((path) => !this.#known.has(path)),
      );
    }
    this.#tools = tools;
    this.#commit = commit;
  }

  /** What was read before something failed is kept: the next read continues after it. */
  async #add(snapshot: LedgerView['snapshot'], records: readonly string[]): Promise<void> {
    const entries: bigint[] = [];
    try {
      for (let from = 0; from < records.length && !this.#full; from += BATCH) {
        await this.#addBatch(snapshot, records.slice(from, from + BATCH), entries);
      }
    } finally {
      const all = new BigUint64Array(this.#entries.length + entries.length);
      all.set(this.#entries);
      all.set(entries, this.#entries.length);
      if (entries.length > 0) this.#entries = all.sort();
    }
  }

  async #addBatch(snapshot: LedgerView['snapshot'], records: readonly string[], entries: bigint[]): Promise<void> {
    const directories = await snapshot.listMany(records);
    const sums = [...directories].flatMap(([record, files]) => {
      const file = files.find(({ name, mode }) => name === 'checklist.sha256' && mode === REGULAR);
      return file === undefined || tryLedgerPath(`${record}/${file.name}`) === undefined
        ? []
        : [{ record, oid: file.oid }];
    });
    await snapshot.prefetch(sums.map(({ oid }) => oid));
    for (const { record, oid } of sums) {
      const digests = (await listedDigests(snapshot, oid)).filter((digest) => /^[0-9a-f]{64}$/.test(digest));
      if (this.#entries.length + entries.length + digests.length > MOST_FILES) {
        this.#full = true;
        return;
      }
      const number = BigInt(this.#records.push(record) - 1);
      this.#known.add(record);
      for (const digest of digests) entries.push((prefixOf(digest) << RECORD_BITS) | number);
    }
  }

  #find(sha256: string): string[] {
    const first = prefixOf(sha256) << RECORD_BITS;
    const end = first + (1n << RECORD_BITS);
    const found = new Set<string>();
    for (let place = this.#placeOf(first); ; place++) {
      const entry = this.#entries[place];
      if (entry === undefined || entry >= end) break;
      found.add(this.#records[Number(entry - first)] ?? '');
    }
    return [...found];
  }

  /** Where the first entry is that isn't smaller. */
  #placeOf(entry: bigint): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] ?? 0n) < entry) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function prefixOf(sha256: string): bigint {
  return BigInt(`0x${sha256.slice(0, PREFIX)}`);
}
