import { describe, expect, it } from 'vitest';
import { watchExit, watchIssue } from '../../executor/upkeep/watch-findings.ts';
import { reportIssue, watch } from '../../executor/upkeep/watch.ts';
import { world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';
import type { Shard } from '../../upstream/tools.ts';

async function held(onGitHub = false) {
  const made = await world({ onGitHub });
  const repository = made.github.addRepository('acme/tool');
  const assets = [
    { name: 'tool-linux', content: 'linux bytes' },
    { name: 'tool-macos', content: 'macos bytes' },
    { name: 'tool.asc', content: 'signature' },
  ];
  const release = await repository.addRelease({ tag: 'v1.0.0', assets });
  await made.tool('acme/tool', '[assets]', 'exclude[] = *.asc');
  await made.hold();
  made.requests();
  return { made, repository, release };
}

const look = (made: World) => made.run((context, tools) => watch(context, { tools, only: false }));

function kinds(watched: Awaited<ReturnType<typeof look>>): string[] {
  return watched.flatMap(({ findings }) =>
    findings.map(({ kind, file }) => (file === undefined ? kind : `${kind} ${file}`)),
  );
}

describe('watch', () => {
  it('finds nothing where nothing changed, by the API alone, and the second time by 304s', async () => {
    const { made } = await held();
    expect(await look(made)).toEqual([{ tool: 'acme/tool', records: 1, findings: [] }]);
    expect(made.requests('storage')).toEqual([]);
    made.github.takeRequests();
    expect(watchExit(await look(made))).toBe(0);
    const statuses = made.github.takeRequests().map(({ status }) => status);
    expect(statuses).toEqual([304, 304, 304]);
  });

  it('reports an added file and exits 0; not one that the filter leaves out', async () => {
    const { made, release } = await held();
    await release.addAsset({ name: 'tool-windows', content: 'w' });
    await release.addAsset({ name: 'more.asc', content: 's' });
    const watched = await look(made);
    expect(kinds(watched)).toEqual(['file-added tool-windows']);
    expect(watchExit(watched)).toBe(0);
  });

  it('finds replaced and removed files', async () => {
    const { made, release } = await held();
    await release.replaceAsset('tool-linux', 'LINUX BYTES');
    release.removeAsset('tool-macos');
    const watched = await look(made);
    expect(kinds(watched)).toEqual(['file-replaced tool-linux', 'file-missing tool-macos']);
    expect(watchExit(watched)).toBe(3);
    await release.replaceAsset('tool-linux', 'longer linux bytes', { digest: null });
    expect(kinds(await look(made))).toEqual(['file-replaced tool-linux', 'file-missing tool-macos']);
  });

  it('finds a moved tag, and one that is gone', async () => {
    const { made, repository } = await held();
    repository.setTag('v1.0.0', 'e'.repeat(40), 1);
    expect(kinds(await look(made))).toEqual(['tag-moved']);
    repository.tags.delete('v1.0.0');
    expect(kinds(await look(made))).toEqual(['tag-missing']);
  });

  it('finds a deleted release, a deleted repository, and another one of its name', async () => {
    const { made, repository } = await held();
    repository.removeRelease('v1.0.0');
    expect(kinds(await look(made))).toEqual(['release-missing']);
    made.github.removeRepository(repository);
    expect(kinds(await look(made))).toEqual(['repository-missing']);
    made.github.addRepository('acme/tool');
    const watched = await look(made);
    expect(watched[0]?.findings).toMatchObject([{ kind: 'repository-changed', code: 'E_REPOSITORY_CHANGED' }]);
    expect(watchExit(watched)).toBe(3);
  });

  it('follows a rename, says it and to what, each time, and it is nothing to act on', async () => {
    const { made, repository } = await held();
    made.github.rename(repository, 'acme/renamed');
    for (const watched of [await look(made), await look(made)]) {
      expect(kinds(watched)).toEqual(['repository-renamed']);
      expect(watched[0]?.findings[0]?.message).toContain('upstream calls it acme/renamed now');
      expect(watchExit(watched)).toBe(0);
      expect(watchIssue(watched)).toBeUndefined();
    }
  });

  it('finds the records of a repository that was renamed before its first one, and its filter', async () => {
    const made = await world();
    const repository = made.github.addRepository('old/name');
    const assets = [
      { name: 'tool', content: 'bytes' },
      { name: 'tool.asc', content: 'signature' },
    ];
    const release = await repository.addRelease({ tag: 'v1.0.0', assets });
    made.github.rename(repository, 'new/name');
    await made.tool('old/name', '[assets]', 'exclude[] = *.asc');
    await made.hold();
    expect(await look(made)).toEqual([{ tool: 'new/name', records: 1, findings: [] }]);
    await release.replaceAsset('tool', 'other bytes');
    const named = await made.run((context, tools) => watch(context, { tools, only: true }));
    expect(kinds(named)).toEqual(['file-replaced tool']);
  });

  it('looks at many records by listing, and at tools without a tool.ini', async () => {
    const { made, repository } = await held();
    for (const tag of ['v1.0.1', 'v1.0.2', 'v1.0.3', 'v1.0.4']) {
      await repository.addRelease({ tag, assets: [{ name: 'a', content: tag }] });
    }
    await made.tool('acme/tool', '[release]', 'select = all');
    await made.hold();
    repository.removeRelease('v1.0.2');
    made.requests();
    const watched = await made.run((context) => watch(context, { tools: [], only: false }));
    expect(watched[0]?.records).toBe(5);
    expect(watched[0]?.findings.map(({ kind, tag }) => `${kind} ${String(tag)}`).sort()).toEqual([
      'file-added v1.0.0',
      'release-missing v1.0.2',
    ]);
    expect(made.requests().filter((request) => request.includes('/releases/tags/'))).toHaveLength(1);
  });

  it('does not look at what nobody acknowledged, nor at other tools when some are named', async () => {
    const { made, repository } = await held();
    await repository.addRelease({ tag: 'v2', assets: [{ name: 'a', content: 'a' }] });
    await made.mirror();
    made.merge('pullthrough/github.com/acme/tool/v2');
    repository.removeRelease('v2');
    expect(kinds(await look(made))).toEqual([]);
    expect(await made.run((context) => watch(context, { tools: [], only: true }))).toEqual([]);
  });

  it('asks about as many tools at once as it is told', async () => {
    const { made } = await held();
    await made.github.addRepository('acme/more').addRelease({ tag: 'v1', assets: [{ name: 'm', content: 'm' }] });
    await made.tool('acme/more');
    await made.hold();
    made.requests();
    await made.run((context, tools) => watch(context, { tools, only: false, concurrency: 1 }));
    const turns = made.requests('api').map((request) => request.includes('/acme/more'));
    expect(turns).toContain(true);
    expect(turns).toEqual([...turns].sort((a, b) => Number(b) - Number(a)));
  });

  it('tells of an API that fails, and goes on with the others', async () => {
    const { made } = await held();
    made.github.faults.forbidden({ match: /GET \/repos\/acme\/tool$/, times: 9 });
    const watched = await look(made);
    expect(watched).toMatchObject([{ tool: 'acme/tool', findings: [], error: { code: 'E_CREDENTIAL' } }]);
    expect(watchExit(watched)).toBe(1);
  });
});

describe('watch --issue', () => {
  it('opens one issue, and updates it', async () => {
    const { made, release } = await held(true);
    const tell = () =>
      made.run(async (context, tools) => reportIssue(context, await watch(context, { tools, only: false })));
    expect(await tell()).toBeUndefined();
    release.removeAsset('tool-macos');
    expect(await tell()).toMatchObject({ change: 'created' });
    expect(await tell()).toMatchObject({ change: 'unchanged' });
    release.removeAsset('tool-linux');
    expect(await tell()).toMatchObject({ change: 'updated' });
    expect(made.ledgerRepository.issues).toHaveLength(1);
    expect(made.ledgerRepository.issues[0]?.body).toContain('`acme/tool` `v1.0.0` `tool-linux`: file-missing');
  });

  it('closes it when nothing differs any more, and not while something could not be asked about', async () => {
    const { made, repository, release } = await held(true);
    const tell = () =>
      made.run(async (context, tools) => reportIssue(context, await watch(context, { tools, only: false })));
    const state = () => made.ledgerRepository.issues.map((issue) => issue.state);
    await release.addAsset({ name: 'more', content: 'm' });
    expect(await tell()).toMatchObject({ change: 'created' });
    release.removeAsset('more');
    made.github.faults.forbidden({ match: /GET \/repos\/acme\/tool$/, times: 1 });
    expect(await tell()).toBeUndefined();
    expect(state()).toEqual(['open']);
    expect(await tell()).toMatchObject({ change: 'closed' });
    expect(state()).toEqual(['closed']);
    expect(made.ledgerRepository.issues[0]?.body).toContain('Upstream has again what every acknowledged record says.');
    expect(await tell()).toBeUndefined();
    repository.removeRelease('v1.0.0');
    expect(await tell()).toMatchObject({ change: 'created' });
    expect(state()).toEqual(['closed', 'open']);
  });

  it('keeps the issues of different shares apart', async () => {
    const { made, release } = await held(true);
    release.removeAsset('tool-macos');
    const share = (index: number, only: boolean) =>
      made.run(async (context, tools) => {
        const watched = await watch(context, { tools: only ? [] : tools, only: true });
        return reportIssue(context, watched, { index, count: 2 });
      });
    expect(await share(1, false)).toMatchObject({ change: 'created' });
    expect(await share(2, true)).toBeUndefined();
    expect(made.ledgerRepository.issues.map((issue) => issue.state)).toEqual(['open']);
  });

  it('closes the issues of shares that are no more', async () => {
    const { made, release } = await held(true);
    release.removeAsset('tool-macos');
    const tell = (shard?: Shard) =>
      made.run(async (context, tools) =>
        reportIssue(context, await watch(context, { tools, only: shard !== undefined }), shard),
      );
    const open = () => made.ledgerRepository.issues.filter(({ state }) => state === 'open').map(({ body }) => body);
    await tell({ index: 2, count: 2 });
    expect(open()).toEqual([expect.stringMatching(/^<!-- pullthrough:watch:2-of-2 -->/)]);
    // The others of the same number leave it alone.
    await tell({ index: 1, count: 2 });
    expect(open()).toHaveLength(2);
    await tell({ index: 1, count: 3 });
    expect(open()).toEqual([expect.stringMatching(/^<!-- pullthrough:watch:1-of-3 -->/)]);
    await tell();
    expect(open()).toEqual([expect.stringMatching(/^<!-- pullthrough:watch -->/)]);
    expect(made.ledgerRepository.issues[0]?.body).toContain('shared out by another number of jobs');
  });

  it('leaves the issue of a stranger alone who wrote the marker of a share', async () => {
    const { made } = await held(true);
    const about = { title: 'Upstream differs from what the ledger records', author: 'stranger', association: 'NONE' };
    const body = '<!-- pullthrough:watch:2-of-2 -->\nmine';
    const times = { createdAt: new Date(), updatedAt: new Date() };
    const issue = { ...about, ...times, id: 9, number: 9, body, state: 'open' as const, labels: [] };
    made.ledgerRepository.issues.push(issue);
    await made.run(async (context, tools) => reportIssue(context, await watch(context, { tools, only: false })));
    expect(issue).toMatchObject({ state: 'open', body });
  });

  it('needs a ledger on GitHub', async () => {
    const { made } = await held();
    await expect(made.run((context) => reportIssue(context, []))).toFailWith('E_USAGE');
  });
});
