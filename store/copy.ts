import { fail, PullthroughError } from '../ledger-schema/error.ts';
import { Body } from '../io/body/body.ts';
import { mapLimit } from '../io/limit.ts';
import type { Progress, ProgressTask } from '../io/progress.ts';
import type { Store, StoredObject } from './store.ts';

export interface CopyOptions {
  readonly from: Store;
  readonly to: Store;
  /** Objects at once; 4 by default. */
  readonly concurrency?: number | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyFinding {
  readonly sha256: string;
  /** In bytes, as listed by the store that it is in. */
  readonly size: number;
  /** What is wrong with it. */
  readonly what: string;
}

export interface CopyReport {
  /** Objects in the store that was read. */
  readonly objects: number;
  readonly copied: number;
  /** Were there already, and right. */
  readonly present: number;
  /** Were there but damaged, and were replaced; counted in `copied` too. */
  readonly repaired: number;
  /** Bytes that were copied. */
  readonly bytes: number;
  /** Objects whose bytes don't match their name: none of them was copied. */
  readonly damaged: readonly CopyFinding[];
}

/** Errors that mean that the object itself is bad, not that one of the two stores failed. */
const DAMAGE = new Set(['E_DIGEST_MISMATCH', 'E_SIZE', 'E_TRUNCATED', 'E_STORE_MISSING']);

/**
 * Copies every object of a store into another. Bytes are checked against the name on the way, so what arrives is right
 * wherever it came from. What is already there and right isn't sent again, so an interrupted copy carries on where it
 * stopped. Throws what the stores throw, except for damage, which is in the report.
 */
export async function copyStore(options: CopyOptions): Promise<CopyReport> {
  const { from, to, progress, signal } = options;
  const objects: StoredObject[] = [];
  for await (const object of from.list()) {
    signal?.throwIfAborted();
    objects.push(object);
  }
  if (objects.length === 0) {
    fail('E_STORE', `${from.label} holds no object`, { hint: 'is it the right place? FROM comes first, TO second' });
  }
  await to.requireWritable();
  const counts = { copied: 0, present: 0, repaired: 0, bytes: 0 };
  const damaged: CopyFinding[] = [];
  const task = progress.start(
    `copying ${from.label}`,
    objects.reduce((sum, { size }) => sum + size, 0),
  );
  try {
    await mapLimit(objects, options.concurrency ?? 4, async (object) => {
      signal?.throwIfAborted();
      const found = await copyObject(from, to, object, task, signal);
      if ('what' in found) damaged.push(found);
      else {
        counts[found.sent ? 'copied' : 'present']++;
        if (found.repaired) counts.repaired++;
        if (found.sent) counts.bytes += object.size;
      }
    });
  } finally {
    task.done();
  }
  return { objects: objects.length, ...counts, damaged: damaged.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1)) };
}

async function copyObject(
  from: Store,
  to: Store,
  { sha256, size }: StoredObject,
  task: ProgressTask,
  signal: AbortSignal | undefined,
): Promise<{ sent: boolean; repaired: boolean } | CopyFinding> {
  let sent = 0;
  let begun = false;
  const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    begun = true;
    for await (const chunk of from.read(sha256, { signal }).chunks) {
      sent += chunk.length;
      task.advance(chunk.length);
      yield chunk;
    }
  };
  try {
    const { repaired } = await to.put({ name: sha256, size, sha256 }, new Body(body()));
    // What is already there isn't sent, but still counts towards the progress bar.
    if (!begun) task.advance(size);
    return { sent: begun, repaired };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof PullthroughError) || !DAMAGE.has(error.code)) throw error;
    task.advance(Math.max(0, size - sent));
    return { sha256, size, what: error.message };
  }
}

/** Throws `E_USAGE` where both are the same place. */
export function requireTwo(from: Store, to: Store): void {
  if (from.label !== to.label) return;
  fail('E_USAGE', `both stores are ${from.label}`, { hint: 'name two places: pullthrough store copy FROM TO' });
}
