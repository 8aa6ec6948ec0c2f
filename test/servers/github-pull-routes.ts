import { PullGit } from './github-git.ts';
import { nextId } from './github-model.ts';
import type { TestPull, TestRepository } from './github-model.ts';
import type { Json } from './github-repository-json.ts';
import { NOT_FOUND, problem } from './github-state.ts';
import type { GitHubState, Reply, RouteCall } from './github-state.ts';

/** Pull requests over a real git repository; undefined where the path is somebody else's. */
export async function pullRoutes(state: GitHubState, call: RouteCall): Promise<Reply | undefined> {
  const { method, path, repository, query, body, caller, access } = call;
  const [first, second, third] = path;
  if (first !== 'pulls' || repository.git === undefined) return undefined;
  await refreshPulls(repository);
  if (second === undefined) {
    if (method === 'POST') return createPull(state, call);
    return { items: choose(repository, query), render: (pull: TestPull) => state.json.pullSimple(repository, pull) };
  }
  const pull = repository.pulls.find(({ number }) => String(number) === second);
  if (pull === undefined) return NOT_FOUND;
  if (method === 'GET' && third === undefined) return { status: 200, json: state.json.pull(repository, pull) };
  if (caller === undefined) return problem(401, 'Requires authentication');
  if (access !== 'write') return problem(403, 'Resource not accessible by personal access token');
  if (method === 'PATCH' && third === undefined) {
    if (typeof body.title === 'string') pull.title = body.title;
    if (typeof body.body === 'string') pull.body = body.body;
    if (body.state === 'closed' && pull.state === 'open') close(pull);
    if (body.state === 'open' && pull.mergedAt !== null) return validation('cannot reopen a merged pull request');
    if (body.state === 'open') pull.state = 'open';
    pull.updatedAt = new Date();
    return { status: 200, json: state.json.pull(repository, pull) };
  }
  if (method === 'PUT' && third === 'merge') return mergePull(repository, pull, body, caller.login);
  return undefined;
}

function choose(repository: TestRepository, query: URLSearchParams): TestPull[] {
  const [wanted, head, base] = [query.get('state') ?? 'open', query.get('head'), query.get('base')];
  return repository.pulls
    .filter(({ state }) => wanted === 'all' || state === wanted)
    .filter((pull) => head === null || head === `${pull.headRepository?.owner ?? ''}:${pull.headRef}`)
    .filter((pull) => base === null || base === pull.baseRef)
    .reverse();
}

async function createPull(state: GitHubState, { repository, body, caller, access }: RouteCall): Promise<Reply> {
  if (caller === undefined) return problem(401, 'Requires authentication');
  const [title, head, base] = [String(body.title), String(body.head), String(body.base)];
  const [ref = '', owner = repository.owner] = head.split(':').reverse();
  const from = owner === repository.owner ? repository : state.forkOf(repository, owner);
  if (access !== 'write' && from === repository)
    return problem(403, 'Resource not accessible by personal access token');
  const headSha = from?.git === undefined ? undefined : (await new PullGit(from.git).branches()).get(ref);
  const baseSha = repository.git === undefined ? undefined : (await new PullGit(repository.git).branches()).get(base);
  if (from === undefined || headSha === undefined) return validation(undefined, { field: 'head', code: 'invalid' });
  if (baseSha === undefined) return validation(undefined, { field: 'base', code: 'invalid' });
  const same = (pull: TestPull) => pull.headRef === ref && pull.headRepository === from && pull.baseRef === base;
  if (repository.pulls.some((pull) => pull.state === 'open' && same(pull))) {
    return validation(`A pull request already exists for ${owner}:${ref}.`);
  }
  if (headSha === baseSha) return validation(`No commits between ${base} and ${ref}`);
  const now = new Date();
  const pull: TestPull = {
    id: nextId(),
    number: repository.nextNumber(),
    title,
    body: typeof body.body === 'string' ? body.body : null,
    state: 'open',
    author: caller.login,
    headRef: ref,
    headRepository: from,
    baseRef: base,
    headSha,
    baseSha,
    mergeSha: null,
    mergedAt: null,
    closedAt: null,
    createdAt: now,
    updatedAt: now,
  };
  repository.pulls.push(pull);
  await refreshPulls(repository);
  return { status: 201, json: state.json.pull(repository, pull) };
}

async function mergePull(repository: TestRepository, pull: TestPull, body: Json, login: string): Promise<Reply> {
  if (pull.state !== 'open') return problem(405, 'Pull Request is not mergeable');
  if (body.merge_method !== undefined && body.merge_method !== 'merge') {
    return problem(405, 'Squash and rebase merges are not allowed on this repository.');
  }
  if (typeof body.sha === 'string' && body.sha !== pull.headSha) {
    return problem(409, 'Head branch was modified. Review and try the merge again.');
  }
  const title =
    typeof body.commit_title === 'string' ? body.commit_title : `Merge pull request #${String(pull.number)}`;
  const git = new PullGit(repository.git ?? '');
  const merge = { base: pull.baseSha, into: pull.baseRef, head: pull.headSha, message: title, author: login };
  const merged = await git.merge(merge);
  if (merged === 'conflict') return problem(405, 'Pull Request is not mergeable');
  if (merged === 'moved') return problem(405, 'Base branch was modified. Review and try the merge again.');
  setMerged(pull, merged.commit);
  return { status: 200, json: { sha: merged.commit, merged: true, message: 'Pull Request successfully merged' } };
}

/** As GitHub does after each push: an open one follows its branch, and is closed or merged with it. */
export async function refreshPulls(repository: TestRepository): Promise<void> {
  const open = repository.pulls.filter(({ state }) => state === 'open');
  if (open.length === 0 || repository.git === undefined) return;
  const git = new PullGit(repository.git);
  const branches = await git.branches();
  for (const pull of open) {
    const fork = pull.headRepository === repository ? undefined : pull.headRepository?.git;
    const head = (fork === undefined ? branches : await new PullGit(fork).branches()).get(pull.headRef);
    const base = branches.get(pull.baseRef);
    if (head === undefined && pull.headRepository !== undefined) close(pull);
    if (head !== undefined && head !== pull.headSha) pull.updatedAt = new Date();
    pull.headSha = head ?? pull.headSha;
    if (base !== undefined && base !== pull.baseSha) {
      if (await git.isAncestor(pull.headSha, base)) setMerged(pull, base);
      pull.baseSha = base;
    }
    if (fork === undefined) await git.setRef(`refs/pull/${String(pull.number)}/head`, pull.headSha);
  }
}

function setMerged(pull: TestPull, sha: string): void {
  close(pull);
  pull.mergedAt = pull.closedAt;
  pull.mergeSha = sha;
}

function close(pull: TestPull): void {
  pull.state = 'closed';
  pull.closedAt = new Date();
  pull.updatedAt = pull.closedAt;
}

function validation(message: string | undefined, error: Json = { code: 'custom' }): Reply {
  return problem(422, 'Validation Failed', [
    { resource: 'PullRequest', ...error, ...(message === undefined ? {} : { message }) },
  ]);
}
