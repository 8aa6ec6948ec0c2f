import { REGULAR } from '../ledger-schema/files.ts';
import { tryLedgerPath } from '../ledger-schema/layout.ts';
import { establishTrust } from '../ledger-schema/trust.ts';
import type { Trust, TrustOptions } from '../ledger-schema/trust.ts';
import { ledgerFiles } from './files.ts';
import type { Snapshot, TreeEntry } from './snapshot.ts';
import { NODE_VERIFIER } from './signing/node-verifier.ts';

/** A record has a handful of files; of a folder with more than so many, those by fingerprint come as they are asked for. */
const FEW = 256;

/**
 * Makes directories be here, and of those in `whole` the format's own files too, by few requests; whatever else a hostile
 * ledger has there isn't fetched.
 */
export async function fetchDirectories(
  snapshot: Snapshot,
  whole: readonly string[],
  others: readonly string[],
): Promise<ReadonlyMap<string, readonly TreeEntry[]>> {
  const directories = await snapshot.listMany([...whole, ...others]);
  const files = whole.flatMap((directory) => {
    const entries = directories.get(directory) ?? [];
    return entries.filter(({ name, mode }) => {
      const path = mode === REGULAR ? tryLedgerPath(`${directory}/${name}`) : undefined;
      return path !== undefined && (entries.length <= FEW || !('fingerprint' in path));
    });
  });
  await snapshot.prefetch(files.map(({ oid }) => oid));
  return directories;
}

/**
 * The trust that a ledger holds, from the pin or from policy 1, by few requests; the directories in `near` come along.
 * Throws the walk's `E_PIN` and `E_POLICY_*`.
 */
export async function readTrust(
  snapshot: Snapshot,
  { pin, now }: Pick<TrustOptions, 'pin' | 'now'>,
  near: readonly string[] = [],
): Promise<Trust> {
  await fetchDirectories(snapshot, ['trust', 'trust/keys'], near);
  return establishTrust(ledgerFiles(snapshot), { pin, now, verifier: NODE_VERIFIER });
}
