import type { LedgerRepository } from '../../../ledger/git/repository.ts';
import { ledgerIdentity, memoryFile } from '../../../ledger/view/memory.ts';
import type { MemoryFile } from '../../../ledger/view/memory.ts';
import type { ConfigFlags } from './config.ts';
import type { CommandContext } from '../command-context.ts';
import { stateOf } from './state.ts';

/** What was seen of a ledger before: one memory for everything that decides by it. */
export function memoryOf(
  flags: ConfigFlags,
  context: Pick<CommandContext, 'cwd' | 'env'>,
  ledger: Pick<LedgerRepository, 'label'>,
  branch: string,
): MemoryFile {
  return memoryFile(stateOf(flags, context), ledgerIdentity(ledger.label, branch));
}
