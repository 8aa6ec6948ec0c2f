import { PullthroughError } from '../ledger-schema/error.ts';
import { REGULAR } from '../ledger-schema/files.ts';
import type { LedgerFiles } from '../ledger-schema/files.ts';
import { tryLedgerPath } from '../ledger-schema/names/layout.ts';
import { listedFiles, listings } from '../ledger-schema/openpgp/keyring.ts';
import { POLICY_BYTES, parsePolicy } from '../ledger-schema/policy.ts';
import type { Policy } from '../ledger-schema/policy.ts';
import { establishTrust } from '../ledger-schema/trust.ts';
import type { Trust, TrustOptions } from '../ledger-schema/trust.ts';
import { ledgerFiles } from './files.ts';
import type { Snapshot, TreeEntry } from './snapshot.ts';
import { NODE_VERIFIER } from './signing/node-verifier.ts';

/**
 * A record has a handful of files; in a folder with more than this many, the files named by fingerprint are fetched
 * only when asked for.
 */
const FEW = 256;

/**
 * Fetches directories, and the format's own files in those of `whole`, with few requests; whatever else a hostile
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
 * The trust that a ledger holds, from the pin or from policy 1, with few requests; the directories in `near` are
 * fetched along with it. Throws the walk's `E_PIN` and `E_POLICY_*`.
 */
export async function readTrust(
  snapshot: Snapshot,
  { pin, now }: Pick<TrustOptions, 'pin' | 'now'>,
  near: readonly string[] = [],
): Promise<Trust> {
  await fetchTrust(snapshot, near);
  return establishTrust(ledgerFiles(snapshot), { pin, now, verifier: NODE_VERIFIER });
}

/**
 * Fetches what the trust of a ledger is read from, with few requests; the directories in `near` are fetched along with
 * it.
 */
export async function fetchTrust(snapshot: Snapshot, near: readonly string[] = []): Promise<void> {
  const directories = await fetchDirectories(snapshot, ['trust', 'trust/keys'], near);
  await fetchListed(snapshot, directories.get('trust') ?? [], directories.get('trust/keys') ?? []);
}

/** In folders of many files, those that the policies list, by name: one more request, however many others lie there. */
async function fetchListed(snapshot: Snapshot, trust: readonly TreeEntry[], keys: readonly TreeEntry[]): Promise<void> {
  if (trust.length <= FEW && keys.length <= FEW) return;
  const files = ledgerFiles(snapshot);
  const listed = new Set<string>();
  const signers = new Set<string>();
  for (const { name } of trust) {
    const kind = tryLedgerPath(`trust/${name}`);
    if (kind?.kind !== 'policy') continue;
    const policy = await readPolicy(files, `trust/${name}`);
    if (policy === undefined) continue;
    for (const path of listedFiles(policy).keys()) listed.add(path);
    for (const fingerprint of listings(policy).keys()) signers.add(fingerprint);
  }
  const signatures = trust.filter(({ name }) => {
    const kind = tryLedgerPath(`trust/${name}`);
    return kind?.kind === 'policy-sign' && signers.has(kind.fingerprint);
  });
  const wanted = [...signatures, ...keys.filter(({ name }) => listed.has(`trust/keys/${name}`))];
  await snapshot.prefetch(wanted.map(({ oid }) => oid));
}

/** Undefined where it can't be read: the walk says why. */
async function readPolicy(files: LedgerFiles, path: string): Promise<Policy | undefined> {
  try {
    const bytes = await files.read(path, POLICY_BYTES);
    return bytes === undefined ? undefined : parsePolicy(bytes);
  } catch (error) {
    if (error instanceof PullthroughError && error.exit === 3) return undefined;
    throw error;
  }
}
