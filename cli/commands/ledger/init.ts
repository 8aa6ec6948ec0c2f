import { programSource } from '../../../io/program-source.ts';
import { resolve } from 'node:path';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { initLedger } from '../../../owner/init.ts';
import type { InitialKey } from '../../../owner/init.ts';
import { ledgerExtras, parseCodeOwner, protectionLine } from '../../../owner/templates.ts';
import type { Role } from '../../../ledger-schema/trust.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { openSignerIfAny } from '../../wiring/signing.ts';
import { NOBODY, parseExpiry, readNamedKey } from './trust.ts';

type Options = ValuesOf<'ledger', 'ledger init'>;

const FLAGS = [
  ['root', 'roots', 'a root holder: who signs policies'],
  ['executor', 'executors', 'the executor: the bot that proposes records'],
  ['reviewer', 'reviewers', 'a reviewer: who acknowledges records'],
] as const;

/** `ledger init DIR`: asks what it needs at a terminal, takes flags elsewhere. */
export const ledgerInit: Handler<Options> = async ([directory = ''], options, context) => {
  const keys: InitialKey[] = [];
  for (const [flag, role, what] of FLAGS) {
    const read = (text: string) => initialKey(text, flag, role, context);
    const given = options[flag];
    if (given === undefined) keys.push(...(await askFor(what, flag, read, context)));
    else for (const text of given) keys.push(await read(text));
  }
  const codeOwners = (options['code-owner'] ?? []).map(parseCodeOwner);
  const signer = await openSignerIfAny(options, context);
  const path = resolve(context.cwd, directory);
  const program = programSource();
  const made = await initLedger({
    directory: path,
    bare: options.bare === true,
    branch: 'main',
    author: NOBODY,
    env: context.env,
    keys,
    now: context.now,
    rootThreshold: options['root-threshold'] ?? 1,
    reviewerThreshold: options.threshold ?? 1,
    expires: parseExpiry(options.expires ?? '365d', context.now) ?? '',
    signers: signer === undefined ? [] : [signer],
    extras: ledgerExtras({ program, codeOwners }),
  });
  const { output } = context;
  output.line(`the ledger is in ${directory}`, 'good');
  output.line(`pin = sha256:${made.pin}`);
  if (made.missing > 0) {
    output.warn(`policy 1 needs ${made.missing} more signature${made.missing === 1 ? '' : 's'} by root holders`);
    output.note('each of them signs with: pullthrough trust sign --gpg');
  }
  if (!program.known) {
    output.note(
      'its workflows install what PULLTHROUGH_URL and PULLTHROUGH_SHA256 name: set these variables, as its README says',
    );
  }
  output.note('on GitHub, protect its branch once it is pushed (this line is not run here):');
  output.note(`  ${protectionLine('OWNER/REPO')}`);
  if (codeOwners.length === 0) {
    output.note('put into .github/CODEOWNERS who reviews changes of its workflows, or name them with --code-owner');
  }
  output.results({ directory: path, ...made });
};

async function initialKey(text: string, flag: string, role: Role, context: CommandContext): Promise<InitialKey> {
  return { role, ...(await readNamedKey(text, flag, context)) };
}

/** One or more `NAME=FILE`, by questions; what can't be read is said at once, and asked for again. */
async function askFor(
  what: string,
  flag: string,
  read: (text: string) => Promise<InitialKey>,
  context: CommandContext,
): Promise<InitialKey[]> {
  if (!context.interactive) {
    fail('E_USAGE', `--${flag} NAME=FILE is missing: ${what}`, { hint: `--${flag} ada=ada.asc, once for each` });
  }
  const keys: InitialKey[] = [];
  for (;;) {
    const more = keys.length === 0 ? '' : ' (empty: no more)';
    const answer = await context.ask(`${what}, as NAME=FILE of the public key${more}:`);
    if (answer === '' && keys.length > 0) return keys;
    if (answer === '') continue;
    try {
      keys.push(await read(answer));
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.exit !== 2) throw error;
      context.output.problem(error);
    }
  }
}
