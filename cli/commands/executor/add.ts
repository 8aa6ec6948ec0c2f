import { addTool, parseToolName } from '../../../executor/add.ts';
import type { AddedTool } from '../../../executor/add.ts';
import { findTools } from '../../../upstream/tools.ts';
import { PullthroughError } from '../../../ledger-schema/error.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { loadConfig } from '../../wiring/config.ts';
import type { Handler } from '../../wiring/context.ts';
import { cacheOf } from '../../wiring/executor-context.ts';
import { tokenFrom } from '../../wiring/secrets.ts';
import { endSeveral } from '../../screens/several.ts';
import { countText } from '../../screens/units.ts';

/** `add OWNER/REPO...`: needs neither a ledger nor a store. */
export const addCommand: Handler<ValuesOf<'executor', 'add'>> = async (names, options, context) => {
  const { output, progress, env, signal } = context;
  const dryRun = options['dry-run'] === true;
  const { folder: root, source, file } = await loadConfig(options, context.cwd);
  if (file === undefined) output.warn('there is no mirror.ini here, and tool definitions lie beside it');
  // Found before any request: a name that is none, a tool.ini that is wrong.
  for (const name of names) parseToolName(name, source.host);
  await findTools({ root, host: source.host });
  tokenFrom(env, 'GITHUB_TOKEN');
  const executor = { root, source, env, progress, cacheDir: cacheOf(options, context) };
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
