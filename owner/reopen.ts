import { typed } from '../io/shell.ts';
import { createPull, createRef, getPull, listPulls, reopenPull } from '../github/pulls.ts';
import type { PullRequest } from '../github/types.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { recordPath } from '../ledger-schema/names/path.ts';
import { closedBranch, proposalBranch, reopenedBranch } from '../ledger-schema/names/branches.ts';
import type { LedgerOnGitHub, ProposalContext } from '../proposals/context.ts';
import { changeName, isOwnPull } from '../proposals/list-changes.ts';
import { referenceTo } from '../proposals/pull-reference.ts';
import type { PullReference } from '../proposals/pull-reference.ts';
import { openView } from '../ledger/view/view.ts';
import type { Trust } from '../ledger-schema/trust.ts';

export interface ReopenResult {
  readonly branch: string;
  readonly pull?: PullReference;
}

/**
 * Takes back a no to a proposal or a policy: the branch lies where it lay, with all that it holds, nacks too, and on GitHub
 * its pull request is open again, or another one where GitHub doesn't open that. What `mirror` then finds without a valid
 * sign, as after a leak of the bot's key, it makes again. Throws `E_NO_CHANGE` for what isn't closed or was merged,
 * `E_STRANGER`, `E_MOVED`, and what the host throws.
 */
export async function reopenChange(context: ProposalContext, text: string): Promise<ReopenResult> {
  const read = changeName(context, text);
  const name = read.kind === 'release' ? ({ kind: 'branch', branch: proposalBranch(recordPath(read)) } as const) : read;
  const { trust } = await openView(context);
  const { github } = context;
  if (github === undefined) {
    const branch = nameOf(name.kind === 'branch' ? name.branch : '');
    requireOpenable(trust, branch);
    await moveBack(context, branch, 'it must lie there');
    return { branch };
  }
  const closed = await closedPull(context, github, name.kind === 'pull' ? name.number : nameOf(name.branch));
  const branch = closed?.headRef ?? (name.kind === 'branch' ? nameOf(name.branch) : '');
  requireOpenable(trust, branch);
  await moveBack(context, branch);
  const pull = await openAgain(context, github, branch, closed);
  return { branch, pull: referenceTo(pull) };
}

/** A branch can be named by either of its two names. */
function nameOf(branch: string): string {
  return reopenedBranch(branch) ?? branch;
}

function requireOpenable(trust: Trust, branch: string): void {
  if (!/^pullthrough(?:-trust)?\//.test(branch)) {
    fail('E_NO_CHANGE', `${brief(branch)} is neither a proposal nor a policy`);
  }
  const version = Number(/^pullthrough-trust\/([1-9][0-9]{0,8})$/.exec(branch)?.[1] ?? trust.version + 1);
  if (version > trust.version) return;
  fail('E_NO_CHANGE', `the ledger has a policy ${version} already, so this one can no longer follow`, {
    hint: 'propose the next one with: pullthrough trust propose',
  });
}

/** Moves a closed branch back. Without `required` one that isn't closed is left as it is. */
async function moveBack({ ledger }: ProposalContext, branch: string, required?: string): Promise<void> {
  const closed = closedBranch(branch);
  const commit = ledger.branches().get(closed);
  const open = ledger.branches().get(branch);
  if (commit === undefined) {
    if (required === undefined) return;
    const why = open === undefined ? 'the ledger has no closed branch' : 'it is open: there is no closed branch';
    fail('E_NO_CHANGE', `${why} ${brief(closed)}`, { hint: "'pullthrough ledger status' lists what is open" });
  }
  if (open !== undefined) {
    fail('E_NO_CHANGE', `${branch} is open, with another commit than the closed ${closed}`, {
      hint: `look at both with git, then remove one; to close the open one first: ${typed`pullthrough ledger close ${branch}`}`,
    });
  }
  await ledger.push([
    { branch, from: undefined, to: commit },
    { branch: closed, from: commit, to: undefined },
  ]);
}

/** The pull request that was closed: of that number, or the newest of the branch; undefined where the branch never had one. */
async function closedPull(
  context: ProposalContext,
  { client, repository }: LedgerOnGitHub,
  of: number | string,
): Promise<PullRequest | undefined> {
  let pull: PullRequest | undefined;
  if (typeof of === 'number') {
    pull = await getPull(client, repository, of);
    if (pull === undefined) fail('E_NO_CHANGE', `${repository} has no pull request ${of}`);
    if (!isOwnPull(pull)) fail('E_STRANGER', `pull request ${of} comes from another repository than the ledger`);
  } else {
    const all = await listPulls(client, repository, { state: 'all', base: context.branch });
    pull = all.filter((one) => one.headRef === of && isOwnPull(one)).sort((a, b) => b.number - a.number)[0];
  }
  if (pull?.merged === true) fail('E_NO_CHANGE', `pull request ${pull.number} is merged already`);
  if (pull?.state === 'open') fail('E_NO_CHANGE', `pull request ${pull.number} is open`);
  return pull;
}

async function openAgain(
  context: ProposalContext,
  { client, repository }: LedgerOnGitHub,
  branch: string,
  closed: PullRequest | undefined,
): Promise<PullRequest> {
  const { ledger } = context;
  if ((await ledger.fetchBranch(branch)) === undefined) {
    // GitHub keeps what a pull request was about, also where its branch was deleted.
    if (closed === undefined) fail('E_NO_CHANGE', `the ledger has no branch ${brief(branch)}`);
    await restore(context, { client, repository }, branch, closed);
  }
  const fallback = { title: closed?.title ?? branch, body: closed?.body ?? '' };
  if (closed === undefined) return createPull(client, repository, { ...fallback, head: branch, base: context.branch });
  try {
    return await reopenPull(client, repository, closed.number);
  } catch (error) {
    // GitHub doesn't open one whose branch moved while it was closed.
    if (!(error instanceof PullthroughError) || error.code !== 'E_HTTP') throw error;
    return createPull(client, repository, { ...fallback, head: branch, base: context.branch });
  }
}

async function restore(
  { ledger }: ProposalContext,
  { client, repository }: LedgerOnGitHub,
  branch: string,
  { headSha: sha, number }: PullRequest,
): Promise<void> {
  try {
    await createRef(client, repository, { branch, sha });
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code !== 'E_UPSTREAM_NOT_FOUND') throw error;
    // Gitea has no such request: by git, from where the pull request's commit is kept.
    const commit = await ledger.fetchBranch(`refs/pull/${number}/head`);
    if (commit !== sha) throw error;
    await ledger.push([{ branch, from: undefined, to: commit }]);
  }
}
