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
  if (method === 'POST' && repository.git !== undefined && (first === 'check-runs' || path.join('/') === 'git/refs')) {
    if (caller === undefined) return problem(401, 'Requires authentication');
    if (access !== 'write') return problem(403, 'Resource not accessible by personal access token');
    return first === 'git' ? createRef(state, call) : createCheck(call);
  }
  if (first !== 'pulls' || repository.git === undefined) return undefined;
  await refreshPulls(repository);
  if (second === undefined) {
    if (method === 'POST') return createPull(state, call);
    return { items: choose(repository, query), render: (pull: TestPull) => state.json.pullSimple(repository, pull) };
  }
  const pull = repository.pulls.find(({ number }) => String(number) === second);
  if (pull === undefined) return NOT_FOUND;
  if (method === 'GET' && third === undefined) {
    const behind = pull.state === 'open' && (await isBehind(repository, pull));
    return {
      status: 200,
      json: { ...state.json.pull(repository, pull), ...(behind && { mergeable_state: 'behind' }) },
    };
  }
  if (caller === undefined) return problem(401, 'Requires authentication');
  if (access !== 'write') return problem(403, 'Resource not accessible by personal access token');
  if (method === 'PATCH' && third === undefined) {
    if (typeof body.title === 'string') pull.title = body.title;
    if (typeof body.body === 'string') pull.body = body.body;
    if (body.state === 'closed' && pull.state === 'open') close(pull);
    if (body.state === 'open' && pull.mergedAt !== null) return validation('cannot reopen a merged pull request');
    if (body.state === 'open' && pull.state === 'closed') {
      // As GitHub: only while the branch lies where it lay when it was closed.
      const now = (await new PullGit(repository.git).branches()).get(pull.headRef);
      if (now !== pull.headSha) return validation('state cannot be changed. The branch was force-pushed or recreated.');
      pull.state = 'open';
    }
    pull.updatedAt = new Date();
    return { status: 200, json: state.json.pull(repository, pull) };
  }
  if (method === 'PUT' && third === 'merge') return mergePull(repository, pull, body, caller.login);
  if (method === 'PUT' && third === 'update-branch') return updateBranch(repository, pull, body);
  return undefined;
}

/** "Create a reference": of a commit that is there, as one that a pull request was about. */
async function createRef(state: GitHubState, { repository, body }: RouteCall): Promise<Reply> {
  const [ref, sha] = [String(body.ref), String(body.sha)];
  const git = new PullGit(repository.git ?? '');
  if ((await git.branches()).has(ref.replace('refs/heads/', ''))) return problem(422, 'Reference already exists');
  await git.setRef(ref, sha);
  return { status: 201, json: state.json.ref(repository, ref.replace('refs/', ''), { type: 'commit', sha }) };
}

/** "Create a check run": for installations alone, as a workflow's own token is one. */
function createCheck({ repository, body, caller }: RouteCall): Reply {
  if (caller?.type !== 'Installation') return problem(403, 'You must authenticate via a GitHub App.');
  const [name, sha] = [String(body.name), String(body.head_sha)];
  repository.checks.set(sha, (repository.checks.get(sha) ?? new Set()).add(name));
  return { status: 201, json: { id: nextId(), name, head_sha: sha, status: 'completed', conclusion: 'success' } };
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
  const blocked = await protection(repository, pull);
  if (blocked !== undefined) return problem(405, blocked);
  if (repository.beforeMerge !== undefined) {
    await repository.beforeMerge();
    await refreshPulls(repository);
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

/** What a protected branch asks of a pull request: with `strict` the newest base in it, and its checks on that very commit. */
async function protection(repository: TestRepository, pull: TestPull): Promise<string | undefined> {
  const { protected: rules } = repository;
  if (rules === undefined) return undefined;
  const missing = rules.checks.find((name) => repository.checks.get(pull.headSha)?.has(name) !== true);
  if (missing !== undefined) return `Required status check "${missing}" is expected.`;
  return (await isBehind(repository, pull)) ? 'Head branch is out of date.' : undefined;
}

async function isBehind(repository: TestRepository, pull: TestPull): Promise<boolean> {
  if (repository.protected === undefined || repository.git === undefined) return false;
  return !(await new PullGit(repository.git).isAncestor(pull.baseSha, pull.headSha));
}

async function updateBranch(repository: TestRepository, pull: TestPull, body: Json): Promise<Reply> {
  if (body.expected_head_sha !== pull.headSha) {
    return problem(422, "expected head sha didn't match current head ref.");
  }
  const git = new PullGit(repository.git ?? '');
  const message = `Merge branch '${pull.baseRef}' into ${pull.headRef}`;
  await git.merge({ base: pull.headSha, into: pull.headRef, head: pull.baseSha, message, author: pull.author });
  return { status: 202, json: { message: 'Updating pull request branch.', url: `https://github.com/x` } };
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
