import { fail } from '../../../ledger-schema/error.ts';
import type { OutdatedLine, ToolLine } from '../../../consumer/browse.ts';
import { parseToolName } from '../../../consumer/tool.ts';
import type { Cell } from '../../screens/table.ts';
import { bytesText, countText } from '../../screens/units.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import { withConsumer } from '../../wiring/settings/consumer-options.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { requireLock } from './lock.ts';

/** `list`, `list TOOL` */
export const list: Handler<ValuesOf<'consumer', 'list'>> = async ([tool], options, context) => {
  const { source } = await loadConfig(options, context.cwd);
  const name = tool === undefined ? undefined : parseToolName(tool, source.host);
  const { listReleases, listTools } = await import('../../../consumer/browse.ts');
  await withConsumer(options, context, async (consumer) => {
    const view = await consumer.view();
    if (name === undefined) return showTools(await listTools(view), source.host, context);
    const releases = await listReleases(view, name, consumer.reasons);
    context.output.results({ releases });
    context.output.table({
      title: tool ?? '',
      head: ['tag', 'state', 'acknowledged by', 'files', 'why'],
      rows: releases.map(({ tag, state, acks, files, size, why }): Cell[] => [
        tag,
        { text: state, tone: state === 'acknowledged' ? 'good' : state === 'proposed' ? 'warning' : 'bad' },
        acks.join(', '),
        files === 0 ? '' : `${countText(files, 'file')}, ${bytesText(size)}`,
        why ?? '',
      ]),
    });
  });
};

/** `search WORD` */
export const search: Handler<ValuesOf<'consumer', 'search'>> = async ([word = ''], options, context) => {
  if (word === '') fail('E_USAGE', 'WORD is empty', { hint: 'pullthrough list shows every tool' });
  const { source } = await loadConfig(options, context.cwd);
  const { listTools } = await import('../../../consumer/browse.ts');
  await withConsumer(options, context, async (consumer) => {
    const tools = await listTools(await consumer.view(), word);
    showTools(tools, source.host, context);
    if (tools.length > 0) return;
    fail('E_NOT_FOUND', `no tool of the ledger has ${JSON.stringify(word)} in its name`, {
      hint: "ask the ledger's owner to have it mirrored and reviewed",
    });
  });
};

function showTools(tools: readonly ToolLine[], host: string, { output }: CommandContext): void {
  output.results({ tools });
  output.table({
    title: 'tools',
    head: ['tool', 'newest', 'acknowledged by', 'releases', ''],
    names: [0],
    rows: tools.map(({ tool, newest, acks, releases, problem }): Cell[] => [
      tool.startsWith(`${host}/`) ? tool.slice(host.length + 1) : tool,
      newest ?? '',
      acks.join(', '),
      releases,
      problem === undefined ? '' : { text: problem, tone: 'faint' },
    ]),
  });
}

/** `outdated` */
export const outdated: Handler<ValuesOf<'consumer', 'outdated'>> = async (_, options, context) => {
  const entries = await requireLock(context);
  const { outdated: compare } = await import('../../../consumer/browse.ts');
  await withConsumer(options, context, async (consumer) => {
    const lines = await compare(await consumer.view(), entries);
    const { output } = context;
    const old = lines.filter((line) => line.wanted !== line.locked || (line.latest ?? line.locked) !== line.locked);
    output.results({ entries: lines });
    output.table({
      title: 'outdated',
      head: ['tool', 'range', 'locked', 'wanted', 'latest', ''],
      names: [0],
      rows: old.map((line): Cell[] => row(line)),
    });
    if (old.length === 0) output.line('everything that is locked is the newest that is acknowledged', 'good');
    else output.note('to take what the ranges allow: pullthrough lock --update');
  });
};

function row({ tool, range, locked, wanted, latest, problem }: OutdatedLine): Cell[] {
  const why: Cell = problem === undefined ? '' : { text: problem, tone: 'bad' };
  return [tool, range, locked, { text: wanted ?? '', tone: wanted === locked ? 'faint' : 'good' }, latest ?? '', why];
}
