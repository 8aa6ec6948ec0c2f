import { expect, test } from 'vitest';
import { closeIssue, upsertComment, upsertIssue } from '../../github/pulls.ts';
import { nextId } from '../servers/github/github-model.ts';
import type { TestRepository } from '../servers/github/github.ts';
import { clientOf, github } from './setup.ts';

const LEDGER = 'acme/ledger';
const TOKENS = {
  ada: { login: 'ada' },
  eve: { login: 'eve', access: 'read' },
  ghs_app: { login: 'pullthrough[bot]', type: 'Installation' },
} as const;

async function ledger(token: keyof typeof TOKENS = 'ada') {
  const server = await github({ tokens: TOKENS });
  const repository = server.addRepository(LEDGER);
  addIssue(repository);
  return { server, repository, client: clientOf(server, { token }) };
}

function addIssue(
  repository: TestRepository,
  change: { author?: string; association?: string; body?: string; state?: 'open' | 'closed' } = {},
) {
  const now = new Date();
  const number = repository.nextNumber();
  const issue = { id: nextId(), number, title: 'x', body: 'y', state: 'open' as const, labels: [], author: 'eve' };
  repository.issues.push({ ...issue, createdAt: now, updatedAt: now, ...change });
}

function addComment(repository: TestRepository, author: string, body: string, association?: string) {
  const now = new Date();
  const known = association === undefined ? {} : { association };
  repository.comments.push({ id: nextId(), issue: 1, body, author, ...known, createdAt: now, updatedAt: now });
}

test.each(['ada', 'ghs_app'] as const)('a comment by %s is written once, then kept up to date', async (token) => {
  const { server, repository, client } = await ledger(token);
  const first = await upsertComment(client, LEDGER, 1, 'acks', 'one is missing');
  expect(first).toMatchObject({ change: 'created' });
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'one is missing')).toMatchObject({
    id: first.id,
    change: 'unchanged',
  });
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'all there')).toMatchObject({
    id: first.id,
    change: 'updated',
  });
  expect(await upsertComment(clientOf(server, { token }), LEDGER, 1, 'acks', 'x')).toMatchObject({ id: first.id });
  expect(await upsertComment(client, LEDGER, 1, 'other', 'x')).toMatchObject({ change: 'created' });
  expect(repository.comments.map(({ body }) => body)).toEqual(['<!-- acks -->\nx', '<!-- other -->\nx']);
});

test("a stranger's comment with our marker is never edited", async () => {
  const { server, repository, client } = await ledger();
  addComment(repository, 'eve', '<!-- acks -->\nmine', 'NONE');
  addComment(repository, 'mallory', '<!-- acks -->\none is missing', 'CONTRIBUTOR');
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'one is missing')).toMatchObject({ change: 'created' });
  expect(server.requests.filter(({ method }) => method === 'PATCH')).toEqual([]);
  expect(repository.comments.map(({ author }) => author)).toEqual(['eve', 'mallory', 'ada']);
});

test('two who may write here leave one comment, no matter who began it', async () => {
  const { server, repository, client } = await ledger();
  server.addToken('grace', { login: 'grace' });
  await upsertComment(client, LEDGER, 1, 'acks', 'one is missing');
  const second = await upsertComment(clientOf(server, { token: 'grace' }), LEDGER, 1, 'acks', 'all there');
  expect(second).toMatchObject({ change: 'updated' });
  expect(repository.comments).toMatchObject([{ author: 'ada', body: '<!-- acks -->\nall there' }]);
});

test("a colleague's comment that this account may not edit is left, without another beside it", async () => {
  const { server, repository, client } = await ledger();
  await upsertComment(client, LEDGER, 1, 'acks', 'one');
  const reader = clientOf(server, { token: 'eve' });
  expect(await upsertComment(reader, LEDGER, 1, 'acks', 'two')).toMatchObject({ change: 'left' });
  expect(repository.comments).toMatchObject([{ body: '<!-- acks -->\none' }]);
});

test('our own comment that only quotes the marker is left alone', async () => {
  const { repository, client } = await ledger();
  addComment(repository, 'ada', 'the bot writes <!-- acks --> into its comments');
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'x')).toMatchObject({ change: 'created' });
});

test('where the API does not say who we are, nothing is edited, and nothing said twice', async () => {
  const { server, repository, client } = await ledger('ghs_app');
  server.faults.answer({ match: /graphql/, status: 403, times: Infinity });
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'one')).toMatchObject({ change: 'created' });
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'one')).toMatchObject({ change: 'unchanged' });
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'two')).toMatchObject({ change: 'created' });
  expect(repository.comments).toHaveLength(2);
  expect(server.requests.filter(({ method }) => method === 'PATCH')).toEqual([]);
});

test('on GitHub Enterprise Server an installation is told who it is by /api/graphql', async () => {
  const server = await github({ enterprise: true, tokens: TOKENS });
  addIssue(server.addRepository(LEDGER));
  const client = clientOf(server, { token: 'ghs_app' });
  await upsertComment(client, LEDGER, 1, 'acks', 'one');
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'two')).toMatchObject({ change: 'updated' });
  expect(server.requests.filter(({ url }) => url === '/api/graphql')).toHaveLength(1);
});

test('a comment is found behind hundreds of others', async () => {
  const { repository, client } = await ledger();
  const { id } = await upsertComment(client, LEDGER, 1, 'acks', 'one');
  const [ours] = repository.comments.splice(0);
  for (let number = 0; number < 250; number += 1) addComment(repository, 'eve', 'noise');
  if (ours !== undefined) repository.comments.push(ours);
  expect(await upsertComment(client, LEDGER, 1, 'acks', 'two')).toMatchObject({ id, change: 'updated' });
});

test('a comment whose connection breaks after it was written is there once', async () => {
  const { server, repository, client } = await ledger();
  server.faults.cutOff({ match: /^POST/ });
  await upsertComment(client, LEDGER, 1, 'acks', 'one');
  expect(repository.comments).toHaveLength(1);
});

test('a comment on nothing is E_UPSTREAM_NOT_FOUND', async () => {
  const { client } = await ledger();
  await expect(() => upsertComment(client, LEDGER, 9, 'acks', 'x')).toFailWith('E_UPSTREAM_NOT_FOUND');
});

test('a marker that could end its own comment is a defect', async () => {
  const { client } = await ledger();
  await expect(() => upsertComment(client, LEDGER, 1, 'a --> b', 'x')).toFailWith('E_INTERNAL');
});

const findings = (body: string) => ({ marker: 'watch', title: 'upstream differs', body, labels: ['watch'] });

test('one issue is opened, then kept up to date; a closed one is left and another opened', async () => {
  const { repository, client } = await ledger();
  const first = await upsertIssue(client, LEDGER, findings('one'));
  expect(first).toMatchObject({ id: 2, change: 'created' });
  expect(await upsertIssue(client, LEDGER, findings('one'))).toMatchObject({ id: 2, change: 'unchanged' });
  expect(await upsertIssue(client, LEDGER, findings('two'))).toMatchObject({ id: 2, change: 'updated' });
  const issue = repository.issues.at(-1);
  expect(issue).toMatchObject({ body: '<!-- watch -->\ntwo', labels: ['watch'], author: 'ada' });
  if (issue !== undefined) issue.state = 'closed';
  expect(await upsertIssue(client, LEDGER, findings('three'))).toMatchObject({ id: 3, change: 'created' });
});

test("a stranger's issue with our marker is never edited, nor closed", async () => {
  const { server, repository, client } = await ledger();
  addIssue(repository, { author: 'eve', association: 'NONE', body: '<!-- watch -->\none' });
  expect(await closeIssue(client, LEDGER, { marker: 'watch', body: 'settled' })).toBeUndefined();
  expect(await upsertIssue(client, LEDGER, findings('one'))).toMatchObject({ id: 3, change: 'created' });
  expect(server.requests.filter(({ method }) => method === 'PATCH')).toEqual([]);
});

test('an issue without a right to write it is E_CREDENTIAL', async () => {
  const { server } = await ledger();
  server.faults.forbidden({ match: /^POST/ });
  await expect(() => upsertIssue(clientOf(server, { token: 'eve' }), LEDGER, findings('x'))).toFailWith('E_CREDENTIAL');
});
