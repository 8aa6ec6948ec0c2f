import { resolve } from 'node:path';
import { typed } from '../../../io/shell.ts';
import { readFileBounded } from '../../../io/files/file.ts';
import { brief } from '../../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { KEY_BYTES } from '../../../ledger-schema/openpgp/openpgp.ts';
import type { KeyFile } from '../../../ledger-schema/openpgp/openpgp.ts';
import { keyProblems } from '../../../ledger-schema/openpgp/keyring.ts';
import type { Role, Trust } from '../../../ledger-schema/trust.ts';
import { toListedKey } from '../../../ledger/policy/policy-edit.ts';
import type { Grant } from '../../../ledger/policy/policy-edit.ts';
import { roleKeys } from '../../../ledger/policy/role-keys.ts';
import { policyInWords } from '../../../ledger/policy/policy-words.ts';
import { policyToSign, proposePolicy, signPolicy } from '../../../ledger/policy/rotation.ts';
import { trustBranch } from '../../../ledger-schema/names/branches.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { namedNotifiers, notify } from '../../wiring/notify.ts';
import { withOwner } from '../../wiring/reviewer-context.ts';
import type { OpenedReviewer } from '../../wiring/reviewer-context.ts';
import { chooseSigner, openSignerIfAny } from '../../wiring/signing.ts';
import { proposeTrustPull } from './trust-pull.ts';
import { readUsableKey } from '../../../ledger/signing/usable-key.ts';
import { openView } from '../../../ledger/view/view.ts';
import { instantText } from '../../../ledger-schema/fields.ts';

/** Who makes commits where `[ledger] author` doesn't say. */
export const NOBODY = { name: 'pullthrough', email: 'pullthrough@localhost' };

/** The key file of a person or a bot, as `NAME=FILE` names it. */
export interface NamedKey {
  readonly holder: string;
  readonly key: KeyFile;
  /** In the canonical form of a key file. */
  readonly bytes: Uint8Array;
}

/** Reads `NAME=FILE`. Throws `E_USAGE`, `E_INPUT`. */
export async function readNamedKey(text: string, flag: string, context: CommandContext): Promise<NamedKey> {
  const [, holder, path] = /^([a-z][a-z0-9-]{0,62})=(.+)$/.exec(text) ?? [];
  if (holder === undefined || path === undefined) {
    fail('E_USAGE', `--${flag} is NAME=FILE, with a name of a-z, 0-9 and -`, { hint: `--${flag} ada=ada.asc` });
  }
  return { holder, ...(await readPublicKey(path, context)) };
}

async function readPublicKey(path: string, context: CommandContext): Promise<Omit<NamedKey, 'holder'>> {
  const file = await readFileBounded(resolve(context.cwd, path), 4 * KEY_BYTES);
  if (file === undefined) fail('E_INPUT', `no such key file: ${path}`, { hint: 'check the path' });
  return readUsableKey(file, path, context.now);
}

/** `trust show` */
export const trustShow: Handler<ValuesOf<'ledger', 'trust show'>> = (_, options, context) =>
  withOwner(options, context, async ({ reviewer }) => {
    const { trust } = await openView(reviewer);
    const { output, now } = context;
    for (const line of policyInWords(trust.policy, now)) output.line(line);
    output.line(`pin = sha256:${trust.sha256}`);
    const problems = await keyProblems(trust.policy, trust.keyring, now);
    for (const problem of problems) output.warn(problem);
    const next = trustBranch(trust.version + 1);
    const proposed = reviewer.ledger.branches().has(next) ? next : undefined;
    if (proposed !== undefined) output.note(`policy ${trust.version + 1} is proposed on the branch ${proposed}`);
    const { version, sha256, expired, policy } = trust;
    output.results({ version, sha256, expired, policy, problems, proposed: proposed ?? null });
  });

/** `trust propose` */
export const trustPropose: Handler<ValuesOf<'ledger', 'trust propose'>> = async (_, options, context) => {
  const grants: Grant[] = [];
  const keys: Omit<NamedKey, 'holder'>[] = [];
  const roles = { 'add-executor': 'executors', 'add-reviewer': 'reviewers', 'add-root': 'roots' } as const;
  for (const [flag, role] of Object.entries(roles) as [keyof typeof roles, Role][]) {
    for (const text of options[flag] ?? []) {
      const named = await readNamedKey(text, flag, context);
      grants.push({ role, holder: named.holder, key: toListedKey(named.key) });
      keys.push(named);
    }
  }
  const copies: Omit<NamedKey, 'holder'>[] = [];
  for (const path of options['replace-key'] ?? []) copies.push(await readPublicKey(path, context));
  const revoke = (options.remove ?? []).map(parseRevocation);
  const signer = await openSignerIfAny(options, context);
  await withOwner(options, context, async ({ config, reviewer }) => {
    const { trust } = await openView(reviewer);
    const proposed = await proposePolicy({
      repository: reviewer.ledger,
      trust,
      edits: {
        grants,
        copies: copies.map(({ key }) => toListedKey(key)),
        revoke,
        rootThreshold: options['root-threshold'],
        reviewerThreshold: options.threshold,
        expires: parseExpiry(options.expires, context.now),
      },
      retire: options.retire ?? [],
      keys: [...keys, ...copies],
      signer,
      author: config.ledger.author ?? NOBODY,
    });
    const { output } = context;
    output.line(`policy ${proposed.version} is proposed on the branch ${proposed.branch}`, 'good');
    for (const change of proposed.changes) output.line(`  ${change}`);
    const pull = await proposeTrustPull(reviewer, proposed);
    if (pull !== undefined) output.line(`  ${pull.url}`);
    output.note(
      `root holders sign it with: pullthrough trust sign; to merge it: ${typed`pullthrough ledger merge ${proposed.branch}`}`,
    );
    output.results({ ...proposed, pull: pull ?? null });
    const { branch, commit, version } = proposed;
    await notify(namedNotifiers(config, options, output), context, [
      { event: 'policy-proposed', title: `trust policy ${version}`, branch, commit, pull },
    ]);
  });
};

/** `trust sign`: shows what the policy changes, and asks at a terminal, before anything is signed. */
export const trustSign: Handler<ValuesOf<'ledger', 'trust sign'>> = async (_, options, context) => {
  const choice = await chooseSigner(options, context);
  await withOwner(options, context, async ({ config, reviewer }) => {
    const { ledger: repository, branch: mainBranch } = reviewer;
    const { output, now } = context;
    const trust = await trustIfAny(reviewer);
    const proposed = await policyToSign({ repository, mainBranch, trust, now });
    const { version, changes } = proposed;
    const policies = [proposed.policy, ...(trust === undefined ? [] : [trust.policy])];
    const signer = await choice.by(() => Promise.resolve(roleKeys(policies, 'roots')));
    const lines = [`policy ${version}, on ${proposed.branch}:`];
    for (const change of changes.length === 0 ? ['nothing changes'] : changes) lines.push(`  ${change}`);
    for (const line of lines) output.line(line);
    // Nobody is asked to sign what was not shown.
    const about = output.json ? lines : [];
    if (context.interactive && !/^y(?:es)?$/i.test(await context.ask(`sign policy ${version}? [y/N]`, about))) {
      fail('E_CONFIRM', `policy ${version} was not signed`, { hint: 'run it again, and answer y to sign it' });
    }
    const author = config.ledger.author ?? NOBODY;
    const signed = await signPolicy({ repository, trust, now, proposed, signer, author });
    output.line(`policy ${version} has the signature of ${signer.fingerprint}, on ${signed.branch}`, 'good');
    output.results({ ...signed, changes, fingerprint: signer.fingerprint });
    const { branch, commit } = signed;
    await notify(namedNotifiers(config, options, output), context, [
      { event: 'policy-signed', title: `trust policy ${version}`, branch, commit },
    ]);
  });
};

/** Undefined for a ledger whose own roots have not all signed policy 1 yet. */
async function trustIfAny(reviewer: OpenedReviewer['reviewer']): Promise<Trust | undefined> {
  try {
    return (await openView(reviewer)).trust;
  } catch (error) {
    const unsigned = error instanceof PullthroughError && error.code === 'E_POLICY_THRESHOLD';
    if (unsigned && reviewer.pin === undefined) return undefined;
    throw error;
  }
}

function parseRevocation(text: string): { role: Role; holder: string } {
  const [, role, holder] = /^(roots|executors|reviewers):([a-z][a-z0-9-]{0,62})$/.exec(text) ?? [];
  if (role === undefined || holder === undefined) {
    fail('E_USAGE', '--remove is ROLE:NAME, with roots, executors or reviewers', { hint: '--remove reviewers:linus' });
  }
  return { role: role as Role, holder };
}

const DAY = 86_400_000;

/** `YYYY-MM-DD`, or a number of days from now as `365d`, in the form that the policy uses. Throws `E_USAGE`. */
export function parseExpiry(text: string | undefined, now: Date): string | undefined {
  if (text === undefined) return undefined;
  const days = /^([1-9][0-9]{0,3})d$/.exec(text)?.[1];
  const time = days === undefined ? parseDate(text) : now.getTime() + Number(days) * DAY;
  if (Number.isNaN(time) || time <= now.getTime()) {
    fail('E_USAGE', `--expires: ${brief(text)} is not a date in the future`, {
      hint: 'write YYYY-MM-DD, or days as 365d',
    });
  }
  return instantText(time);
}

/** NaN for a day that isn't in the calendar: Date takes the 31st of February for the 3rd of March. */
function parseDate(text: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text) ? time : NaN;
}
