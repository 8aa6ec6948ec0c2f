import { fail } from '../ledger-schema/error.ts';
import { REGULAR } from '../ledger-schema/files.ts';
import { tryLedgerPath } from '../ledger-schema/layout.ts';
import { establishTrust } from '../ledger-schema/trust.ts';
import type { Trust, TrustOptions } from '../ledger-schema/trust.ts';
import { ledgerFiles } from './files.ts';
import type { Snapshot, TreeEntry } from './snapshot.ts';
import { NODE_VERIFIER } from './signing/node-verifier.ts';

/** A record has a handful of files; a hostile ledger could have millions in a directory. */
const MOST_ENTRIES = 20_000;

/**
 * Makes directories be here, and of those in `whole` the format's own files too, by few requests; whatever else a hostile
 * ledger has there isn't fetched. Throws `E_TOO_LARGE`.
 */
export async function fetchDirectories(
  snapshot: Snapshot,
  whole: readonly string[],
  others: readonly string[],
): Promise<ReadonlyMap<string, readonly TreeEntry[]>> {
  const directories = await snapshot.listMany([...whole, ...others]);
  const files = whole.flatMap((directory) => {
    const entries = directories.get(directory) ?? [];
    if (entries.length > MOST_ENTRIES)
      fail('E_TOO_LARGE', `the ledger has more than ${MOST_ENTRIES} files in ${directory}/`);
    return entries.filter(
      (entry) => entry.mode === REGULAR && tryLedgerPath(`${directory}/${entry.name}`) !== undefined,
    );
  });
  await snapshot.prefetch(files.map(({ oid }) => oid));
  return directories;
}

/**
 * The trust that a ledger holds, from the pin or from policy 1, by few requests; the directories in `near` come along.
 * Throws the walk's `E_PIN` and `E_POLICY_*`, `E_TOO_LARGE`.
 */
export async function readTrust(
  snapshot: Snapshot,
  { pin, now }: Pick<TrustOptions, 'pin' | 'now'>,
  near: readonly string[] = [],
): Promise<Trust> {
  await fetchDirectories(snapshot, ['trust', 'trust/keys'], near);
  return establishTrust(ledgerFiles(snapshot), { pin, now, verifier: NODE_VERIFIER });
}
