import type { LedgerOnGitHub, ProposalContext } from './context.ts';
import { getPull, listPulls } from '../github/pulls.ts';
import type { PullRequest } from '../github/types.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { foldAscii, parseRecordPath, recordPath } from '../ledger-schema/names/path.ts';
import type { RecordId } from '../ledger-schema/names/path.ts';
import { branchKind, isChangeBranch, nackBranch, proposalBranch } from '../ledger-schema/names/branches.ts';
import { parseChangeName } from './change-name.ts';
import type { ChangeName } from './change-name.ts';
import { referenceTo } from './pull-reference.ts';
import type { PullReference } from './pull-reference.ts';

/** By the branch's name; what is in it is judged later. */
export type ChangeKind = 'proposal' | 'nack' | 'policy' | 'other';

/** A branch of the ledger's own repository that nobody merged or closed yet. */
export interface OpenChange {
  readonly kind: ChangeKind;
  readonly branch: string;
  /** The branch's commit: what is reviewed, and what must still be there when anything is pushed. */
  readonly commit: string;
  readonly pull?: PullReference;
}

/** An open pull request that comes from another repository. It is shown, and never looked into. */
export interface Stranger extends PullReference {
  readonly title: string;
  readonly author: string | undefined;
  readonly branch: string;
}

export interface OpenChanges {
  /** Sorted by their branches' names. */
  readonly changes: readonly OpenChange[];
  readonly strangers: readonly Stranger[];
}

/** How many changes are read at once: in a partial clone, all that they lack takes one request. */
export const AT_ONCE = 32;

function kindOf(branch: string): ChangeKind {
  const kind = branchKind(branch);
  return kind === 'proposal' || kind === 'nack' || kind === 'policy' ? kind : 'other';
}

/**
 * All changes of ours that are open, as of the ledger's last update: on GitHub the open pull requests whose branch lies
 * in the ledger's own repository, else the branches.
 */
export async function listOpenChanges(context: ProposalContext): Promise<OpenChanges> {
  const branches = context.ledger.branches();
  const changes: OpenChange[] = [];
  const strangers: Stranger[] = [];
  if (context.github === undefined) {
    for (const [branch, commit] of branches) changes.push({ kind: kindOf(branch), branch, commit });
  } else {
    const { client, repository } = context.github;
    for (const pull of await listPulls(client, repository, { state: 'open', base: context.branch })) {
      const commit = branches.get(pull.headRef);
      if (!isOwnPull(pull)) strangers.push(toStranger(pull));
      else if (commit !== undefined) {
        changes.push({ kind: kindOf(pull.headRef), branch: pull.headRef, commit, pull: referenceTo(pull) });
      }
    }
  }
  return { changes: changes.filter(({ kind }) => kind !== 'other').sort(byBranch), strangers };
}

function byBranch(a: OpenChange, b: OpenChange): number {
  return a.branch < b.branch ? -1 : a.branch > b.branch ? 1 : 0;
}

function toStranger(pull: PullRequest): Stranger {
  return { ...referenceTo(pull), title: brief(pull.title), author: pull.author, branch: brief(pull.headRef) };
}

/** Does its branch lie in the ledger itself? The number says so; a fork can have any name. */
export function isOwnPull({ headRepositoryId, baseRepositoryId }: PullRequest): boolean {
  return headRepositoryId === baseRepositoryId;
}

/** Throws `E_USAGE` for a CHANGE that can name nothing in this ledger; makes no request. */
export function requireChangeName(context: Pick<ProposalContext, 'github' | 'source'>, text: string): void {
  changeName(context, text);
}

/** Reads CHANGE as this ledger's configuration has it. Throws `E_USAGE`. */
export function changeName({ github, source }: Pick<ProposalContext, 'github' | 'source'>, text: string): ChangeName {
  return parseChangeName(text, github?.repository, source.host);
}

/**
 * The open change that CHANGE names. Throws `E_USAGE`, `E_NO_CHANGE` where there is none or it is closed, `E_STRANGER` for
 * a pull request from another repository.
 */
export async function findChange(context: ProposalContext, text: string): Promise<OpenChange> {
  const name = changeName(context, text);
  if (name.kind === 'branch') return findBranch(context, name.branch);
  if (name.kind === 'release') return findBranch(context, branchOfRelease(context, name));
  if (context.github === undefined) return fail('E_USAGE', 'the ledger is not on GitHub');
  const { client, repository } = context.github;
  const pull = await getPull(client, repository, name.number);
  if (pull === undefined) fail('E_NO_CHANGE', `${repository} has no pull request ${name.number}`);
  if (name.url !== undefined && URL.canParse(pull.htmlUrl) && new URL(pull.htmlUrl).host !== name.url.host) {
    fail('E_USAGE', `the ledger is not at ${name.url.host}`, { hint: 'name the pull request by its number' });
  }
  return changeOfPull(context, pull);
}

async function changeOfPull(context: ProposalContext, pull: PullRequest): Promise<OpenChange> {
  const what = `pull request ${pull.number}`;
  if (!isOwnPull(pull)) {
    fail('E_STRANGER', `${what} comes from another repository than the ledger, and counts for nothing`, {
      hint: "proposals are branches of the ledger's own repository; close it on GitHub if it is not wanted",
    });
  }
  if (pull.state !== 'open') fail('E_NO_CHANGE', `${what} is ${pull.merged ? 'merged' : 'closed'} already`);
  if (pull.baseRef !== context.branch) {
    fail('E_NO_CHANGE', `${what} is not for the ledger's branch ${context.branch}`);
  }
  const branch = pull.headRef;
  if (!isChangeBranch(branch)) fail('E_NO_CHANGE', `no change has a branch with such a name: ${brief(branch)}`);
  const commit = await commitOf(context, branch);
  if (commit === undefined) fail('E_NO_CHANGE', `the branch of ${what} is gone`);
  return { kind: kindOf(branch), branch, commit, pull: referenceTo(pull) };
}

/** The branch that proposes a release, in any case of its tool's name, else the one that nacks it. Throws `E_NO_CHANGE`. */
function branchOfRelease({ ledger }: ProposalContext, name: ChangeName & { readonly kind: 'release' }): string {
  const path = recordPath(name);
  const wanted = proposalBranch(path);
  const branches = [...ledger.branches().keys()];
  const nacks = foldAscii(nackBranch(path, ''));
  const nacked = branches.filter((branch) => foldAscii(branch).startsWith(nacks));
  const tag = wanted.slice(wanted.lastIndexOf('/'));
  const like = (branch: string): boolean => branch.endsWith(tag) && foldAscii(branch) === foldAscii(wanted);
  const proposal = branches.includes(wanted) ? wanted : branches.find(like);
  return (
    proposal ??
    (nacked.length === 1 ? nacked[0] : undefined) ??
    fail('E_NO_CHANGE', `there is no open proposal of ${name.repository} ${brief(name.tag)}`, {
      hint: `${sameTag(branches, name)}'pullthrough review' lists all that is open, and 'pullthrough ledger status' what is merged`,
    })
  );
}

/** A repository that was renamed is proposed under the name that was recorded first; no ledger knows its new one. */
function sameTag(branches: readonly string[], { tag }: ChangeName & { readonly kind: 'release' }): string {
  const others = branches.flatMap((branch) => {
    const path = `packages/${branch.replace(/^pullthrough\//, '')}`;
    const id = branchKind(branch) === 'proposal' ? tryRecordPath(path) : undefined;
    return id?.tag === tag ? [`${id.repository}@${brief(tag)}`] : [];
  });
  if (others.length === 0) return '';
  return `${others.sort().slice(0, 3).join(', ')} is open, if the repository was renamed; `;
}

function tryRecordPath(path: string): RecordId | undefined {
  try {
    return parseRecordPath(path);
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

async function findBranch(context: ProposalContext, branch: string): Promise<OpenChange> {
  if (branch === context.branch) fail('E_NO_CHANGE', `${branch} is the ledger's own branch`);
  if (branchKind(branch) === 'closed') fail('E_NO_CHANGE', `${brief(branch)} was closed`);
  const commit = await commitOf(context, branch);
  if (commit === undefined) {
    fail('E_NO_CHANGE', `the ledger has no branch ${brief(branch)}`, {
      hint: "'pullthrough review' lists all that is open",
    });
  }
  if (context.github === undefined) return { kind: kindOf(branch), branch, commit };
  const pulls = await pullsOf(context, context.github, branch);
  const open = pulls.find(({ state }) => state === 'open');
  if (open !== undefined) return { kind: kindOf(branch), branch, commit, pull: referenceTo(open) };
  const closed = pulls.find(({ merged }) => !merged);
  if (closed !== undefined) fail('E_NO_CHANGE', `pull request ${closed.number} of the branch is closed already`);
  return { kind: kindOf(branch), branch, commit };
}

/** The pull requests that a branch of the ledger itself ever had. */
async function pullsOf(context: ProposalContext, github: LedgerOnGitHub, branch: string): Promise<PullRequest[]> {
  const { client, repository } = github;
  const [owner = ''] = repository.split('/');
  const query = { state: 'all', head: `${owner}:${branch}`, base: context.branch } as const;
  const pulls = await listPulls(client, repository, query);
  return pulls.filter((pull) => pull.headRef === branch && isOwnPull(pull));
}

async function commitOf({ ledger }: ProposalContext, branch: string): Promise<string | undefined> {
  return ledger.branches().get(branch) ?? (await ledger.fetchBranch(branch));
}
