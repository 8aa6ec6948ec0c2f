import { resolve } from 'node:path';
import { cacheDirectory } from '../../io/files/folders.ts';
import type { ExecutorContext } from '../../executor/context.ts';
import { findTools } from '../../upstream/tools.ts';
import type { Shard, Tool } from '../../upstream/tools.ts';
import { openStore } from '../../store/open.ts';
import { loadConfig, requireLedger, requireStore } from './settings/config.ts';
import type { Author, Config, ConfigFlags } from './settings/config.ts';
import type { CommandContext } from './command-context.ts';
import { requireTokens, withLedgerAt } from './configured-ledger.ts';

export interface ExecutorFlags extends ConfigFlags {
  readonly cache?: string | undefined;
}

/** What was found here before any request; anything wrong with it is exit 2. */
export interface PreparedExecutor {
  readonly config: Config;
  readonly store: string;
}

/** Reads mirror.ini, which must name a ledger and a store. Throws `E_CONFIG`, `E_NO_LEDGER`, `E_NO_STORE`. */
export async function prepareExecutor(flags: ExecutorFlags, context: CommandContext): Promise<PreparedExecutor> {
  const config = await loadConfig(flags, context.cwd);
  requireTokens(context);
  requireLedger(config);
  return { config, store: requireStore(config) };
}

/** The tools that a command line names. Throws `E_CONFIG`, `E_USAGE`. */
export async function toolsOf(
  { config }: PreparedExecutor,
  names: readonly string[],
  shard: Shard | undefined,
): Promise<Tool[]> {
  return findTools({ root: config.folder, host: config.source.host, names, shard });
}

/** Who makes the executor's commits where mirror.ini names nobody. */
export const EXECUTOR_AUTHOR: Author = { name: 'pullthrough', email: 'pullthrough@localhost' };

/** The directory of `--cache`, or the user's. */
export function cacheOf(flags: ExecutorFlags, { cwd, env }: CommandContext): string {
  return flags.cache === undefined ? cacheDirectory(env) : resolve(cwd, flags.cache);
}

/** Runs an action of the executor with the ledger and store open; nothing has been fetched from the ledger yet. */
export async function withExecutor<T>(
  prepared: PreparedExecutor,
  flags: ExecutorFlags,
  context: CommandContext,
  action: (executor: ExecutorContext) => Promise<T>,
): Promise<T> {
  const { config } = prepared;
  const { env, progress } = context;
  const cacheDir = cacheOf(flags, context);
  const store = await openStore(prepared.store, { baseDir: config.folder, env, progress });
  return withLedgerAt(requireLedger(config), config, { flags, context, cacheDir }, (opened) =>
    action({ ...opened, store }),
  );
}
