import { z } from 'zod';
import { fail } from '../ledger-schema/error.ts';
import type { Refusal } from './status-errors.ts';
import type { GitHubClient } from './client.ts';
import { splitRepository } from './names.ts';
import { acceptedSchema, checkRunSchema, gitPointerSchema, mergeSchema, pullSchema } from './schemas.ts';
import type { PullAnswer } from './schemas.ts';
import type { PullRequest } from './types.ts';

export { closeIssue, findIssues, upsertComment, upsertIssue } from './notes.ts';

/** The one comment of a proposal's pull request that says who acked it. */
export const ACKS_MARKER = 'pullthrough:acks';

const pullListSchema = z.array(pullSchema);
const PULL = '/repos/{owner}/{repo}/pulls/{pull_number}';
/** How often a merge is tried again when another one came first. */
const MERGE_TRIES = 4;
/** How often to look whether a branch was brought up to date. */
const UPDATE_TRIES = 6;

export interface PullQuery {
  readonly state: 'open' | 'closed' | 'all';
  /** `owner:branch`. */
  readonly head?: string | undefined;
  readonly base?: string | undefined;
}

/**
 * Pull requests, oldest first, those of forks too: compare `headRepositoryId` with `baseRepositoryId`. Throws
 * `E_UPSTREAM_NOT_FOUND` where there is no repository. Docs: "List pull requests".
 */
export async function listPulls(client: GitHubClient, repository: string, query: PullQuery): Promise<PullRequest[]> {
  const { state, head, base } = query;
  const parameters = { ...splitRepository(repository), state, head, base, sort: 'created', direction: 'asc' };
  const pulls: PullRequest[] = [];
  for await (const page of client.pages('GET /repos/{owner}/{repo}/pulls', parameters, pullListSchema)) {
    if (page === undefined) missing(client, repository, 'pull requests');
    pulls.push(...page.value.map(toPull));
  }
  // Not every host knows each filter: Gitea takes the state alone.
  return pulls.filter(
    (pull) => (state === 'all' || pull.state === state) && (base === undefined || pull.baseRef === base),
  );
}

/** One pull request; undefined where there is none of that number. Docs: "Get a pull request". */
export async function getPull(
  client: GitHubClient,
  repository: string,
  number: number,
): Promise<PullRequest | undefined> {
  const parameters = { ...splitRepository(repository), pull_number: number };
  const answer = await client.get(`GET ${PULL}`, parameters, pullSchema);
  return answer === undefined ? undefined : toPull(answer.value);
}

/** Does its branch lack the newest base, which the base's protection asks for? False where the host doesn't say. */
export async function isBehind(client: GitHubClient, repository: string, number: number): Promise<boolean> {
  const parameters = { ...splitRepository(repository), pull_number: number };
  const answer = await client.get(`GET ${PULL}`, parameters, pullSchema);
  return answer?.value.mergeable_state === 'behind';
}

/**
 * Opens a pull request from a branch of the same repository, or returns the open one that is there already. Throws
 * `E_HTTP` where GitHub says no (no such branch, nothing to merge). Docs: "Create a pull request".
 */
export async function createPull(
  client: GitHubClient,
  repository: string,
  { title, head, base, body }: { title: string; head: string; base: string; body: string },
): Promise<PullRequest> {
  const parameters = { ...splitRepository(repository), title, head, base, body };
  const find = () => findOpen(client, repository, head, base);
  const create = async () => {
    const options = { repeatable: false, refusals: [409, 422] };
    const answer = await client.change('POST /repos/{owner}/{repo}/pulls', parameters, pullSchema, options);
    return 'value' in answer ? toPull(answer.value) : answer.refused;
  };
  const made = await client.once<PullRequest | Refusal>(create, find);
  if ('number' in made) return made;
  // 422 "A pull request already exists", 409 on Gitea: another run was quicker, or this one was killed after it had opened it.
  return (await find()) ?? refused(`no pull request can be opened in ${repository} from ${head}`, made.message);
}

/** Changes what is given. Docs: "Update a pull request". */
export async function updatePull(
  client: GitHubClient,
  repository: string,
  number: number,
  change: { title?: string; body?: string },
): Promise<PullRequest> {
  return patch(client, repository, number, change);
}

/** Closes it without merging. Docs: "Update a pull request". */
export async function closePull(client: GitHubClient, repository: string, number: number): Promise<PullRequest> {
  return patch(client, repository, number, { state: 'closed' });
}

/** Opens it again. Throws `E_HTTP` where its branch moved meanwhile. Docs: "Update a pull request". */
export async function reopenPull(client: GitHubClient, repository: string, number: number): Promise<PullRequest> {
  return patch(client, repository, number, { state: 'open' });
}

/**
 * Makes a branch of a commit that the repository has; one that is there already is fine. Throws `E_UPSTREAM_NOT_FOUND` where the
 * host has no such request, as Gitea. Docs: "Create a reference".
 */
export async function createRef(
  client: GitHubClient,
  repository: string,
  { branch, sha }: { branch: string; sha: string },
): Promise<void> {
  const parameters = { ...splitRepository(repository), ref: `refs/heads/${branch}`, sha };
  const options = { repeatable: true, refusals: [405, 422] };
  const answer = await client.change('POST /repos/{owner}/{repo}/git/refs', parameters, gitPointerSchema, options);
  // Forgejo's answer to what it doesn't have
  if ('refused' in answer && answer.refused.status === 405) missing(client, repository, 'way to make branches');
  if ('refused' in answer && !/already exists/i.test(answer.refused.message)) {
    refused(`the branch ${branch} can't be made in ${repository}`, answer.refused.message);
  }
}

/**
 * Merges by a merge commit, only if the branch is still at `sha`; a pull request that was merged at `sha` already is
 * fine. Throws `E_MOVED` where the branch moved, `E_HTTP` where it can't be merged. Docs: "Merge a pull request".
 */
export async function mergePull(
  client: GitHubClient,
  repository: string,
  { number, sha, title }: { number: number; sha: string; title: string },
): Promise<{ sha: string }> {
  const parameters = { ...splitRepository(repository), pull_number: number, sha, commit_title: title };
  const merge = () =>
    client.change(`PUT ${PULL}/merge`, { ...parameters, merge_method: 'merge' }, mergeSchema, {
      repeatable: false,
      refusals: [405, 409, 422],
    });
  const merged = async () => {
    const pull = await getPull(client, repository, number);
    return pull?.merged === true && pull.headSha === sha ? { sha: pull.mergeSha ?? sha } : undefined;
  };
  const name = `${repository}#${String(number)}`;
  for (let tries = 1; ; tries += 1) {
    const answer = await client.once(merge, async () => {
      const done = await merged();
      return done === undefined ? undefined : { value: { ...done, merged: true } };
    });
    if ('value' in answer) {
      if (answer.value.merged) return { sha: answer.value.sha };
      refused(`${name} was not merged`, '');
    }
    const { status, message } = answer.refused;
    if (status === 409) {
      fail('E_MOVED', `${name} moved since it was looked at`, { hint: 'look at what is new, then try again' });
    }
    const done = await merged();
    if (done !== undefined) return done;
    // Two merges at once: the base moved under this one, which says nothing about it.
    if (!/base branch was modified/i.test(message) || tries === MERGE_TRIES)
      refused(`${name} cannot be merged`, message);
    await client.pause(tries);
  }
}

/**
 * Has GitHub merge the newest base into the pull request's branch, only if that is still at `sha`, and waits until it is
 * there. Throws `E_MOVED` where the branch moved, `E_HTTP` where it can't be done. Docs: "Update a pull request branch".
 */
export async function updatePullBranch(
  client: GitHubClient,
  repository: string,
  { number, sha }: { number: number; sha: string },
): Promise<void> {
  const parameters = { ...splitRepository(repository), pull_number: number, expected_head_sha: sha };
  const options = { repeatable: true, refusals: [422] };
  const answer = await client.change(`PUT ${PULL}/update-branch`, parameters, acceptedSchema, options);
  const name = `${repository}#${String(number)}`;
  if ('refused' in answer) {
    const { message } = answer.refused;
    if (/expected.head|head sha/i.test(message)) fail('E_MOVED', `${name} moved since it was looked at`);
    refused(`${name} cannot be brought up to date`, message);
  }
  for (let tries = 1; tries <= UPDATE_TRIES; tries += 1) {
    const pull = await getPull(client, repository, number);
    if (pull !== undefined && pull.headSha !== sha) return;
    await client.pause(tries);
  }
  refused(`${name} was not brought up to date in time`, '');
}

/** Reports a check of a commit that passed; for a workflow's token and GitHub Apps alone. Docs: "Create a check run". */
export async function reportCheck(
  client: GitHubClient,
  repository: string,
  { name, sha, title, summary }: { name: string; sha: string; title: string; summary: string },
): Promise<void> {
  const parameters = {
    ...splitRepository(repository),
    name,
    head_sha: sha,
    status: 'completed',
    conclusion: 'success',
    output: { title, summary },
  };
  const options = { repeatable: true, refusals: [422] };
  const answer = await client.change('POST /repos/{owner}/{repo}/check-runs', parameters, checkRunSchema, options);
  if ('refused' in answer) refused(`the check ${name} can't be reported`, answer.refused.message);
}

async function patch(
  client: GitHubClient,
  repository: string,
  number: number,
  change: { title?: string; body?: string; state?: 'closed' | 'open' },
): Promise<PullRequest> {
  const parameters = { ...splitRepository(repository), pull_number: number, ...change };
  const options = { repeatable: true, refusals: [422] };
  const answer = await client.change(`PATCH ${PULL}`, parameters, pullSchema, options);
  if ('value' in answer) return toPull(answer.value);
  return refused(`${repository}#${String(number)} cannot be changed`, answer.refused.message);
}

/**
 * The open pull request from this very repository's branch. `head` needs the owner's current name, and after a rename
 * we ask by the old one; so where the filter finds nothing, the whole list is looked through.
 */
async function findOpen(
  client: GitHubClient,
  repository: string,
  head: string,
  base: string,
): Promise<PullRequest | undefined> {
  const { owner } = splitRepository(repository);
  const fits = (pull: PullRequest) =>
    pull.headRef === head && pull.baseRef === base && pull.headRepositoryId === pull.baseRepositoryId;
  const filtered = await listPulls(client, repository, { state: 'open', head: `${owner}:${head}`, base });
  return filtered.find(fits) ?? (await listPulls(client, repository, { state: 'open', base })).find(fits);
}

function toPull(pull: PullAnswer): PullRequest {
  return {
    number: pull.number,
    title: pull.title,
    body: pull.body ?? '',
    state: pull.state,
    merged: pull.merged_at !== undefined,
    htmlUrl: pull.html_url,
    headRef: branchOf(pull),
    headSha: pull.head.sha,
    headRepositoryId: pull.head.repo?.id,
    baseRef: pull.base.ref,
    baseRepositoryId: pull.base.repo.id,
    author: pull.user,
    mergeSha: pull.merged_at === undefined ? undefined : pull.merge_commit_sha,
  };
}

/** Gitea and Forgejo name their own ref of the pull request once its branch is gone; the label goes on naming the branch. */
function branchOf({ number, head }: PullAnswer): string {
  return head.ref === `refs/pull/${String(number)}/head` ? (head.label ?? head.ref) : head.ref;
}

function refused(what: string, message: string): never {
  fail('E_HTTP', message === '' ? what : `${what}: ${message}`, {
    hint: 'look at the pull request, at its checks, and at what the repository allows',
  });
}

function missing(client: GitHubClient, repository: string, what: string): never {
  fail('E_UPSTREAM_NOT_FOUND', `${new URL(client.api).host} has no ${what} of ${repository}`, {
    hint: client.withheld ?? `look at the name, and whether ${client.tokenName} may read it`,
  });
}
