import { relative, resolve } from 'node:path';
import { fail } from '../ledger-schema/error.ts';
import type { GetRequest, GotFile } from '../consumer/index.ts';
import { parsePlatform } from '../consumer/platform.ts';
import { parseToolRequest } from '../consumer/tool.ts';
import type { ValuesOf } from './commands/index.ts';
import { withConsumer } from './consumer-options.ts';
import type { CommandContext, Handler } from './context.ts';
import type { Cell } from './table.ts';
import { bytesText } from './units.ts';

export type GetFlags = ValuesOf<'consumer', 'get'>;

/** `get TOOL@TAG [ASSET...]` */
export const get: Handler<GetFlags> = async (args, options, context) => {
  const [tool, ...patterns] = args;
  if (tool === undefined) fail('E_USAGE', 'no tool was named', { hint: 'pullthrough get owner/repo@TAG [ASSET...]' });
  parseToolRequest(tool, 'github.com');
  const request = getRequest(patterns, options, context);
  await withConsumer(options, context, async (consumer) => {
    const { release, files } = await consumer.get(tool, request);
    context.output.results({ release, files });
    showFiles(files, context);
  });
};

/** What the flags ask for. Throws `E_USAGE` for a platform that is none. */
export function getRequest(patterns: readonly string[], options: GetFlags, context: CommandContext): GetRequest {
  return {
    patterns,
    platform: options.platform === undefined ? undefined : parsePlatform(options.platform),
    ask: context.interactive ? (names) => choose(names, context) : undefined,
    output: resolve(context.cwd, options.output ?? '.'),
    executable: options.executable,
  };
}

async function choose(names: readonly string[], context: CommandContext): Promise<string> {
  for (const [i, name] of names.entries()) context.output.note(`${i + 1}  ${name}`);
  const answer = await context.ask(`which one? [1-${names.length}]`);
  return (
    names[Number(answer) - 1] ??
    names.find((name) => name === answer) ??
    fail('E_USAGE', 'that is none of them', { hint: `answer by a number from 1 to ${names.length}` })
  );
}

export function showFiles(files: readonly GotFile[], { output, cwd }: CommandContext): void {
  output.table({
    title: 'files',
    head: ['', 'SHA-256', 'size', 'file'],
    rows: files.map(({ state, sha256, size, path }): Cell[] => [
      { text: state === 'present' ? 'already here' : 'verified', tone: 'good' },
      sha256,
      bytesText(size),
      relative(cwd, path),
    ]),
  });
}
