import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheDirectory } from '../../io/files/folders.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { fail } from '../../ledger-schema/error.ts';
import { publicReader } from '../../store/public.ts';
import { loadConfig, requireLedger } from './settings/config.ts';
import type { Config, ConfigFlags } from './settings/config.ts';
import type { CommandContext } from './command-context.ts';
import type { LedgerLocation } from './settings/location.ts';
import { requireTokens, withLedgerAt } from './configured-ledger.ts';

/** What a reviewer's or an owner's command works on, and the configuration behind it. */
export interface OpenedReviewer {
  readonly config: Config;
  readonly reviewer: ReviewerContext;
  /** Does `--tools` name the folder of mirror.ini? Only then may what it names be run as a reviewer. */
  readonly own: boolean;
}

/**
 * Runs an action with the configured ledger, its pull requests where it is on GitHub, and the stores that consumers read.
 * Nothing has been fetched from the ledger yet, apart from the clone_url of one on another GitHub. Throws `E_CONFIG`,
 * `E_NO_LEDGER`.
 */
export async function withReviewer<T>(
  flags: ConfigFlags & { readonly tools?: string | undefined },
  context: CommandContext,
  action: (opened: OpenedReviewer) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(flags, context.cwd);
  const tools = flags.tools === undefined ? undefined : await toolsFolder(flags.tools, context.cwd);
  return withReviewerAt(requireLedger(config), config, flags, context, action, tools);
}

/** As {@link withReviewer}, for the repository in the current directory where no ledger is configured. */
export async function withOwner<T>(
  flags: ConfigFlags,
  context: CommandContext,
  action: (opened: OpenedReviewer) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(flags, context.cwd);
  const location = config.ledger.location ?? (await repositoryAt(context.cwd));
  return withReviewerAt(location ?? requireLedger(config, { flag: 'ledger' in flags }), config, flags, context, action);
}

/** A folder that is a git repository, bare or not. */
async function repositoryAt(path: string): Promise<LedgerLocation | undefined> {
  const has = async (name: string): Promise<boolean> =>
    (await stat(join(path, name)).catch(() => undefined)) !== undefined;
  const bare = (await has('HEAD')) && (await has('objects'));
  return bare || (await has('.git')) ? { kind: 'directory', path } : undefined;
}

/**
 * A mirror.ini may be the executor's, and what it names would run as the reviewer: it counts only where `--tools` says that
 * this very folder is the reviewer's own.
 */
async function isOwn(folder: string, tools: string | undefined): Promise<boolean> {
  return tools !== undefined && (await realpath(tools)) === (await realpath(folder).catch(() => folder));
}

/** A missing folder would silently count as one without any tool.ini. Throws `E_INPUT`. */
async function toolsFolder(text: string, cwd: string): Promise<string> {
  const folder = resolve(cwd, text);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return folder;
  return fail('E_INPUT', `--tools: ${folder} is not a folder`, { hint: 'name the folder that holds packages/' });
}

async function withReviewerAt<T>(
  location: LedgerLocation,
  config: Config,
  flags: ConfigFlags,
  context: CommandContext,
  action: (opened: OpenedReviewer) => Promise<T>,
  tools?: string,
): Promise<T> {
  const { env, progress } = context;
  requireTokens(context);
  const cacheDir = cacheDirectory(env);
  const { publicUrls } = config.store;
  const store =
    publicUrls.length === 0 ? undefined : await publicReader(publicUrls, { baseDir: config.folder, env, progress });
  const own = await isOwn(config.folder, tools);
  const scanners = { commands: config.scan, own };
  return withLedgerAt(location, config, { flags, context, cacheDir }, (opened) =>
    action({ config, own, reviewer: { ...opened, store, scanners, tools } }),
  );
}
