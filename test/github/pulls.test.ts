import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { closePull, createPull, getPull, listPulls, mergePull, updatePull } from '../../github/pulls.ts';
import type { GitHubClient } from '../../github/client.ts';
import { refreshPulls } from '../servers/github/github.ts';
import type { GitHubServer, TestRepository } from '../servers/github/github.ts';
import { bareRepository, clientOf, github, temporaryFolder } from './setup.ts';
import type { BareRepository } from './setup.ts';

const LEDGER = 'acme/ledger';

interface Ledger extends BareRepository {
  readonly server: GitHubServer;
  readonly repository: TestRepository;
  readonly client: GitHubClient;
}

async function ledger(): Promise<Ledger> {
  const bare = await bareRepository();
  const server = await github({
    tokens: { t: { login: 'mirror-bot' }, reader: { login: 'eve', access: 'read' } },
  });
  const repository = server.addRepository(LEDGER, { git: bare.path });
  return { ...bare, server, repository, client: clientOf(server, { token: 't', tokenName: 'LEDGER_TOKEN' }) };
}

const request = (head: string) => ({ title: `jqlang/jq ${head}`, head, base: 'main', body: 'a table' });

test('a pull request is opened, read, listed, changed and closed', async () => {
  const { client, commit, git, repository } = await ledger();
  const sha = commit('pullthrough/github.com/jqlang/jq/jq-1.7', 'a', { from: git(['rev-parse', 'main']) });
  const pull = await createPull(client, LEDGER, request('pullthrough/github.com/jqlang/jq/jq-1.7'));
  expect(pull).toEqual({
    number: 1,
    title: 'jqlang/jq pullthrough/github.com/jqlang/jq/jq-1.7',
    body: 'a table',
    state: 'open',
    merged: false,
    htmlUrl: pull.htmlUrl,
    headRef: 'pullthrough/github.com/jqlang/jq/jq-1.7',
    headSha: sha,
    headRepositoryId: repository.id,
    baseRef: 'main',
    baseRepositoryId: repository.id,
    author: 'mirror-bot',
    mergeSha: undefined,
  });
  expect(await getPull(client, LEDGER, 1)).toEqual(pull);
  expect(await getPull(client, LEDGER, 2)).toBeUndefined();
  expect(await listPulls(client, LEDGER, { state: 'open' })).toEqual([pull]);
  expect(await updatePull(client, LEDGER, 1, { title: 'new', body: 'other' })).toMatchObject({
    title: 'new',
    body: 'other',
  });
  expect(await closePull(client, LEDGER, 1)).toMatchObject({ state: 'closed', merged: false });
  expect(await listPulls(client, LEDGER, { state: 'open' })).toEqual([]);
  expect(await listPulls(client, LEDGER, { state: 'closed' })).toHaveLength(1);
  await expect(() => listPulls(client, 'acme/none', { state: 'all' })).toFailWith('E_UPSTREAM_NOT_FOUND');
});

test('a pull request follows its branch', async () => {
  const { client, commit, git } = await ledger();
  commit('b', 'a', { from: git(['rev-parse', 'main']) });
  await createPull(client, LEDGER, request('b'));
  const second = commit('b', 'b');
  expect(await getPull(client, LEDGER, 1)).toMatchObject({ headSha: second });
  expect(git(['rev-parse', 'refs/pull/1/head'])).toBe(second);
  git(['update-ref', '-d', 'refs/heads/b']);
  expect(await getPull(client, LEDGER, 1)).toMatchObject({ state: 'closed', merged: false, headSha: second });
});

test('a pull request that is there already is returned, not a second one', async () => {
  const { client, commit, git, server } = await ledger();
  commit('b', 'a', { from: git(['rev-parse', 'main']) });
  const first = await createPull(client, LEDGER, request('b'));
  server.takeRequests();
  expect(await createPull(client, LEDGER, { ...request('b'), title: 'another title' })).toEqual(first);
  expect(server.takeRequests().map(({ method, status }) => [method, status])).toEqual([
    ['POST', 422],
    ['GET', 200],
  ]);
});

test('a pull request that is there already is found under the old name of the ledger too', async () => {
  const { client, commit, git, server, repository } = await ledger();
  commit('b', 'a', { from: git(['rev-parse', 'main']) });
  const first = await createPull(client, LEDGER, request('b'));
  server.rename(repository, 'newacme/ledger');
  expect(await createPull(client, LEDGER, request('b'))).toMatchObject({ number: first.number });
});

test("a stranger's pull request from a branch of the same name is not ours", async () => {
  const { client, commit, git, server, repository, path } = await ledger();
  const main = git(['rev-parse', 'main']);
  const fork = join(await temporaryFolder(), 'fork.git');
  execFileSync('git', ['clone', '--quiet', '--bare', path, fork]);
  commit('b', 'ours', { from: main });
  execFileSync('git', ['push', '--quiet', fork, 'refs/heads/b'], { cwd: path, stdio: 'ignore' });
  const stranger = server.addRepository('eve/ledger', { git: fork, forkOf: repository });
  const theirs = await createPull(clientOf(server, { token: 'reader' }), LEDGER, request('eve:b')).catch(
    (error: unknown) => error,
  );
  // createPull is for branches of the ledger itself; the stranger's is there all the same.
  expect(theirs).toMatchObject({ headRepositoryId: stranger.id, baseRepositoryId: repository.id });
  const ours = await createPull(client, LEDGER, request('b'));
  expect(ours).toMatchObject({ number: 2, headRepositoryId: repository.id });
  expect(await createPull(client, LEDGER, request('b'))).toMatchObject({ number: 2 });
  server.removeRepository(stranger);
  repository.pulls.forEach((pull) => (pull.headRepository = pull.headRepository === stranger ? undefined : repository));
  expect(await getPull(client, LEDGER, 1)).toMatchObject({ headRepositoryId: undefined });
});

test('a pull request without a branch, or without anything new, is E_HTTP', async () => {
  const { client, git, server } = await ledger();
  await expect(() => createPull(client, LEDGER, request('nowhere'))).toFailWith('E_HTTP');
  git(['update-ref', 'refs/heads/same', git(['rev-parse', 'main'])]);
  await expect(() => createPull(client, LEDGER, request('same'))).toFailWith('E_HTTP');
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
});

test('a connection that breaks after a pull request was opened leaves one', async () => {
  const { client, commit, git, server, repository } = await ledger();
  commit('b', 'a', { from: git(['rev-parse', 'main']) });
  server.faults.cutOff({ match: /^POST/ });
  expect(await createPull(client, LEDGER, request('b'))).toMatchObject({ number: 1 });
  expect(repository.pulls).toHaveLength(1);
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
});

test('a connection that breaks before a pull request was opened is tried again', async () => {
  const { client, commit, git, server, repository } = await ledger();
  commit('b', 'a', { from: git(['rev-parse', 'main']) });
  server.faults.reset({ match: /^POST/ });
  server.faults.serverErrors({ match: /^POST/ });
  expect(await createPull(client, LEDGER, request('b'))).toMatchObject({ number: 1 });
  expect(repository.pulls).toHaveLength(1);
});

test('a server that never opens it ends with its own error', async () => {
  const { client, commit, git, server } = await ledger();
  commit('b', 'a', { from: git(['rev-parse', 'main']) });
  server.faults.serverErrors({ match: /^POST/, times: Infinity });
  await expect(() => createPull(client, LEDGER, request('b'))).toFailWith('E_HTTP');
  expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(3);
});

test('merging makes a merge commit in git, of the reviewed commit and no other', async () => {
  const { client, commit, git } = await ledger();
  const main = git(['rev-parse', 'main']);
  const sha = commit('b', 'a', { from: main });
  await createPull(client, LEDGER, request('b'));
  await expect(() => mergePull(client, LEDGER, { number: 1, sha: main, title: 't' })).toFailWith('E_MOVED');
  const { sha: merged } = await mergePull(client, LEDGER, { number: 1, sha, title: 'Merge jqlang/jq' });
  expect(git(['rev-parse', 'main'])).toBe(merged);
  expect(git(['log', '-1', '--format=%P %s', 'main'])).toBe(`${main} ${sha} Merge jqlang/jq`);
  expect(git(['ls-tree', '--name-only', 'main'])).toBe('README\na');
  expect(await getPull(client, LEDGER, 1)).toMatchObject({ state: 'closed', merged: true, mergeSha: merged });
  // Once more is fine: it is what was asked for.
  expect(await mergePull(client, LEDGER, { number: 1, sha, title: 't' })).toEqual({ sha: merged });
});

test('a branch that moved since the review is E_MOVED, and nothing is merged', async () => {
  const { client, commit, git } = await ledger();
  const main = git(['rev-parse', 'main']);
  const sha = commit('b', 'a', { from: main });
  await createPull(client, LEDGER, request('b'));
  commit('b', 'evil');
  await expect(() => mergePull(client, LEDGER, { number: 1, sha, title: 't' })).toFailWith('E_MOVED');
  expect(git(['rev-parse', 'main'])).toBe(main);
});

test('a pull request that conflicts, is closed, or waits for a check is E_HTTP', async () => {
  const { client, commit, git, server } = await ledger();
  const main = git(['rev-parse', 'main']);
  const sha = commit('b', 'a', { from: main, content: 'one' });
  await createPull(client, LEDGER, request('b'));
  server.faults.answer({ match: /merge$/, status: 405, message: 'Required status check "gate" is expected.' });
  const error = await mergePull(client, LEDGER, { number: 1, sha, title: 't' }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'E_HTTP' });
  expect(String(error)).toContain('Required status check "gate" is expected.');
  commit('main', 'a', { content: 'two' });
  await expect(() => mergePull(client, LEDGER, { number: 1, sha, title: 't' })).toFailWith('E_HTTP');
  await closePull(client, LEDGER, 1);
  await expect(() => mergePull(client, LEDGER, { number: 1, sha, title: 't' })).toFailWith('E_HTTP');
});

test('a base that another merge moved is tried again', async () => {
  const { client, commit, git, server } = await ledger();
  const sha = commit('b', 'a', { from: git(['rev-parse', 'main']) });
  await createPull(client, LEDGER, request('b'));
  const message = 'Base branch was modified. Review and try the merge again.';
  server.faults.answer({ match: /merge$/, status: 405, message, times: 2 });
  expect(await mergePull(client, LEDGER, { number: 1, sha, title: 't' })).toBeDefined();
  server.faults.answer({ match: /merge$/, status: 405, message, times: Infinity });
  const other = commit('c', 'c', { from: git(['rev-parse', 'main']) });
  await createPull(client, LEDGER, request('c'));
  await expect(() => mergePull(client, LEDGER, { number: 2, sha: other, title: 't' })).toFailWith('E_HTTP');
});

test('a connection that breaks after the merge is fine', async () => {
  const { client, commit, git, server } = await ledger();
  const sha = commit('b', 'a', { from: git(['rev-parse', 'main']) });
  await createPull(client, LEDGER, request('b'));
  server.faults.cutOff({ match: /^PUT/ });
  const { sha: merged } = await mergePull(client, LEDGER, { number: 1, sha, title: 't' });
  expect(git(['rev-parse', 'main'])).toBe(merged);
  expect(server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
});

test('a merge by git closes the pull request as merged', async () => {
  const { client, commit, git, repository } = await ledger();
  const sha = commit('b', 'a', { from: git(['rev-parse', 'main']) });
  await createPull(client, LEDGER, request('b'));
  git(['update-ref', 'refs/heads/main', sha]);
  await refreshPulls(repository);
  expect(repository.pulls[0]).toMatchObject({ state: 'closed', mergeSha: sha });
  expect(await getPull(client, LEDGER, 1)).toMatchObject({ merged: true });
});

test('who may not write gets E_CREDENTIAL that names the variable', async () => {
  const { commit, git, server, repository } = await ledger();
  const sha = commit('b', 'a', { from: git(['rev-parse', 'main']) });
  const reader = clientOf(server, { token: 'reader', tokenName: 'LEDGER_TOKEN' });
  const nobody = clientOf(server, { tokenName: 'LEDGER_TOKEN' });
  for (const client of [reader, nobody]) {
    const error = await createPull(client, LEDGER, request('b')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_CREDENTIAL' });
    expect(String(error) + String((error as { hint?: string }).hint)).toContain('LEDGER_TOKEN');
    await expect(() => mergePull(client, LEDGER, { number: 1, sha, title: 't' })).toFailWith(
      repository.pulls.length === 0 ? 'E_UPSTREAM_NOT_FOUND' : 'E_CREDENTIAL',
    );
  }
});

test('hundreds of pull requests are listed, each once', async () => {
  const { client, commit, git, repository } = await ledger();
  const sha = commit('b0', 'a', { from: git(['rev-parse', 'main']) });
  await createPull(client, LEDGER, request('b0'));
  const [first] = repository.pulls;
  if (first === undefined) throw new Error('no pull request');
  for (let number = 2; number <= 230; number += 1) {
    repository.pulls.push({ ...first, id: first.id + 10_000 + number, number, state: 'closed', headSha: sha });
  }
  const all = await listPulls(client, LEDGER, { state: 'all' });
  expect(new Set(all.map(({ number }) => number)).size).toBe(230);
  expect(all).toHaveLength(230);
  expect(await listPulls(client, LEDGER, { state: 'open', base: 'main', head: 'acme:b0' })).toHaveLength(1);
  expect(await listPulls(client, LEDGER, { state: 'open', base: 'other' })).toHaveLength(0);
});
