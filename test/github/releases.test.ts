import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  getLatestRelease,
  getRelease,
  getReleaseByTag,
  getRepository,
  listReleases,
  resolveTagCommit,
} from '../../github/releases.ts';
import { sha1 } from '../servers/github/github-model.ts';
import { clientOf, collect, github } from './setup.ts';

const day = (number: number) => new Date(Date.UTC(2024, 0, number));

test('a repository, its latest release and its assets are read as GitHub has them', async () => {
  const server = await github();
  const client = clientOf(server);
  const repository = server.addRepository('jqlang/jq');
  await repository.addRelease({ tag: 'jq-1.7', createdAt: day(1) });
  await repository.addRelease({
    tag: 'jq-1.7.1',
    createdAt: day(2),
    publishedAt: day(3),
    immutable: true,
    author: 'itchyny',
    assets: [
      { name: 'jq-linux-amd64', content: 'a binary', uploader: 'wader' },
      { name: 'old', content: 'x', digest: null, updatedAt: day(5) },
    ],
  });
  await repository.addRelease({ tag: 'jq-1.8rc1', prerelease: true, createdAt: day(6) });
  await repository.addRelease({ tag: 'jq-1.8', draft: true, createdAt: day(7) });

  expect(await getRepository(client, 'jqlang/jq')).toEqual({
    id: repository.id,
    fullName: 'jqlang/jq',
    private: false,
    cloneUrl: `${server.web}/jqlang/jq.git`,
    defaultBranch: 'main',
    ownerType: 'User',
  });
  const latest = await getLatestRelease(client, 'jqlang/jq');
  expect(latest).toMatchObject({
    tag: 'jq-1.7.1',
    draft: false,
    prerelease: false,
    immutable: true,
    author: 'itchyny',
  });
  expect(latest?.publishedAt).toEqual(day(3));
  const [first, second] = latest?.assets ?? [];
  expect(first).toMatchObject({
    name: 'jq-linux-amd64',
    size: 8,
    state: 'uploaded',
    uploader: 'wader',
    sha256: createHash('sha256').update('a binary').digest('hex'),
    apiUrl: `${server.api}/repos/jqlang/jq/releases/assets/${String(first?.id)}`,
    browserUrl: `${server.web}/jqlang/jq/releases/download/jq-1.7.1/jq-linux-amd64`,
  });
  expect(second?.sha256).toBeUndefined();
  expect(second?.updatedAt).toEqual(day(5));
});

test('a release is found by its tag, slashes and all, and by its id', async () => {
  const server = await github();
  const client = clientOf(server);
  const repository = server.addRepository('cli/cli');
  for (const tag of ['cli/v1.2', 'v1 100%25', 'ä?#&', 'v1.2']) {
    const release = await repository.addRelease({ tag });
    expect(await getReleaseByTag(client, 'cli/cli', tag)).toMatchObject({ id: release.id, tag });
    expect(await getRelease(client, 'cli/cli', release.id)).toMatchObject({ id: release.id, tag });
  }
  expect(await getReleaseByTag(client, 'cli/cli', 'v9')).toBeUndefined();
  expect(await getRelease(client, 'cli/cli', 1)).toBeUndefined();
  expect(await getLatestRelease(client, 'no/body')).toBeUndefined();
});

test('names that would be another path are refused before any request', async () => {
  const server = await github();
  const client = clientOf(server);
  for (const name of ['cli', 'cli/..', 'cli/.', '../cli', 'a/b/c', 'a/b?c', 'a/b#c', '/b', 'a/', 'a b/c', '']) {
    await expect(() => getRepository(client, name)).toFailWith('E_NAME');
  }
  for (const tag of ['', '.', '..', '\ud800']) {
    await expect(() => getReleaseByTag(client, 'cli/cli', tag)).toFailWith('E_NAME');
    await expect(() => resolveTagCommit(client, 'cli/cli', tag)).toFailWith('E_NAME');
  }
  expect(server.requests).toEqual([]);
});

test('a release of another tag than the one that was asked for is E_UPSTREAM_ANSWER', async () => {
  const server = await github();
  const client = clientOf(server);
  const repository = server.addRepository('cli/cli');
  const release = await repository.addRelease({ tag: 'v1' });
  server.faults.redirect({ match: /tags\/v2/, to: `${server.api}/repos/cli/cli/releases/tags/v1` });
  await expect(() => getReleaseByTag(client, 'cli/cli', 'v2')).toFailWith('E_UPSTREAM_ANSWER');
  server.faults.redirect({ match: /releases\/77$/, to: `${server.api}/repos/cli/cli/releases/${String(release.id)}` });
  await expect(() => getRelease(client, 'cli/cli', 77)).toFailWith('E_UPSTREAM_ANSWER');
});

test('releases are listed newest first over all pages, and no further than asked', async () => {
  const server = await github();
  const client = clientOf(server);
  const repository = server.addRepository('cli/cli');
  for (let number = 1; number <= 205; number += 1) {
    await repository.addRelease({ tag: `v${String(number)}`, createdAt: day(number) });
  }
  const all = await collect(listReleases(client, 'cli/cli'));
  expect(all.map(({ tag }) => tag)).toEqual(Array.from({ length: 205 }, (_, index) => `v${String(205 - index)}`));
  expect(server.takeRequests()).toHaveLength(3);
  expect(await collect(listReleases(client, 'cli/cli', { max: 5 }))).toHaveLength(5);
  expect(server.takeRequests()).toHaveLength(1);
  expect(await collect(listReleases(client, 'cli/cli', { max: 0 }))).toEqual([]);
  await expect(() => collect(listReleases(client, 'no/body'))).toFailWith('E_UPSTREAM_NOT_FOUND');
});

test('drafts are listed only for a token that may write', async () => {
  const server = await github({ tokens: { w: { login: 'ada' }, r: { login: 'grace', access: 'read' } } });
  const repository = server.addRepository('cli/cli');
  await repository.addRelease({ tag: 'v1', draft: true });
  expect(await collect(listReleases(clientOf(server, { token: 'w' }), 'cli/cli'))).toMatchObject([
    { draft: true, publishedAt: undefined },
  ]);
  expect(await collect(listReleases(clientOf(server, { token: 'r' }), 'cli/cli'))).toEqual([]);
});

test('a tag is peeled to its commit, through any tag objects', async () => {
  const server = await github();
  const client = clientOf(server);
  const repository = server.addRepository('cli/cli');
  const commit = sha1('a commit');
  for (const [annotated, tag] of ['light', 'annotated/once', 'twice'].entries()) {
    repository.setTag(tag, commit, annotated);
    expect(await resolveTagCommit(client, 'cli/cli', tag)).toBe(commit);
  }
  await expect(() => resolveTagCommit(client, 'cli/cli', 'ligh')).toFailWith('E_UPSTREAM_NOT_FOUND');
  repository.setTag('deep', commit, 50);
  await expect(() => resolveTagCommit(client, 'cli/cli', 'deep')).toFailWith('E_UPSTREAM_ANSWER');
  repository.tags.set('tree', { type: 'tree', sha: commit });
  await expect(() => resolveTagCommit(client, 'cli/cli', 'tree')).toFailWith('E_UPSTREAM_ANSWER');
  repository.tags.set('odd', { type: 'commit', sha: 'not hex' });
  await expect(() => resolveTagCommit(client, 'cli/cli', 'odd')).toFailWith('E_UPSTREAM_ANSWER');
});

test('a tag object that points to itself ends with E_UPSTREAM_ANSWER', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  const sha = sha1('round');
  repository.tags.set('round', { type: 'tag', sha });
  repository.tagObjects.set(sha, { type: 'tag', sha, tag: 'round' });
  await expect(() => resolveTagCommit(clientOf(server), 'cli/cli', 'round')).toFailWith('E_UPSTREAM_ANSWER');
  expect(server.requests.length).toBeLessThan(12);
});

test.each([30, 100, 200])('an embedded list of %i assets may be cut off, and the paged one is read', async (limit) => {
  const server = await github();
  const client = clientOf(server);
  const repository = server.addRepository('cli/cli');
  const assets = Array.from({ length: 233 }, (_, index) => ({ name: `a${String(index)}`, content: '', digest: null }));
  await repository.addRelease({ tag: 'v1', assets });
  server.embedAssets(limit);
  const release = await getLatestRelease(client, 'cli/cli');
  expect(release?.assets.map(({ name }) => name)).toEqual(assets.map(({ name }) => name));
});

test('a release with few assets costs one request', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  const assets = Array.from({ length: 29 }, (_, index) => ({ name: `a${String(index)}`, content: '', digest: null }));
  await repository.addRelease({ tag: 'v1', assets });
  await repository.addRelease({ tag: 'v2' });
  expect((await getReleaseByTag(clientOf(server), 'cli/cli', 'v1'))?.assets).toHaveLength(29);
  expect((await getReleaseByTag(clientOf(server), 'cli/cli', 'v2'))?.assets).toHaveLength(0);
  expect(server.requests).toHaveLength(2);
});

test('an asset that is deleted while the list is read hides no other', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  const assets = Array.from({ length: 200 }, (_, index) => ({ name: `a${String(index)}`, content: '', digest: null }));
  const release = await repository.addRelease({ tag: 'v1', assets });
  // a100 slips from the second page onto the first, which was read before.
  server.faults.before(/assets\?.*page=2/, () => release.removeAsset('a0'));
  const read = await getLatestRelease(clientOf(server), 'cli/cli');
  expect(read?.assets.map(({ name }) => name)).toEqual(assets.slice(1).map(({ name }) => name));
});

test('assets that never stop changing are E_UPSTREAM_CHANGED', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  const assets = Array.from({ length: 300 }, (_, index) => ({ name: `a${String(index)}`, content: '', digest: null }));
  const release = await repository.addRelease({ tag: 'v1', assets });
  let next = 0;
  const change = () => release.removeAsset(`a${String(next++)}`);
  server.faults.before(/assets\?/, change, { times: Infinity });
  await expect(() => getLatestRelease(clientOf(server), 'cli/cli')).toFailWith('E_UPSTREAM_CHANGED');
});

test('an asset whose address lies outside of the API is refused', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  await repository.addRelease({ tag: 'v1', assets: [{ name: 'a', content: '' }] });
  const answer = await fetch(`${server.api}/repos/cli/cli/releases/latest`);
  const body = (await answer.text()).replace(`"${server.api}/repos/cli/cli/releases/assets/`, `"${server.elsewhere}/`);
  server.faults.answer({ status: 200, body });
  await expect(() => getLatestRelease(clientOf(server), 'cli/cli')).toFailWith('E_UPSTREAM_ANSWER');
});

test('a list that is withheld for legal reasons is said to be so, and is not a repository that is not there', async () => {
  const server = await github();
  server.addRepository('acme/tool');
  server.faults.answer({ status: 451, message: 'Repository access blocked', times: 2 });
  await expect(collect(listReleases(clientOf(server), 'acme/tool'))).rejects.toMatchObject({
    code: 'E_UPSTREAM_NOT_FOUND',
    message: expect.stringContaining('withholds acme/tool for legal reasons (451)') as string,
  });
});
