import { join } from 'node:path';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import {
  checkLock,
  findEntries,
  lockEntry,
  putEntries,
  requestOf,
  requireDescent,
} from '../../../consumer/lock/lock.ts';
import { lockKey, readLock, updateLock } from '../../../consumer/lock/lock-file.ts';
import type { LockFormat } from '../../../consumer/lock/formats.ts';
import type { LockEntry } from '../../../consumer/lock/lock-file.ts';
import { LOCK_FILE } from '../../../consumer/lock/lock-name.ts';
import { parseToolRequest } from '../../../consumer/tool.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import { withConsumer } from '../../wiring/settings/consumer-options.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import type { Cell } from '../../screens/table.ts';

type Options = ValuesOf<'consumer', 'lock'>;

/** `lock TOOL@RANGE...`, `lock --update [TOOL]`, `lock --check`. */
export const lock: Handler<Options> = async (args, options, context) => {
  const { update } = options;
  if (update !== undefined && options.check === true) {
    fail('E_USAGE', '--update and --check do different things', { hint: 'give one of them' });
  }
  if (options.check === true) {
    if (args.length > 0) fail('E_USAGE', '--check looks at the whole lock file', { hint: 'pullthrough lock --check' });
    return check(await requireLock(context), options, context);
  }
  if (update !== undefined) {
    const entries = await requireLock(context);
    const tools = update === true ? args : [update, ...args];
    const { source } = await loadConfig(options, context.cwd);
    const wanted = tools.length === 0 ? entries : tools.flatMap((tool) => findEntries(entries, tool, source.host));
    return write(
      entries,
      wanted.map((entry) => ({ request: requestOf(entry), range: entry.range, before: entry })),
      options,
      context,
    );
  }
  if (options.format !== undefined && args.length === 0) return print(options.format, context);
  if (args.length === 0) {
    fail('E_USAGE', 'nothing to lock was named', {
      hint: 'pullthrough lock owner/repo@RANGE, lock --update or lock --check',
    });
  }
  const requests = args.map((text) => ({ request: text, range: parseToolRequest(text, 'github.com').wanted }));
  await write((await readLock(lockPath(context))) ?? [], requests, options, context);
  if (options.format !== undefined) await print(options.format, context);
};

/** What is locked, in a form that another tool reads. */
async function print(format: LockFormat, context: CommandContext): Promise<void> {
  const { lockAs } = await import('../../../consumer/lock/formats.ts');
  const text = lockAs(format, await requireLock(context));
  context.output.results({ format, text });
  context.output.raw(text);
}

function lockPath({ cwd }: CommandContext): string {
  return join(cwd, LOCK_FILE);
}

/** The lock file here. Throws `E_LOCK_FILE` where there is none. */
export async function requireLock(context: CommandContext): Promise<LockEntry[]> {
  return (
    (await readLock(lockPath(context))) ??
    fail('E_LOCK_FILE', `there is no ${LOCK_FILE} here`, { hint: 'pullthrough lock owner/repo@RANGE writes one' })
  );
}

interface Request {
  readonly request: string;
  readonly range: string;
  /** The entry that is being looked up again. */
  readonly before?: LockEntry;
}

/** All or nothing: the file changes only when every request was met. */
async function write(
  entries: readonly LockEntry[],
  requests: readonly Request[],
  options: Options,
  context: CommandContext,
): Promise<void> {
  const path = lockPath(context);
  await withConsumer(options, context, async (consumer) => {
    const view = await consumer.view();
    await requireDescent(
      view,
      requests.flatMap(({ before }) => before ?? []),
    );
    const found: { before: LockEntry | undefined; now: LockEntry }[] = [];
    for (const { request, range, before } of requests) {
      context.signal.throwIfAborted();
      const now = lockEntry(await consumer.verify(request), range);
      found.push({ before: before ?? entries.find((entry) => lockKey(entry) === lockKey(now)), now });
    }
    // An entry that a new range replaces also remembers the ledger's state.
    await requireDescent(
      view,
      found.flatMap(({ before }) => before ?? []),
    );
    // Reads the file again: another run may have added its own entries by now.
    const { before, now } = await updateLock(path, (current) => {
      const same = (entry: LockEntry) => current.find((other) => lockKey(other) === lockKey(entry));
      return putEntries(
        current,
        found.map((one) => ({ before: one.before && same(one.before), now: one.now })),
      );
    });
    context.output.results({ file: path, entries: now });
    show(before, now, context);
  });
}

function show(before: readonly LockEntry[], now: readonly LockEntry[], { output }: CommandContext): void {
  const changed = now.filter((entry) => !before.includes(entry));
  if (changed.length === 0) output.note(`${LOCK_FILE} is as it was`);
  output.table({
    title: LOCK_FILE,
    head: ['tool', 'range', 'was', 'is'],
    rows: changed.map((entry): Cell[] => {
      const old = before.find((other) => lockKey(other) === lockKey(entry));
      return [entry.tool, entry.range, old?.tag ?? '', entry.tag];
    }),
  });
}

async function check(entries: readonly LockEntry[], options: Options, context: CommandContext): Promise<void> {
  const { output } = context;
  const problems = await withConsumer(options, context, async (consumer) => {
    const found = await checkLock(await consumer.view(), entries, consumer.demand);
    return Promise.all(found.map(async (problem) => ({ ...problem, message: await consumer.reasons(problem) })));
  });
  output.results({ file: lockPath(context), entries, problems });
  for (const { tool, tag, code, message, hint } of problems) {
    output.problem(new PullthroughError(code, message, { hint }), `${tool}@${tag}`);
  }
  const [first] = problems;
  if (first !== undefined) {
    const which = entries.length === 1 ? 'the entry' : `${problems.length} of the ${entries.length} entries`;
    fail(first.code, `${which} of ${LOCK_FILE} must not be used`, { hint: 'see above for each' });
  }
  const all = entries.length === 1 ? 'the entry of' : `all ${entries.length} entries of`;
  output.line(`${all} ${LOCK_FILE} ${entries.length === 1 ? 'is' : 'are'} acknowledged`, 'good');
}
