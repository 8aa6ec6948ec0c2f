import type { Collected } from '../../evidence/collect.ts';
import { mapLimit } from '../../io/limit.ts';
import type { FetchedFile } from '../../ledger/new-record.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { Store } from '../../store/store.ts';
import type { Tool } from '../../upstream/tools.ts';
import type { Transfer } from '../../upstream/transfer.ts';
import type { Run } from '../open-run.ts';
import { fetchRelease } from './fetch-release.ts';
import type { FetchedAttempt } from './fetch-settled.ts';
import { storeEvidence } from './release-evidence.ts';

const AT_ONCE = 4;

/**
 * Stores once more what the store lost while no proposal named it yet: until then it could have been collected, even where
 * it was downloaded, since a store that has the bytes keeps the old object. Throws `E_DIGEST_MISMATCH` where a file without
 * a published digest has changed by now.
 */
export async function storeAgain(
  run: Pick<Run, 'store' | 'checkpoint'>,
  { definition }: Tool,
  transfer: Transfer,
  { fetched, release, decision }: FetchedAttempt,
  evidence: Collected,
): Promise<void> {
  if (await someAreGone(run.store, fetched.files)) {
    const again = await fetchRelease(run, transfer, release, decision.files, definition.evidence);
    requireSame(fetched.files, again.files);
  }
  if (await someAreGone(run.store, evidence.entries)) await storeEvidence(transfer.store, evidence);
}

async function someAreGone(
  store: Pick<Store, 'has'>,
  files: readonly Pick<FetchedFile, 'sha256' | 'size'>[],
): Promise<boolean> {
  const held = await mapLimit(files, AT_ONCE, ({ sha256, size }) => store.has(sha256, size));
  return held.includes(false);
}

function requireSame(recorded: readonly FetchedFile[], found: readonly FetchedFile[]): void {
  const now = new Map(found.map(({ name, sha256 }) => [name, sha256]));
  const other = recorded.find(({ name, sha256 }) => now.get(name) !== sha256);
  if (other === undefined) return;
  fail('E_DIGEST_MISMATCH', `${other.name} was lost from the store, and upstream has other bytes than its proposal`, {
    hint: 'close the proposal, and find out why upstream replaced the file',
  });
}
