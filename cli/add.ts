import { addTool } from '../executor/add.ts';
import type { AddedTool } from '../executor/add.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { ValuesOf } from './commands/index.ts';
import { loadConfig } from './config.ts';
import type { Handler } from './context.ts';
import { cacheOf } from './executor-context.ts';
import { endSeveral } from './several.ts';

/** `add OWNER/REPO...`: needs neither a ledger nor a store. */
export const addCommand: Handler<ValuesOf<'executor', 'add'>> = async (names, options, context) => {
  const { output, progress, env, signal } = context;
  const dryRun = options['dry-run'] === true;
  const { folder: root, source, file } = await loadConfig(options, context.cwd);
  if (file === undefined) output.warn('there is no mirror.ini here, and tool definitions lie beside it');
  const executor = { root, source, env, progress, cacheDir: cacheOf(options, context) };
  const added: AddedTool[] = [];
  const failures: PullthroughError[] = [];
  output.results({ tools: added, written: !dryRun });
  for (const name of names) {
    signal.throwIfAborted();
    try {
      const tool = await addTool(executor, name, { dryRun });
      added.push(tool);
      const files = `${tool.files} file${tool.files === 1 ? '' : 's'}`;
      output.line(`${tool.file}${dryRun ? ' would be written' : ''}: ${tool.tag} has ${files}`, 'good');
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
