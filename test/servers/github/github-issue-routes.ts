import { nextId } from './github-model.ts';
import type { TestComment, TestIssue, TestPull } from './github-model.ts';
import { NOT_FOUND, problem } from './github-state.ts';
import type { GitHubState, Reply, RouteCall } from './github-state.ts';

/** Issues and the comments on issues and pull requests; undefined where the path is somebody else's. */
export function issueRoutes(state: GitHubState, call: RouteCall): Reply | undefined {
  const { method, path, repository, caller, access, body } = call;
  const [first, second, third] = path;
  if (first !== 'issues') return undefined;
  if (method !== 'GET' && caller === undefined) return problem(401, 'Requires authentication');
  if (second === undefined) return method === 'POST' ? createIssue(state, call) : listIssues(state, call);
  if (second === 'comments') {
    const comment = repository.comments.find(({ id }) => String(id) === third);
    if (comment === undefined) return NOT_FOUND;
    if (method === 'PATCH') {
      if (access !== 'write' && comment.author !== caller?.login)
        return problem(403, 'Must have admin rights to Repository.');
      comment.body = String(body.body);
      comment.updatedAt = new Date();
    }
    return { status: 200, json: state.json.comment(repository, comment) };
  }
  const issue = repository.issues.find(({ number }) => String(number) === second);
  const pull = repository.pulls.find(({ number }) => String(number) === second);
  if (issue === undefined && pull === undefined) return NOT_FOUND;
  if (third === 'comments') return comments(state, call, Number(second));
  if (third !== undefined) return undefined;
  if (issue === undefined) {
    return { status: 200, json: state.json.pullAsIssue(repository, pull as TestPull) };
  }
  if (method === 'PATCH') {
    if (access !== 'write' && issue.author !== caller?.login)
      return problem(403, 'Must have admin rights to Repository.');
    if (typeof body.title === 'string') issue.title = body.title;
    if (typeof body.body === 'string') issue.body = body.body;
    if (body.state === 'open' || body.state === 'closed') issue.state = body.state;
    if (Array.isArray(body.labels)) issue.labels = body.labels.map(String);
    issue.updatedAt = new Date();
  }
  return { status: 200, json: state.json.issue(repository, issue) };
}

function listIssues(state: GitHubState, { repository, query }: RouteCall): Reply {
  const wanted = query.get('state') ?? 'open';
  const creator = query.get('creator');
  const labels = (query.get('labels') ?? '').split(',').filter((label) => label !== '');
  const all: (TestIssue | TestPull)[] = [...repository.issues, ...repository.pulls];
  const items = all
    .filter((one) => wanted === 'all' || one.state === wanted)
    .filter((one) => creator === null || one.author === creator)
    .filter((one) => labels.every((label) => 'labels' in one && one.labels.includes(label)))
    .sort((a, b) => b.number - a.number);
  const render = (one: TestIssue | TestPull) =>
    'labels' in one ? state.json.issue(repository, one) : state.json.pullAsIssue(repository, one);
  return { items, render };
}

function createIssue(state: GitHubState, { repository, body, caller, access }: RouteCall): Reply {
  const labels = Array.isArray(body.labels) ? body.labels.map(String) : [];
  const now = new Date();
  const issue: TestIssue = {
    id: nextId(),
    number: repository.nextNumber(),
    title: String(body.title),
    body: typeof body.body === 'string' ? body.body : null,
    state: 'open',
    // Without push access labels are dropped without a word.
    labels: access === 'write' ? labels : [],
    author: caller?.login ?? 'ghost',
    createdAt: now,
    updatedAt: now,
  };
  repository.issues.push(issue);
  return { status: 201, json: state.json.issue(repository, issue) };
}

function comments(state: GitHubState, { method, repository, body, caller }: RouteCall, number: number): Reply {
  const render = (comment: TestComment) => state.json.comment(repository, comment);
  if (method === 'GET') return { items: repository.comments.filter(({ issue }) => issue === number), render };
  const now = new Date();
  const author = caller?.login ?? 'ghost';
  const comment = { id: nextId(), issue: number, body: String(body.body), author, createdAt: now, updatedAt: now };
  // An App is nobody's member.
  repository.comments.push({ ...comment, ...(caller?.type === 'Installation' ? { association: 'NONE' } : {}) });
  return { status: 201, json: render(comment) };
}
