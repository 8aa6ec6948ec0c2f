import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { Clone } from './clone.ts';
import { listedBranches } from './fetch.ts';
import type { GitResult } from './process/git.ts';
import { REMOTE, remoteError, shownStderr } from './remote.ts';

/** One branch of the ledger, moved only from where it is believed to be. */
export interface BranchUpdate {
  /** Without `refs/heads/`. */
  readonly branch: string;
  /** The commit to move it to; undefined removes it. */
  readonly to: string | undefined;
  /** The commit it must be at now; undefined: it must not be there. */
  readonly from: string | undefined;
}

/** What git and its hosts say of a ref that isn't where it was believed to be. */
const MOVED = [
  /stale info/,
  /fetch first/,
  /non-fast-forward/,
  /reference already exists/,
  /is at [0-9a-f]{40,64} but expected/,
  /incorrect old value/,
  /remote ref does not exist/,
  /unable to resolve reference/,
  /failed to update ref/,
];

/** What a ref's name may not hold; `git check-ref-format` has the same rules. */
export function isBranchName(name: string): boolean {
  return (
    name.length <= 250 &&
    !/[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\.$|\/$|^\/|^@$/.test(name) &&
    name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
  );
}

/**
 * Pushes commits of the clone. All updates or none where the host can (`--atomic`), else one after the other. A branch
 * that is already where it should be is not an error. Throws `E_MOVED`, `E_CREDENTIAL`, `E_LEDGER_UNREACHABLE`,
 * `E_GIT`.
 */
export async function push(clone: Clone, updates: readonly BranchUpdate[]): Promise<void> {
  for (const { branch } of updates) if (!isBranchName(branch)) fail('E_GIT', `git knows no branch named ${branch}`);
  const wanted = updates.filter(({ from, to }) => from !== undefined || to !== undefined);
  if (wanted.length === 0) return;
  const result = await run(clone, wanted);
  if (wanted.length > 1 && /does not support --atomic/.test(result.stderr)) {
    for (const update of wanted) await settle(clone, await run(clone, [update]), [update]);
    return;
  }
  await settle(clone, result, wanted);
}

/**
 * Another process may push at the same moment, between the two looks that git takes; hosts say that in many words. What is
 * there then decides: the very same is no error, and anything else than what was seen has moved.
 */
async function settle(clone: Clone, result: GitResult, updates: readonly BranchUpdate[]): Promise<void> {
  try {
    judge(clone, result);
  } catch (error) {
    if (!(error instanceof PullthroughError) || !['E_MOVED', 'E_GIT'].includes(error.code)) throw error;
    const there = await whereAre(clone, updates);
    if (there === undefined) throw error;
    if (updates.every(({ branch, to }) => to !== undefined && there.get(branch) === to)) return;
    const other = updates.find(({ branch, from }) => there.get(branch) !== from);
    throw other === undefined || error.code === 'E_MOVED' ? error : moved(other.branch, error);
  }
}

/** The branches as they are now; undefined where the host doesn't say. */
async function whereAre(clone: Clone, updates: readonly BranchUpdate[]): Promise<Map<string, string> | undefined> {
  const { exitCode, stdout } = await clone.network([
    'ls-remote',
    REMOTE,
    ...updates.map(({ branch }) => `refs/heads/${branch}`),
  ]);
  return exitCode === 0 ? listedBranches(stdout) : undefined;
}

function moved(branch: string, cause?: unknown): PullthroughError {
  return new PullthroughError('E_MOVED', `the branch ${branch} of the ledger moved since it was read`, {
    hint: 'run it again: it looks at what is there now',
    cause,
  });
}

/** A branch that nobody has; it is never made. */
const PROBE = 'pullthrough/may-i-push';

/**
 * Asks the host whether we may push at all, and changes nothing. Throws `E_CREDENTIAL`, `E_LEDGER_UNREACHABLE`,
 * `E_GIT`.
 */
export async function requirePush(clone: Clone, commit: string): Promise<void> {
  const result = await clone.network([
    'push',
    '--dry-run',
    '--porcelain',
    '--no-verify',
    REMOTE,
    `${commit}:refs/heads/${PROBE}`,
  ]);
  judge(clone, result);
}

/** What git says when it would have to send something that a partial clone doesn't have. */
const LACKING = /^fatal: (?:bad (?:\w+ )?object|unable to read|missing \w+ object)|pack-objects died/m;

async function run(clone: Clone, updates: readonly BranchUpdate[]): Promise<GitResult> {
  const args = ['push', '--porcelain', '--no-verify', '--no-thin'];
  if (updates.length > 1) args.push('--atomic');
  for (const { branch, from } of updates) args.push(`--force-with-lease=refs/heads/${branch}:${from ?? ''}`);
  args.push(REMOTE);
  for (const { branch, to } of updates) args.push(`${to ?? ''}:refs/heads/${branch}`);
  const result = await clone.network(args);
  if (result.exitCode === 0 || !LACKING.test(result.stderr)) return result;
  // The ledger has moved on. Finding out what it shares with a commit made on an older head takes one more
  // conversation; otherwise all of that head would have to be sent, which a partial clone doesn't even have.
  return clone.network(args, { config: [['push.negotiate', 'true']] });
}

function judge(clone: Clone, result: GitResult): void {
  const refused = result.stdout.split('\n').filter((line) => line.startsWith('!'));
  // With --atomic the refs that would have been taken are rejected as well; they say nothing.
  const reasons = refused
    .map((line) => line.split('\t'))
    .filter((fields) => !/atomic push failed/.test(fields[2] ?? ''));
  for (const [, refs = '', reason = ''] of reasons) {
    const branch = refs.slice(refs.indexOf(':') + 1).replace('refs/heads/', '');
    // A branch that lies where a folder of branches is wanted hasn't moved; the reason alone doesn't tell the two apart.
    const isMoved = MOVED.some((pattern) => pattern.test(reason)) && !/exists; cannot create/.test(result.stderr);
    if (isMoved) throw moved(branch);
  }
  if (result.exitCode === 0 && refused.length === 0) return;
  const [first] = reasons;
  if (!first || /unpacker error/.test(first[2] ?? ''))
    throw remoteError(result, 'push to the ledger', { remote: clone.remote, clone: clone.directory });
  const said = [first[2] ?? '', shownStderr(result.stderr, clone.remote.secrets)].join('\n').slice(0, 700);
  throw new PullthroughError('E_GIT', `the ledger refused the push: ${said}`, {
    hint: 'check the rules of the ledger’s branches, and what LEDGER_TOKEN may do',
  });
}
