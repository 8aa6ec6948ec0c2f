import { stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fail } from '../../../ledger-schema/error.ts';
import { holdersOf } from '../../../ledger-schema/holders.ts';
import type { Consumer } from '../../../consumer/consumer.ts';
import type { EvidenceFile } from '../../../consumer/evidence/write-evidence.ts';
import type { GetRequest, GotFile, VerifiedRelease } from '../../../consumer/index.ts';
import { LOCK_FILE } from '../../../consumer/lock/lock-name.ts';
import { parsePlatform } from '../../../consumer/download/platform.ts';
import { parseToolRequest } from '../../../consumer/tool.ts';
import { systemCode } from '../../../io/io-error.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { configPath } from '../../wiring/settings/config.ts';
import { withConsumer } from '../../wiring/settings/consumer-options.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import type { Cell } from '../../screens/table.ts';
import { bytesText } from '../../screens/units.ts';

export type GetFlags = ValuesOf<'consumer', 'get'>;

/** `get TOOL@TAG [ASSET...]` */
export const get: Handler<GetFlags> = async (args, options, context) => {
  const [tool, ...patterns] = args;
  if (tool === undefined) fail('E_USAGE', 'no tool was named', { hint: 'pullthrough get owner/repo@TAG [ASSET...]' });
  parseToolRequest(tool, 'github.com');
  const request = await getRequest(patterns, options, context);
  const action = async (consumer: Consumer): Promise<void> => {
    const { release, files } = await consumer.get(tool, request);
    const evidence = await getEvidence(consumer, release, options, context);
    context.output.results({ release, files, ...(evidence === undefined ? {} : { evidence }) });
    const who = holdersOf(release.acks).join(', ');
    context.output.line(`${shortName(release.tool)} ${release.tag}, acknowledged by ${who}`, 'good');
    showFiles(files, context);
    for (const { path } of evidence ?? []) context.output.line(`evidence  ${relative(context.cwd, path)}`, 'good');
  };
  await withConsumer(options, context, action, { bytes: true });
};

/** `--evidence DIR`: verified, then written. */
async function getEvidence(
  consumer: Consumer,
  release: VerifiedRelease,
  { evidence, force }: GetFlags,
  { cwd }: CommandContext,
): Promise<EvidenceFile[] | undefined> {
  if (evidence === undefined) return undefined;
  const verified = await consumer.verifyEvidence(release);
  const { writeEvidence } = await import('../../../consumer/evidence/write-evidence.ts');
  return writeEvidence(resolve(cwd, evidence), release.evidence ?? [], verified, { replace: force });
}

/** `jqlang/jq`; with the host in front when that isn't GitHub. */
export function shortName(tool: string): string {
  return tool.replace(/^github\.com\//, '');
}

/** What the flags ask for. Throws `E_USAGE` for an unknown platform, `E_INPUT` for an output that is not a folder. */
export async function getRequest(
  patterns: readonly string[],
  options: GetFlags,
  context: CommandContext,
): Promise<GetRequest> {
  if (patterns.includes('')) fail('E_USAGE', 'an ASSET is empty', { hint: 'name a file or a glob, or none for all' });
  if (options.unpack === true && options.as !== undefined) {
    fail('E_USAGE', '--as names one file, and --unpack brings those of an archive', { hint: 'use one of the two' });
  }
  const output = resolve(context.cwd, options.output ?? '.');
  await requireFolderOrNothing(output);
  return {
    patterns,
    platform: options.platform === undefined ? undefined : parsePlatform(options.platform),
    tool: options.tool,
    onTranslated: (name) =>
      context.output.warn(`${name} is for Intel, and runs by Rosetta: the release has nothing for Apple silicon`),
    ask: context.interactive ? (names) => choose(names, context) : undefined,
    output,
    executable: options.executable,
    as: options.as,
    unpack: options.unpack,
    replace: options.force,
    keep: [configPath(options, context.cwd), join(context.cwd, LOCK_FILE)],
  };
}

/** A folder that doesn't exist yet is made later. */
async function requireFolderOrNothing(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => systemCode(error));
  const other = typeof found === 'object' ? !found.isDirectory() : found === 'ENOTDIR';
  if (other)
    fail('E_INPUT', `--output: ${path} is not a folder, and no folder can be made there`, { hint: 'name another one' });
}

async function choose(names: readonly string[], context: CommandContext): Promise<string> {
  const answer = await context.ask(
    `which one? [1-${names.length}]`,
    names.map((name, i) => `${i + 1}  ${name}`),
  );
  return (
    names[Number(answer) - 1] ??
    names.find((name) => name === answer) ??
    fail('E_USAGE', 'that is not one of them', { hint: `answer by a number from 1 to ${names.length}` })
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
