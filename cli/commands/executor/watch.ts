import { reportIssue, watch } from '../../../executor/upkeep/watch.ts';
import { watchExit } from '../../../executor/upkeep/watch-findings.ts';
import type { WatchFinding, Watched } from '../../../executor/upkeep/watch-findings.ts';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { requireLedger } from '../../wiring/settings/config.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { prepareExecutor, toolsOf, withExecutor } from '../../wiring/executor-context.ts';
import type { Output } from '../../screens/output.ts';
import { endSeveral } from '../../screens/several.ts';
import { countText } from '../../screens/units.ts';

/** `watch [TOOL...]`: exit 3 where upstream is no longer what a record says. */
export const watchCommand: Handler<ValuesOf<'executor', 'watch'>> = async (names, options, context) => {
  const prepared = await prepareExecutor(options, context);
  if (options.issue === true && requireLedger(prepared.config).kind !== 'github') {
    fail('E_USAGE', '--issue needs a ledger that is a GitHub repository', { hint: 'leave out --issue' });
  }
  const { shard, concurrency } = options;
  if (options.issue === true && names.length > 0) {
    fail('E_USAGE', '--issue tells of every tool, and some are named', { hint: 'leave out the names, or --issue' });
  }
  const tools = await toolsOf(prepared, names, shard);
  const only = names.length > 0 || shard !== undefined;
  const { output } = context;
  const watched = await withExecutor(prepared, options, context, async (executor) => {
    const found = await watch(executor, { tools, only, concurrency });
    output.results({ watched: found, issue: null });
    show(found, output);
    if (options.issue !== true) return found;
    try {
      tell(await reportIssue(executor, found, shard), output);
    } catch (error) {
      // The differences found are not lost: they outweigh this failure.
      if (!(error instanceof PullthroughError) || watchExit(found) !== 3) throw error;
      output.problem(error, 'the issue');
    }
    return found;
  });
  end(watched);
};

function tell(issue: Awaited<ReturnType<typeof reportIssue>>, output: Output): void {
  if (issue === undefined) return;
  output.results({ issue: { number: issue.id, url: issue.htmlUrl } });
  output.note(`the issue is ${issue.htmlUrl}${issue.change === 'closed' ? ', closed now' : ''}`);
}

const nameOf = (tool: string, { tag }: WatchFinding): string => (tag === undefined ? tool : `${tool}@${tag}`);

function show(watched: readonly Watched[], output: Output): void {
  output.table({
    title: 'Upstream is not as recorded',
    head: ['finding', 'release', 'file', 'what'],
    names: [1, 2],
    rows: watched.flatMap(({ tool, findings }) =>
      findings.map((found) => [
        { text: found.kind, tone: found.code === undefined ? ('warning' as const) : ('bad' as const) },
        nameOf(tool, found),
        found.file ?? '',
        found.message,
      ]),
    ),
  });
  for (const { tool, error } of watched) {
    if (error !== undefined)
      output.problem(new PullthroughError(error.code, error.message, { hint: error.hint }), tool);
  }
  const records = watched.reduce((sum, each) => sum + each.records, 0);
  output.note(`${countText(records, 'record')} of ${countText(watched.length, 'tool')} compared with upstream`);
}

/** A difference outweighs anything that could not be asked about. */
function end(watched: readonly Watched[]): void {
  const all = watched.flatMap(({ tool, findings }) => findings.map((found) => ({ tool, found })));
  const differing = all.filter(({ found }) => found.code !== undefined);
  const worst = differing.find(({ found }) => found.code === 'E_REPOSITORY_CHANGED') ?? differing[0];
  if (worst?.found.code !== undefined) {
    const { tool, found } = worst;
    const where = found.file === undefined ? nameOf(tool, found) : `${nameOf(tool, found)}, ${found.file}`;
    const more = differing.length > 1 ? `, and ${differing.length - 1} more` : '';
    fail(worst.found.code, `${where}: ${found.message}${more}`, {
      hint: 'look at each, and withdraw with pullthrough nack what must not be used; [watch] gone[] in tool.ini notes what is only gone',
    });
  }
  const failures = watched.flatMap(({ error }) =>
    error === undefined ? [] : [new PullthroughError(error.code, error.message, { hint: error.hint })],
  );
  endSeveral(failures, watched.length, 'repositories');
}
