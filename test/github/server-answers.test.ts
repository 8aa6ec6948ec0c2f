import { Ajv } from 'ajv';
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { sha1 } from '../servers/github/github-model.ts';
import type { GitHubServer } from '../servers/github/github.ts';
import { bareRepository, github } from './setup.ts';

type Schema = { [key: string]: unknown };
interface Fixture {
  readonly madeFrom: string;
  readonly operations: Record<string, Record<string, Schema>>;
  readonly $defs: Record<string, Schema>;
}

let fixture: Fixture;
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addFormat('uri', (value: string) => URL.canParse(value));
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
ajv.addFormat('email', /^\S+@\S+$/);
ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });

beforeAll(async () => {
  fixture = JSON.parse(await readFile('test/fixtures/github-schemas.json', 'utf8')) as Fixture;
  ajv.addSchema({ ...fixture, $id: 'open' });
  ajv.addSchema(closed({ ...fixture, $id: 'closed' }) as Schema);
});

/** GitHub's schemas allow more than they list; a field that they don't list would be an invention of the server's. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inside = Object.fromEntries(Object.entries(schema).map(([word, value]) => [word, closed(value)]));
  const isObject =
    'properties' in inside && typeof inside.type !== 'object' ? inside.type === 'object' : 'properties' in inside;
  return isObject && !('additionalProperties' in inside) ? { ...inside, additionalProperties: false } : inside;
}

function problems(operation: string, status: number, body: unknown): unknown {
  const schema = fixture.operations[operation]?.[String(status)];
  if (schema === undefined) return `no schema for ${operation} ${String(status)}`;
  const pointer = ['operations', operation, String(status)].map((part) =>
    encodeURIComponent(part.replaceAll('/', '~1')),
  );
  // Parts that each list some of the fields can't be closed one by one.
  const validate = ajv.getSchema(`${'allOf' in schema ? 'open' : 'closed'}#/${pointer.join('/')}`);
  if (validate === undefined) throw new Error(`the schema of ${operation} cannot be compiled`);
  return validate(body) ? [] : validate.errors;
}

interface Call {
  readonly token?: string;
  readonly body?: unknown;
  readonly status?: number;
}

/** Sends a request, and holds status and body against GitHub's own schema of the operation. */
async function check(
  server: GitHubServer,
  operation: string,
  path: string,
  { token = 't', body, status = 200 }: Call = {},
) {
  const [method = ''] = operation.split(' ');
  const response = await fetch(`${server.api}${path}`, {
    method,
    redirect: 'manual',
    headers: { accept: 'application/vnd.github+json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  expect([operation, path, response.status]).toEqual([operation, path, status]);
  const answer: unknown = await response.json();
  expect([path, problems(operation, status, answer)]).toEqual([path, []]);
  return answer as { number: number; id: number };
}

const REPO = '/repos/acme/ledger';
const ROUTE = '/repos/{owner}/{repo}';

test('the schemas come from a named version', () => {
  expect(fixture.madeFrom).toMatch(/^@octokit\/openapi \d+\.\d+\.\d+/);
});

test('a wrong answer would be seen', () => {
  expect(problems(`GET ${ROUTE}`, 200, { id: 1 })).not.toEqual([]);
  expect(problems(`GET ${ROUTE}/git/ref/{ref}`, 404, { message: 'x', invented: 1 })).not.toEqual([]);
});

test.each([{ enterprise: false }, { enterprise: true }])(
  'releases are answered as GitHub does ($enterprise)',
  async (options) => {
    const server = await github({ ...options, tokens: { t: { login: 'ada' } } });
    const repository = server.addRepository('acme/ledger');
    const date = new Date('2025-01-01T00:00:00.123Z');
    const asset = { name: 'a.tar.gz', content: 'a', createdAt: date, updatedAt: date };
    const release = await repository.addRelease({
      tag: 'v1',
      assets: [asset, { ...asset, name: 'old', digest: null }],
    });
    await repository.addRelease({ tag: 'v2', draft: true });
    repository.setTag('deep', sha1('x'), 2);
    const id = String(release.id);
    await check(server, `GET ${ROUTE}`, REPO);
    await check(server, `GET ${ROUTE}`, `/repositories/${String(repository.id)}`);
    await check(server, `GET ${ROUTE}/releases`, `${REPO}/releases`);
    await check(server, `GET ${ROUTE}/releases/latest`, `${REPO}/releases/latest`);
    await check(server, `GET ${ROUTE}/releases/tags/{tag}`, `${REPO}/releases/tags/v1`);
    await check(server, `GET ${ROUTE}/releases/{release_id}`, `${REPO}/releases/${id}`);
    await check(server, `GET ${ROUTE}/releases/{release_id}/assets`, `${REPO}/releases/${id}/assets`);
    await check(
      server,
      `GET ${ROUTE}/releases/assets/{asset_id}`,
      `${REPO}/releases/assets/${String(release.assets[0]?.id)}`,
    );
    await check(server, `GET ${ROUTE}/git/ref/{ref}`, `${REPO}/git/ref/tags/v1`);
    await check(server, `GET ${ROUTE}/git/ref/{ref}`, `${REPO}/git/ref/tags%2Fdeep`);
    await check(
      server,
      `GET ${ROUTE}/git/tags/{tag_sha}`,
      `${REPO}/git/tags/${String(repository.tags.get('deep')?.sha)}`,
    );
    await check(server, 'GET /user', '/user');
  },
);

test('what is not there, refused or moved is answered as GitHub does', async () => {
  const server = await github({ tokens: { t: { login: 'ada' }, app: { login: 'a[bot]', type: 'Installation' } } });
  const repository = server.addRepository('acme/ledger');
  const status = 404;
  await check(server, `GET ${ROUTE}`, '/repos/acme/none', { status });
  await check(server, `GET ${ROUTE}/releases/latest`, `${REPO}/releases/latest`, { status });
  await check(server, `GET ${ROUTE}/releases/tags/{tag}`, `${REPO}/releases/tags/v1`, { status });
  await check(server, `GET ${ROUTE}/git/ref/{ref}`, `${REPO}/git/ref/tags/v1`, { status });
  await check(server, `GET ${ROUTE}/git/tags/{tag_sha}`, `${REPO}/git/tags/${sha1('x')}`, { status });
  await check(server, 'GET /user', '/user', { token: '', status: 401 });
  await check(server, 'GET /user', '/user', { token: 'bad', status: 401 });
  await check(server, 'GET /user', '/user', { token: 'app', status: 403 });
  server.rename(repository, 'acme/renamed');
  await check(server, `GET ${ROUTE}`, REPO, { status: 301 });
});

test('pull requests, comments and issues are answered as GitHub does', async () => {
  const { path, commit, git } = await bareRepository();
  const server = await github({ tokens: { t: { login: 'ada' }, reader: { login: 'eve', access: 'read' } } });
  server.addRepository('acme/ledger', { git: path });
  const pulls = `${ROUTE}/pulls`;
  const one = `${pulls}/{pull_number}`;
  const sha = commit('b', 'a', { from: git(['rev-parse', 'main']) });
  const body = { title: 't', head: 'b', base: 'main', body: 'text' };
  await check(server, `POST ${pulls}`, `${REPO}/pulls`, { body: { ...body, head: 'none' }, status: 422 });
  await check(server, `POST ${pulls}`, `${REPO}/pulls`, { body, status: 403, token: 'reader' });
  await check(server, `POST ${pulls}`, `${REPO}/pulls`, { body, status: 201 });
  await check(server, `POST ${pulls}`, `${REPO}/pulls`, { body, status: 422 });
  await check(server, `GET ${pulls}`, `${REPO}/pulls`);
  await check(server, `GET ${one}`, `${REPO}/pulls/1`);
  await check(server, `GET ${one}`, `${REPO}/pulls/9`, { status: 404 });
  await check(server, `PATCH ${one}`, `${REPO}/pulls/1`, { body: { title: 'other' } });
  await check(server, `PATCH ${one}`, `${REPO}/pulls/1`, { body: { title: 'other' }, token: 'reader', status: 403 });

  const comments = `${ROUTE}/issues/{issue_number}/comments`;
  const comment = await check(server, `POST ${comments}`, `${REPO}/issues/1/comments`, {
    body: { body: 'x' },
    status: 201,
  });
  await check(server, `GET ${comments}`, `${REPO}/issues/1/comments`);
  await check(server, `GET ${comments}`, `${REPO}/issues/9/comments`, { status: 404 });
  const edit = { body: { body: 'y' } };
  await check(
    server,
    `PATCH ${ROUTE}/issues/comments/{comment_id}`,
    `${REPO}/issues/comments/${String(comment.id)}`,
    edit,
  );

  const issues = `${ROUTE}/issues`;
  const issue = { title: 'i', body: 'text', labels: ['watch'] };
  await check(server, `POST ${issues}`, `${REPO}/issues`, { body: issue, status: 201 });
  await check(server, `GET ${issues}`, `${REPO}/issues?state=all`);
  await check(server, `GET ${issues}/{issue_number}`, `${REPO}/issues/1`);
  await check(server, `PATCH ${issues}/{issue_number}`, `${REPO}/issues/2`, { body: { state: 'closed' } });

  const merge = `PUT ${one}/merge`;
  await check(server, merge, `${REPO}/pulls/1/merge`, { body: { sha: sha1('x') }, status: 409 });
  await check(server, merge, `${REPO}/pulls/1/merge`, { body: { sha }, token: 'reader', status: 403 });
  await check(server, merge, `${REPO}/pulls/1/merge`, { body: { sha } });
  await check(server, merge, `${REPO}/pulls/1/merge`, { body: { sha }, status: 405 });
  await check(server, `GET ${one}`, `${REPO}/pulls/1`);
});
