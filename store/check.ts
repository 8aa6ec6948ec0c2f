import { PullthroughError } from '../ledger-schema/error.ts';
import { hashing } from '../io/files/hash.ts';
import { systemCode } from '../io/io-error.ts';
import { mapLimit } from '../io/limit.ts';
import type { Progress, ProgressTask } from '../io/progress.ts';
import type { Store } from './store.ts';

/** An object that must be there: lower-case hex, and its exact size in bytes. */
export interface Expected {
  readonly sha256: string;
  readonly size: number;
}

/**
 * A share of all objects, `part` in every `of`: a different one each day, so that all have had their turn after
 * `of / part` days.
 */
export interface Sample {
  readonly part: number;
  readonly of: number;
}

export interface CheckOptions {
  /** What the records name; everything else that is stored is hashed as well. */
  readonly expected: Iterable<Expected>;
  readonly sample?: Sample | undefined;
  /** The day that the sample is for. */
  readonly now: Date;
  /** Objects read at once; 4 by default. */
  readonly concurrency?: number | undefined;
  readonly progress: Progress;
}

export interface CheckFinding {
  readonly sha256: string;
  /** In bytes: as expected, or as listed where no record names the object. */
  readonly size: number;
  /** Does a record name the object? */
  readonly named: boolean;
  /** What is wrong, as "has 5 bytes, not 7". */
  readonly what: string;
}

export interface CheckReport {
  /** Objects in the store. */
  readonly objects: number;
  /** Objects read and hashed, and their bytes. */
  readonly hashed: number;
  readonly bytes: number;
  readonly damaged: readonly CheckFinding[];
  /** Everything expected is looked for, whatever the sample. */
  readonly missing: readonly CheckFinding[];
}

const DAY_MS = 86_400_000;

/** Is it this object's turn on this day (UTC)? The same day gives the same answer, on any machine. */
export function isInSample(sha256: string, { part, of }: Sample, now: Date): boolean {
  const day = Math.floor(now.getTime() / DAY_MS);
  const place = Number.parseInt(sha256.slice(0, 12), 16) % of;
  const first = (day * part) % of;
  return (place - first + of) % of < part;
}

/**
 * Reads every object again, or a sample, and checks it against its name and the expected size, without believing what
 * the store says about itself. Throws what the store throws when it can't be read at all.
 */
export async function checkStore(store: Store, options: CheckOptions): Promise<CheckReport> {
  const expected = new Map<string, number>();
  for (const { sha256, size } of options.expected) expected.set(sha256, size);
  const stored = new Map<string, number>();
  for await (const { sha256, size } of store.list()) stored.set(sha256, size);

  const damaged: CheckFinding[] = [];
  const missing: CheckFinding[] = [];
  const turn: Expected[] = [];
  for (const [sha256, size] of expected) {
    // A list may lag behind: look once more before calling it missing.
    if (!stored.has(sha256) && (await store.has(sha256, size))) stored.set(sha256, size);
    if (!stored.has(sha256)) missing.push({ sha256, size, named: true, what: 'is not there' });
  }
  for (const [sha256, found] of stored) {
    const size = expected.get(sha256) ?? found;
    if (found !== size) damaged.push({ sha256, size, named: true, what: `has ${found} bytes, not ${size}` });
    else if (!options.sample || isInSample(sha256, options.sample, options.now)) turn.push({ sha256, size });
  }

  let bytes = 0;
  const task = options.progress.start(
    `hashing ${store.label}`,
    turn.reduce((sum, { size }) => sum + size, 0),
  );
  try {
    await mapLimit(turn, options.concurrency ?? 4, async ({ sha256, size }) => {
      const found = await look(store, sha256, size, task);
      bytes += size;
      const finding = { sha256, size, named: expected.has(sha256), what: found };
      if (found === 'is not there') {
        // If no record names it, it may just have been removed.
        if (finding.named) missing.push(finding);
      } else if (found !== 'right') damaged.push(finding);
    });
  } finally {
    task.done();
  }
  const order = (a: CheckFinding, b: CheckFinding): number => (a.sha256 < b.sha256 ? -1 : 1);
  return {
    objects: stored.size,
    hashed: turn.length,
    bytes,
    damaged: damaged.sort(order),
    missing: missing.sort(order),
  };
}

async function look(store: Store, sha256: string, size: number, task: ProgressTask): Promise<string> {
  let bytes = 0;
  try {
    const hashed = hashing(store.read(sha256), ['sha256']);
    await hashed.body.each((chunk) => {
      bytes += chunk.length;
      task.advance(chunk.length);
      // A file that grows while it is read would keep this going for ever.
      return bytes <= size;
    });
    if (bytes > size) return `has more than ${size} bytes`;
    if (bytes < size) return `has ${bytes} bytes, not ${size}`;
    const seen = hashed.digests().sha256;
    return seen === sha256 ? 'right' : `has the SHA-256 ${seen}`;
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    if (error.code === 'E_STORE_MISSING') return 'is not there';
    // A bad sector is damage to this object, not a failure to reach the store.
    if (systemCode(error.cause) === 'EIO') return `cannot be read: ${error.message}`;
    throw error;
  }
}
