import { cacheDirectory } from '../../io/files/folders.ts';
import { GitHubClient } from '../../github/client.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { publicReader } from '../../store/public.ts';
import { loadConfig, requireLedger } from './config.ts';
import type { Config, ConfigFlags } from './config.ts';
import type { CommandContext } from './context.ts';
import { ledgerUrl } from './ledger-url.ts';
import type { LedgerLocation } from './location.ts';
import { memoryOf } from './memory.ts';
import { tokenFrom } from './secrets.ts';

/** What a reviewer's or an owner's command works on, and the configuration that it comes from. */
export interface OpenedReviewer {
  readonly config: Config;
  readonly reviewer: ReviewerContext;
}

/**
 * Runs an action with the configured ledger, its pull requests where it is on GitHub, and the stores that consumers read.
 * Nothing of the ledger is asked for yet, but for the clone_url of one on another GitHub. Throws `E_CONFIG`,
 * `E_NO_LEDGER`.
 */
export async function withReviewer<T>(
  flags: ConfigFlags,
  context: CommandContext,
  action: (opened: OpenedReviewer) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(flags, context.cwd);
  return withLedgerAt(requireLedger(config), config, flags, context, action);
}

/** As {@link withReviewer}, for the repository in the current directory where no ledger is configured. */
export async function withOwner<T>(
  flags: ConfigFlags,
  context: CommandContext,
  action: (opened: OpenedReviewer) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(flags, context.cwd);
  return withLedgerAt(
    config.ledger.location ?? { kind: 'directory', path: context.cwd },
    config,
    flags,
    context,
    action,
  );
}

async function withLedgerAt<T>(
  location: LedgerLocation,
  config: Config,
  flags: ConfigFlags,
  context: CommandContext,
  action: (opened: OpenedReviewer) => Promise<T>,
): Promise<T> {
  const { env, now, progress, signal } = context;
  const { api, branch } = config.ledger;
  const token = tokenFrom(env, 'LEDGER_TOKEN');
  // Upstream's client would find it later.
  tokenFrom(env, 'GITHUB_TOKEN');
  const cacheDir = cacheDirectory(env);
  const { publicUrls } = config.store;
  const store =
    publicUrls.length === 0 ? undefined : await publicReader(publicUrls, { baseDir: config.folder, env, progress });
  const url = await ledgerUrl(location, { api, token, progress });
  const github =
    location.kind === 'github'
      ? {
          client: new GitHubClient({ api, token, tokenName: 'LEDGER_TOKEN', cacheDir, progress }),
          repository: location.repository,
        }
      : undefined;
  const warn = (message: string): void => progress.warn(message);
  await using ledger = await openLedger({ url, branch, cacheDir, token, refs: 'all', warn, env });
  const reviewer: ReviewerContext = {
    root: config.folder,
    source: config.source,
    ledger,
    branch,
    github,
    memory: memoryOf(flags, context, ledger, branch),
    pin: config.pin,
    now,
    progress,
    env,
    cacheDir,
    store,
    trustedRoots: config.evidence.trustedRoots,
    signal,
  };
  return await action({ config, reviewer });
}
