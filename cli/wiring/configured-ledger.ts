import type { AddedRoot } from '../../evidence/added-root.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import type { LedgerOnGitHub, ProposalContext } from '../../proposals/context.ts';
import type { UpstreamContext } from '../../upstream/upstreams.ts';
import type { CommandContext } from './command-context.ts';
import { tokenFor, tokenFrom } from './secrets.ts';
import type { Config, ConfigFlags } from './settings/config.ts';
import { ledgerUrl } from './settings/ledger-url.ts';
import type { LedgerLocation } from './settings/location.ts';
import { memoryOf } from './settings/memory.ts';

/** A configuration's ledger with all its branches and pull requests, and what its readers go by. */
export interface ConfiguredLedger extends ProposalContext, UpstreamContext {
  readonly source: Config['source'];
  /** The folder of mirror.ini; tool definitions lie below it. */
  readonly root: string;
  /** `[evidence] trusted-root[]`, beside the roots that the package carries. */
  readonly trustedRoots: readonly AddedRoot[] | undefined;
}

/** Throws `E_CONFIG` for a token that can't be valid, before any request; the clients would find it only later. */
export function requireTokens({ env }: Pick<CommandContext, 'env'>): void {
  for (const name of ['GITHUB_TOKEN', 'LEDGER_TOKEN']) tokenFrom(env, name);
}

/**
 * Runs an action with the ledger open. Nothing has been fetched yet, apart from the clone_url of one on another GitHub.
 * Throws `E_CONFIG`.
 */
export async function withLedgerAt<T>(
  location: LedgerLocation,
  config: Config,
  { flags, context, cacheDir }: LedgerPlace,
  action: (opened: ConfiguredLedger) => Promise<T>,
): Promise<T> {
  const { env, now, progress, signal } = context;
  const { api, branch, limits } = config.ledger;
  const github = await onGitHub(location, config, { flags, context, cacheDir });
  const url = await ledgerUrl(location, { api, env, progress });
  const token = tokenFor(env, 'LEDGER_TOKEN', url);
  const warn = (message: string): void => progress.warn(message);
  await using ledger = await openLedger({ url, branch, cacheDir, ...token, refs: 'all', limits, warn, env });
  const memory = memoryOf(flags, context, ledger, branch);
  const { folder: root, source, pin } = config;
  const { trustedRoots } = config.evidence;
  const places = { ledger, branch, memory, github, cacheDir, trustedRoots };
  return await action({ root, source, pin, ...places, now, progress, env, signal });
}

/** Where one command finds its ledger's clone and memory. */
export interface LedgerPlace {
  readonly flags: ConfigFlags;
  readonly context: CommandContext;
  readonly cacheDir: string;
}

async function onGitHub(
  location: LedgerLocation,
  { ledger: { api } }: Config,
  { context: { env, progress }, cacheDir }: LedgerPlace,
): Promise<LedgerOnGitHub | undefined> {
  if (location.kind !== 'github') return undefined;
  const { GitHubClient } = await import('../../github/client.ts');
  const access = tokenFor(env, 'LEDGER_TOKEN', api);
  const client = new GitHubClient({ api, ...access, tokenName: 'LEDGER_TOKEN', cacheDir, progress });
  return { client, repository: location.repository };
}
