import { fail } from '../../ledger-schema/error.ts';
import type { StoredObject } from '../../store/store.ts';
import type { ExecutorContext } from '../context.ts';
import { openView } from '../../ledger/view/view.ts';
import { namedDigests } from './referenced-digests.ts';

/** Younger objects stay: a run that is under way may be about to name them. Milliseconds. */
const YOUNG = 24 * 3_600_000;

export interface Garbage {
  /** Objects that no record and no open proposal names, a day old or more. */
  readonly objects: readonly StoredObject[];
  /** Their bytes in all. */
  readonly bytes: number;
  /** Uploads and temporary files, a day old or more, that never became an object. */
  readonly leftovers: readonly string[];
  /** Objects that are named. */
  readonly kept: number;
  /** Objects that nothing names yet and that are younger than a day. */
  readonly young: number;
  /** They were removed, not only listed. */
  readonly removed: boolean;
  /** They are more than a tenth of the store, and `most` was not said: none is removed. */
  readonly tooMany: boolean;
}

export interface GarbageOptions {
  readonly remove: boolean;
  /** Even where it is more than a tenth of the store's objects. */
  readonly most?: boolean | undefined;
}

/** A run that used an old object again may have proposed it between the last look and its end. */
function requireUnnamed(removed: readonly StoredObject[], named: ReadonlySet<string>): void {
  const lost = removed.filter(({ sha256 }) => named.has(sha256));
  if (lost.length === 0) return;
  const digests = lost.slice(0, 3).map(({ sha256 }) => sha256);
  const more = lost.length > digests.length ? ` and ${lost.length - digests.length} more` : '';
  fail('E_STORE_DAMAGED', `a proposal came to name what was just removed: ${digests.join(', ')}${more}`, {
    hint: 'pullthrough mirror --restock fetches it again',
  });
}

/**
 * Lists, or with `remove` removes, what no record and no open proposal names. Objects are listed first, records and
 * proposals read second, so that what is proposed meanwhile is named by then; young objects stay. Nothing is
 * removed for a ledger that can't be read or trusted, nor for one that names so little that much would go. Throws
 * `E_STORE_DAMAGED` where something was named while it was removed, and as `openView` and the store do.
 */
export async function collectGarbage(
  context: Pick<ExecutorContext, 'ledger' | 'branch' | 'store' | 'memory' | 'pin' | 'now' | 'progress'>,
  { remove, most = false }: GarbageOptions,
): Promise<Garbage> {
  const { ledger, store, now } = context;
  const before = new Date(now.getTime() - YOUNG);
  const old: StoredObject[] = [];
  const fresh: string[] = [];
  for await (const object of store.list()) {
    if (object.modified < before) old.push(object);
    else fresh.push(object.sha256);
  }
  // A ledger that isn't the right one, or is an older one, would make garbage of what is acknowledged.
  const readNamed = async (): Promise<Set<string>> => namedDigests(ledger, (await openView(context)).commit);
  let named = await readNamed();
  const isGarbage = ({ sha256 }: StoredObject): boolean => !named.has(sha256);
  // Reading takes its time, and a run that goes on meanwhile may use an old object again: a last look before the end.
  if (remove && old.some(isGarbage)) named = await readNamed();
  const objects = old.filter(isGarbage);
  const tooMany = !most && objects.length * 10 > old.length + fresh.length;
  const removed = remove && !tooMany;
  if (removed) {
    for (const { sha256 } of objects) await store.remove(sha256);
    if (objects.length > 0) requireUnnamed(objects, await readNamed());
  }
  const unnamed = fresh.filter((sha256) => !named.has(sha256)).length;
  return {
    objects,
    bytes: objects.reduce((sum, { size }) => sum + size, 0),
    leftovers: await store.leftovers(before, removed),
    kept: old.length - objects.length + fresh.length - unnamed,
    young: unnamed,
    removed,
    tooMany,
  };
}
