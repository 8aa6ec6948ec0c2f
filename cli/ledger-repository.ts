import { cacheDirectory } from '../consumer/folders.ts';
import { ledgerFiles } from '../ledger/files.ts';
import type { LedgerRepository } from '../ledger/repository.ts';
import { establishTrust } from '../ledger-schema/trust.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import { fail } from '../ledger-schema/error.ts';
import { loadConfig } from './config.ts';
import type { Author, Config, ConfigFlags } from './config.ts';
import type { CommandContext } from './context.ts';
import { ledgerUrl } from './ledger-url.ts';
import { tokenFrom } from './secrets.ts';

export interface OpenedLedger {
  readonly config: Config;
  readonly repository: LedgerRepository;
}

/**
 * Runs an action with the configured ledger, or with the repository in the current directory where none is configured;
 * every proposal's branch is looked at.
 */
export async function withLedger<T>(
  flags: ConfigFlags,
  context: CommandContext,
  action: (opened: OpenedLedger) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(flags, context.cwd);
  const location = config.ledger.location ?? { kind: 'directory', path: context.cwd };
  const token = tokenFrom(context.env, 'LEDGER_TOKEN');
  const url = await ledgerUrl(location, { api: config.ledger.api, token, progress: context.progress });
  const { openLedger } = await import('../ledger/repository.ts');
  const { branch } = config.ledger;
  const cacheDir = cacheDirectory(context.env);
  await using repository = await openLedger({ url, branch, cacheDir, token, refs: 'all', env: context.env });
  await repository.update();
  return await action({ config, repository });
}

/** The newest policy of the ledger's branch, from the pin where there is one. */
export async function trustOf({ config, repository }: OpenedLedger, now: Date): Promise<Trust> {
  const head = repository.head() ?? fail('E_POLICY_MISSING', `the ledger has no branch ${config.ledger.branch}`);
  return establishTrust(ledgerFiles(repository.snapshot(head)), { pin: config.pin, now });
}

/** Who makes commits: the configured author, else the one who signs. */
export function authorOf(config: Config, fallback: string): Author {
  return config.ledger.author ?? { name: fallback, email: `${fallback}@localhost` };
}
