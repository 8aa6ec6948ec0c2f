import { resolve } from 'node:path';
import { cacheDirectory } from '../../io/files/folders.ts';
import type { ExecutorContext } from '../../executor/context.ts';
import type { LedgerOnGitHub } from '../../proposals/context.ts';
import { findTools } from '../../upstream/tools.ts';
import type { Shard, Tool } from '../../upstream/tools.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import { openStore } from '../../store/open.ts';
import { loadConfig, requireLedger, requireStore } from './settings/config.ts';
import type { Author, Config, ConfigFlags } from './settings/config.ts';
import type { CommandContext } from './context.ts';
import { ledgerUrl } from './settings/ledger-url.ts';
import { memoryOf } from './settings/memory.ts';
import { tokenFor, tokenFrom } from './secrets.ts';

export interface ExecutorFlags extends ConfigFlags {
  readonly cache?: string | undefined;
}

/** What was found here, before any request: all of it exit 2 where it is wrong. */
export interface PreparedExecutor {
  readonly config: Config;
  readonly store: string;
}

/** Reads mirror.ini, which must name a ledger and a store. Throws `E_CONFIG`, `E_NO_LEDGER`, `E_NO_STORE`. */
export async function prepareExecutor(flags: ExecutorFlags, context: CommandContext): Promise<PreparedExecutor> {
  const config = await loadConfig(flags, context.cwd);
  // Found before any request, where the clients would find them later.
  for (const name of ['GITHUB_TOKEN', 'LEDGER_TOKEN']) tokenFrom(context.env, name);
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

async function onGitHub(
  config: Config,
  context: CommandContext,
  cacheDir: string,
): Promise<LedgerOnGitHub | undefined> {
  const location = requireLedger(config);
  if (location.kind !== 'github') return undefined;
  const { GitHubClient } = await import('../../github/client.ts');
  const { api } = config.ledger;
  const { progress, env } = context;
  const access = tokenFor(env, 'LEDGER_TOKEN', api);
  return {
    client: new GitHubClient({ api, ...access, tokenName: 'LEDGER_TOKEN', cacheDir, progress }),
    repository: location.repository,
  };
}

/** Runs an action of the executor with ledger and store open; the ledger was not asked for yet. */
export async function withExecutor<T>(
  prepared: PreparedExecutor,
  flags: ExecutorFlags,
  context: CommandContext,
  action: (executor: ExecutorContext) => Promise<T>,
): Promise<T> {
  const { config } = prepared;
  const { env, now, progress, signal } = context;
  const cacheDir = cacheOf(flags, context);
  const store = await openStore(prepared.store, { baseDir: config.folder, env, progress });
  const github = await onGitHub(config, context, cacheDir);
  const { api, branch, limits } = config.ledger;
  const url = await ledgerUrl(requireLedger(config), { api, env, progress });
  const warn = (message: string): void => progress.warn(message);
  await using ledger = await openLedger({
    url,
    branch,
    cacheDir,
    ...tokenFor(env, 'LEDGER_TOKEN', url),
    refs: 'all',
    limits,
    warn,
    env,
  });
  const memory = memoryOf(flags, context, ledger, branch);
  const { folder: root, source, pin } = config;
  const { trustedRoots } = config.evidence;
  const places = { ledger, branch, memory, github, store, trustedRoots };
  return await action({ root, source, ...places, pin, now, progress, env, cacheDir, signal });
}
