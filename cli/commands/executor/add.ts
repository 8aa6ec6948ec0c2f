import { addTool, parseToolName } from '../../../executor/add/add.ts';
import type { AddedTool } from '../../../executor/add/add.ts';
import { listRequests } from '../../../proposals/requests.ts';
import { findTools, toolKey } from '../../../upstream/tools.ts';
import type { Tool } from '../../../upstream/tools.ts';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import type { ConfigFlags } from '../../wiring/settings/config.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { withReviewer } from '../../wiring/reviewer-context.ts';
import { cacheOf } from '../../wiring/executor-context.ts';
import { tokenFrom } from '../../wiring/secrets.ts';
import { endSeveral } from '../../screens/several.ts';
import { countText } from '../../screens/units.ts';

/** `add [OWNER/REPO...]`: needs neither a store nor, but for `--requested`, a ledger. */
export const addCommand: Handler<ValuesOf<'executor', 'add'>> = async (given, options, context) => {
  const { output, progress, env, signal } = context;
  const dryRun = options['dry-run'] === true;
  const { folder: root, source, file, evidence } = await loadConfig(options, context.cwd);
  if (file === undefined) output.warn('there is no mirror.ini here, and tool definitions lie beside it');
  // An invalid name or a wrong tool.ini is found before any request.
  for (const name of given) parseToolName(name, source.host);
  const here = await findTools({ root, host: source.host });
  if (given.length === 0 && options.requested !== true) {
    fail('E_USAGE', 'no tool is named', { hint: 'name OWNER/REPO, or give --requested' });
  }
  tokenFrom(env, 'GITHUB_TOKEN');
  const executor = {
    root,
    source,
    env,
    progress,
    cacheDir: cacheOf(options, context),
    trustedRoots: evidence.trustedRoots,
  };
  const requested = options.requested === true ? await requestedNames(options, context, source.host, here) : [];
  const names = [...new Set([...given, ...requested])];
  const added: AddedTool[] = [];
  const failures: PullthroughError[] = [];
  output.results({ tools: added, written: false });
  for (const name of names) {
    signal.throwIfAborted();
    try {
      const tool = await addTool(executor, name, { dryRun });
      added.push(tool);
      output.results({ written: !dryRun });
      output.line(
        `${tool.file}${dryRun ? ' would be written' : ''}: ${tool.tag} has ${countText(tool.files, 'file')}`,
        'good',
      );
      if (dryRun) for (const line of tool.text.trimEnd().split('\n')) output.line(`  ${line}`);
    } catch (error) {
      if (!(error instanceof PullthroughError) || names.length === 1) throw error;
      output.problem(error, name);
      failures.push(error);
    }
  }
  if (added.length > 0 && !dryRun) output.note('edit what it says, then look at what a run would do: pullthrough plan');
  endSeveral(failures, names.length, 'tools');
};

/** The tools that were asked for in the ledger and have no tool.ini here. */
async function requestedNames(
  flags: ConfigFlags,
  context: CommandContext,
  host: string,
  here: readonly Tool[],
): Promise<string[]> {
  const known = new Set(here.map(toolKey));
  return withReviewer(flags, context, async ({ reviewer }) => {
    await reviewer.ledger.update();
    const wanted = (await listRequests(reviewer)).filter((request) => !known.has(toolKey(request)));
    if (wanted.length === 0) context.output.note('nobody asks for a tool that has no tool.ini here');
    return wanted.map(({ source, repository }) => (source === host ? repository : `${source}/${repository}`));
  });
}
