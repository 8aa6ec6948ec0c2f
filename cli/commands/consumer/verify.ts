import { resolve } from 'node:path';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { holdersOf } from '../../../ledger-schema/holders.ts';
import type { Signed, VerifiedRelease } from '../../../consumer/index.ts';
import type { Consumer } from '../../../consumer/consumer.ts';
import { isFileArgument, parseToolRequest } from '../../../consumer/tool.ts';
import type { Inventory } from '../../../consumer/verify/inventory.ts';
import type { FileVerdict } from '../../../consumer/verify/verify-file.ts';
import { withConsumer } from '../../wiring/settings/consumer-options.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Output } from '../../screens/output.ts';
import type { Cell } from '../../screens/table.ts';
import { bytesText, countText } from '../../screens/units.ts';

/** Somebody may have put thousands of files there. */
const SHOWN_IGNORED = 20;

type Options = ValuesOf<'consumer', 'verify'>;

/** `verify TOOL@TAG`, `verify FILE…`, `verify --all DIR`. */
export const verify: Handler<Options> = async (args, options, context) => {
  if (options.evidence === true && (options.all !== undefined || args.every(isFileArgument))) {
    fail('E_USAGE', '--evidence is about releases', { hint: 'pullthrough verify owner/repo@TAG --evidence' });
  }
  if (options.all !== undefined) {
    if (args.length > 0) fail('E_USAGE', '--all takes no other argument', { hint: 'verify --all DIR' });
    const folder = resolve(context.cwd, options.all);
    return withConsumer(options, context, async (consumer) =>
      showInventory(await consumer.verifyFolder(folder, options['ignore-links'] === true), context.output),
    );
  }
  if (args.length === 0) {
    fail('E_USAGE', 'nothing to verify was named', { hint: 'pullthrough verify owner/repo@TAG, ./FILE or --all DIR' });
  }
  // Found before any request
  for (const arg of args) if (!isFileArgument(arg)) parseToolRequest(arg, 'github.com');
  const paths = args.filter(isFileArgument).map((path) => resolve(context.cwd, path));
  if (paths.length > 0) await (await import('../../../consumer/verify/hashed-file.ts')).requireFiles(paths);
  await withConsumer(options, context, (consumer) =>
    verifyEach(args, paths, consumer, context, options.evidence === true),
  );
};

async function verifyEach(
  args: readonly string[],
  paths: readonly string[],
  consumer: Consumer,
  { output, signal }: CommandContext,
  evidence: boolean,
): Promise<void> {
  const releases: VerifiedRelease[] = [];
  const problems: { argument: string; error: PullthroughError }[] = [];
  const attempt = async (argument: string, action: () => Promise<void>) => {
    signal.throwIfAborted();
    try {
      await action();
    } catch (error) {
      if (!(error instanceof PullthroughError) || args.length === 1) throw error;
      output.problem(error, argument);
      problems.push({ argument, error });
    }
  };
  for (const argument of args.filter((arg) => !isFileArgument(arg))) {
    await attempt(argument, async () => {
      const found = await consumer.verify(argument);
      const verified = evidence && found.statements === undefined ? await consumer.verifyEvidence(found) : undefined;
      const release = verified === undefined ? found : { ...found, statements: verified.statements };
      releases.push(release);
      showRelease(release, output);
    });
  }
  const files = paths.length === 0 ? [] : await consumer.verifyFiles(paths);
  // A refused file ends the command, but is a result too.
  if (files.length > 0) output.results({ files });
  for (const file of files) {
    await attempt(file.path, async () => {
      const { requireFile } = await import('../../../consumer/verify/verify-file.ts');
      showFile(requireFile(file), output);
    });
  }
  output.results({
    ...(releases.length > 0 ? { releases } : {}),
    ...(problems.length > 0
      ? {
          problems: problems.map(({ argument, error: { code, message, hint } }) => ({ argument, code, message, hint })),
        }
      : {}),
  });
  failIfAny(
    problems.map(({ error }) => error),
    args.length,
  );
}

/** What isn't trusted outweighs what failed. */
function failIfAny(errors: readonly PullthroughError[], of: number): void {
  const worst = errors.find((error) => error.exit === 3) ?? errors[0];
  if (worst === undefined) return;
  fail(worst.code, `${errors.length} of ${of} could not be verified`, { hint: 'see above for each', cause: worst });
}

/** Who signed and acknowledged a release, and its files. */
function showRelease(release: VerifiedRelease, output: Output): void {
  const { tool, tag, policy, ledger, signedBy, acks, assets } = release;
  output.line(`${tool}@${tag} is acknowledged`, 'good');
  output.line(`  signed by  ${signer(signedBy)}`);
  for (const ack of acks) output.line(`  acked by   ${signer(ack)}`);
  output.line(`  policy     ${policy.version}, until ${policy.expires}`);
  output.line(`  ledger     ${ledger.repository}, commit ${ledger.commit}`);
  showEvidence(release, output);
  output.table({
    title: `${tool}@${tag}`,
    head: ['SHA-256', 'size', 'file'],
    rows: assets.map(({ sha256, size, name }): Cell[] => [sha256, bytesText(size), name]),
  });
  for (const { path, message } of release.ignored.slice(0, SHOWN_IGNORED))
    output.warn(`${path} does not count: ${message}`);
  const unsaid = release.ignored.length - SHOWN_IGNORED;
  if (unsaid > 0) output.warn(`${unsaid} more files of it do not count`);
}

/** One line per statement: named by the record, or verified here. */
function showEvidence({ evidence = [], statements, assets }: VerifiedRelease, output: Output): void {
  if (statements === undefined) {
    for (const { kind, signer: by } of evidence) {
      if (by !== undefined && kind !== 'key') output.line(`  evidence   ${kind} by ${by} (named, not verified here)`);
    }
    return;
  }
  for (const { kind, predicate, signer: by, signedAt, files } of statements) {
    const when = signedAt === undefined ? '' : `, ${signedAt}`;
    output.line(
      `  evidence   ${predicate ?? kind} by ${by}${when}: verified, covers ${files.length} of ${assets.length} files`,
      'good',
    );
  }
  if (statements.length === 0) output.line('  evidence   the record names none');
}

function signer({ holder, fingerprint, former }: Signed): string {
  return `${holder === fingerprint ? '' : `${holder}, `}${fingerprint}${former ? ' (a former key)' : ''}`;
}

function showFile(file: FileVerdict, output: Output): void {
  for (const { asset, release } of file.releases) {
    const { tool, tag, acks } = release;
    const who = holdersOf(acks).join(', ');
    output.line(`${file.path} is ${asset} of ${tool}@${tag}, acknowledged by ${who}`, 'good');
  }
  if (file.more !== undefined) output.line(`  and of ${countText(file.more, 'more release')}`);
  warnOfOthers(file, output);
}

/** A file may be acknowledged by one record and withdrawn by another. */
function warnOfOthers({ path, problems }: FileVerdict, output: Output): void {
  for (const { message } of problems) output.warn(`${path}: its bytes are also in another record: ${message}`);
}

/** One line per file, whatever it is; fails when any is not acknowledged, or could not be looked at. */
function showInventory({ files, unread }: Inventory, output: Output): void {
  output.results({ files, unread: unread.map(({ path, error: { code, message } }) => ({ path, code, message })) });
  output.table({
    title: 'inventory',
    head: ['state', 'release', 'file'],
    rows: [
      ...files.map((file): Cell[] => {
        const [first] = file.releases;
        const release = first === undefined ? '' : `${first.release.tool}@${first.release.tag}`;
        return [{ text: file.state, tone: file.state === 'acknowledged' ? 'good' : 'bad' }, release, file.path];
      }),
      ...unread.map(({ path }): Cell[] => [{ text: 'unread', tone: 'bad' }, '', path]),
    ],
  });
  for (const file of files) if (file.state === 'acknowledged') warnOfOthers(file, output);
  for (const { path, error } of unread) output.warn(`${path}: ${error.message}`);
  if (files.length + unread.length === 0) output.note('there is no file');
  const bad = files.filter(({ state }) => state !== 'acknowledged');
  const [first] = bad.flatMap(({ problems }) => problems);
  if (bad.length > 0) {
    fail(first?.code ?? 'E_NOT_FOUND', `${bad.length} of ${files.length} files are not acknowledged`, {
      hint: 'pullthrough verify ./FILE says why for each',
    });
  }
  if (unread.length === 0) return;
  fail('E_IO', `${countText(unread.length, 'path')} could not be looked at, and may be anything`, {
    hint: 'see the warnings for each; --ignore-links leaves links out',
  });
}
