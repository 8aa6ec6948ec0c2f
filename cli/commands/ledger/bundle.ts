import { resolve } from 'node:path';
import { parseToolName } from '../../../consumer/tool.ts';
import { fail } from '../../../ledger-schema/error.ts';
import { encodeSegment } from '../../../ledger-schema/names/path.ts';
import { openWholeClone } from '../../../ledger/git/whole-clone.ts';
import { openView } from '../../../ledger/view/view.ts';
import { applyBundle } from '../../../owner/bundle/apply.ts';
import type { BundleContext } from '../../../owner/bundle/create.ts';
import { createBundle } from '../../../owner/bundle/create.ts';
import { isArchive } from '../../../owner/bundle/layout.ts';
import { bundleReader } from '../../../owner/bundle/reader.ts';
import { openStore } from '../../../store/open.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { bytesText, countText } from '../../screens/units.ts';
import { requireLedger, requirePin } from '../../wiring/settings/config.ts';
import type { Config } from '../../wiring/settings/config.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { cacheOf, prepareExecutor } from '../../wiring/executor-context.ts';
import type { ExecutorFlags } from '../../wiring/executor-context.ts';
import { ledgerUrl } from '../../wiring/settings/ledger-url.ts';
import { memoryOf } from '../../wiring/settings/memory.ts';
import { tokenFor } from '../../wiring/secrets.ts';

/**
 * Checks the ledger against what is remembered here: before anything is decided by it, and again once it has moved. `maxAge`:
 * also how old what an executor signed may be.
 */
type Look = (head: string | undefined, maxAge?: number) => Promise<string>;

async function withBundle<T>(
  flags: ExecutorFlags,
  context: CommandContext,
  action: (bundle: BundleContext, look: Look, maxAge: number | undefined) => Promise<T>,
  { pinned = false, prepare }: { readonly pinned?: boolean; readonly prepare?: (config: Config) => void } = {},
): Promise<T> {
  const { config, store: storeUrl } = await prepareExecutor(flags, context);
  prepare?.(config);
  if (pinned) requirePin(config, { flag: false });
  const { env, now, progress } = context;
  const cacheDir = cacheOf(flags, context);
  const store = await openStore(storeUrl, { baseDir: config.folder, env, progress });
  const { api, branch, limits } = config.ledger;
  const url = await ledgerUrl(requireLedger(config), { api, env, progress });
  await using clone = await openWholeClone({
    url,
    branch,
    cacheDir,
    ...tokenFor(env, 'LEDGER_TOKEN', url),
    limits,
    env,
  });
  const { pin } = config;
  const memory = memoryOf(flags, context, clone, branch);
  const look: Look = async (head, maxAge) => {
    const ledger = bundleReader(clone, head);
    return (await openView({ ledger, branch, memory, pin, now, maxAge, progress })).commit;
  };
  const seen = (await memory.read())?.commit;
  return action({ clone, store, branch, seen, pin, now, cacheDir, progress }, look, config.maxAge);
}

/** `bundle create FILE|DIR [TOOL…]` */
export const bundleCreate: Handler<ValuesOf<'ledger', 'bundle create'>> = async (args, options, context) => {
  const [target, ...named] = args;
  if (target === undefined)
    fail('E_USAGE', 'no FILE or DIR was named', { hint: 'pullthrough bundle create ledger.tar' });
  const split = options.split === undefined ? undefined : partSize(options.split);
  if (split !== undefined && !isArchive(target)) fail('E_USAGE', '--split is for a FILE that ends in .tar');
  const path = resolve(context.cwd, target);
  const since = options.since === undefined ? undefined : resolve(context.cwd, options.since);
  const tools: string[] = [];
  const prepare = ({ source }: Config): void => void tools.push(...named.map((tool) => toolPath(tool, source.host)));
  const create = async (bundle: BundleContext, look: Look, maxAge: number | undefined): Promise<void> => {
    const created = await createBundle(bundle, await look(bundle.clone.head, maxAge), { path, tools, since, split });
    context.output.results({ ...(created ?? { files: [] }) });
    if (created === undefined) {
      context.output.note('nothing new was acknowledged since; no bundle was made');
      return;
    }
    const { files, objects, bytes, issued } = created;
    for (const file of files) context.output.line(file);
    const vouched = issued === undefined ? '' : `, vouched for at ${issued}`;
    context.output.note(`${countText(objects, 'object')}, ${bytesText(bytes)}, and the ledger${vouched}`);
  };
  await withBundle(options, context, create, { prepare });
};

/** A tool, with all its releases, as paths of the ledger have it. Throws `E_USAGE`. */
function toolPath(text: string, host: string): string {
  if (text.includes('@')) {
    fail('E_USAGE', `${text} names a release, and a bundle has all of a tool`, { hint: 'name it as OWNER/REPO' });
  }
  const { source, owner, repo } = parseToolName(text, host);
  return [source, encodeSegment(owner), encodeSegment(repo)].join('/');
}

/** `bundle check FILE|DIR` */
export const bundleCheck: Handler<ValuesOf<'ledger', 'bundle check'>> = (args, options, context) =>
  judge(args, options, context, false);

/** `bundle apply FILE|DIR` */
export const bundleApply: Handler<ValuesOf<'ledger', 'bundle apply'>> = (args, options, context) =>
  judge(args, options, context, true);

async function judge(
  args: readonly string[],
  options: ExecutorFlags,
  context: CommandContext,
  act: boolean,
): Promise<void> {
  const [target] = args;
  if (target === undefined) fail('E_USAGE', 'no FILE or DIR was named');
  const path = resolve(context.cwd, target);
  const take = async (bundle: BundleContext, look: Look) => {
    // A ledger that has been rolled back since is refused before anything is judged by it.
    if (bundle.clone.head !== undefined) await look(bundle.clone.head);
    const applied = await applyBundle(bundle, path, act);
    if (act) await look(applied.head);
    context.output.results({ ...applied });
    const { from, head, issued, objects, stored } = applied;
    const vouched = issued === undefined ? '' : `, vouched for at ${issued}`;
    const moved =
      from === head
        ? `the ledger is at ${head} already${vouched}`
        : `the ledger ${act ? 'moved' : 'would move'} to ${head}${vouched}`;
    const put = act ? `, ${stored} of them new in the store` : '';
    context.output.line(`${countText(objects, 'object')} verified${put}; ${moved}`, 'good');
  };
  // What leads to the policy must come from elsewhere than the bundle.
  await withBundle(options, context, take, { pinned: true });
}

/** `4GiB`, `700M`: bytes; 1 MiB or more. Throws `E_USAGE`. */
function partSize(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,12})\s*([KMGT]?)i?B?$/i.exec(text) ?? [];
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
  const size = digits === undefined ? 0 : Number(digits) * 1024 ** power;
  if (!Number.isSafeInteger(size) || size < 1024 ** 2) {
    fail('E_USAGE', `--split: ${text} is not a size of 1 MiB or more`, { hint: 'write 4GiB or 700MiB' });
  }
  return size;
}
