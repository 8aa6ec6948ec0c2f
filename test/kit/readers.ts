import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT } from '../../io/progress.ts';
import { openLocalRepository } from '../../ledger/git/local.ts';
import { ledgerIdentity, memoryFile } from '../../ledger/view/memory.ts';
import type { MemoryFile } from '../../ledger/view/memory.ts';
import { openView } from '../../ledger/view/view.ts';
import type { LedgerReader, LedgerView } from '../../ledger/view/view.ts';
import type { TestLedger } from './ledger/ledger-maker.ts';

export const NOW = new Date('2026-06-01T00:00:00Z');

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'pullthrough-test-'));
}

/** The ledger's own repository, read as it is. */
export async function reader(ledger: TestLedger, branch = 'main'): Promise<LedgerReader> {
  const repository = await openLocalRepository(ledger.directory);
  let head: string | undefined;
  return {
    label: ledger.directory,
    update: async () => {
      head = await ledger.head(branch);
    },
    head: () => head,
    snapshot: (commit) => repository.snapshot(commit),
    isAncestor: (old, now) => repository.isAncestor(old, now),
    signedHead: () => undefined,
    messageOf: async () => '',
    requireOnlyAdded: (old, now) => repository.requireOnlyAdded(old, now),
  };
}

export async function freshMemory(ledger: TestLedger): Promise<MemoryFile> {
  return memoryFile(await temporaryFolder(), ledgerIdentity(ledger.directory, 'main'));
}

/** A view of the ledger as it is now. */
export async function view(
  ledger: TestLedger,
  options: { pin?: string; now?: Date; memory?: MemoryFile; ledger?: LedgerReader } = {},
): Promise<LedgerView> {
  return openView({
    branch: 'main',
    ledger: options.ledger ?? (await reader(ledger)),
    memory: options.memory ?? (await freshMemory(ledger)),
    pin: options.pin ?? ledger.pin(),
    now: options.now ?? NOW,
    progress: SILENT,
  });
}
