import { mkdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldExit } from '../../io/exit-code.ts';
import { collectGarbage } from '../../executor/upkeep/gc.ts';
import { expectedObjects } from '../../executor/upkeep/referenced-digests.ts';
import { restock } from '../../executor/upkeep/restock.ts';
import { ledgerFiles } from '../../ledger/files.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import { storeKey } from '../../store/store.ts';
import { digest } from '../kit/releases.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import { actions, world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';

async function held() {
  const made = await world();
  const repository = made.github.addRepository('acme/tool');
  const assets = [
    { name: 'tool-linux', content: 'linux bytes' },
    { name: 'tool-macos', content: 'macos bytes', digest: null },
  ];
  const release = await repository.addRelease({ tag: 'v1.0.0', assets });
  await made.tool('acme/tool');
  await made.hold();
  return { made, repository, release };
}

const objectPath = (made: World, content: string) => join(made.storeDirectory, storeKey(digest(content)));
const run = (made: World, dryRun = false) => made.run((context, tools) => restock(context, { tools, dryRun }));

describe('mirror --restock', () => {
  it('fetches nothing where nothing is lost', async () => {
    const { made } = await held();
    made.requests();
    expect(await run(made)).toMatchObject([{ action: 'held', tag: 'v1.0.0' }]);
    expect(made.requests()).toEqual([]);
  });

  it('fetches again what the store lost or damaged, also of open proposals', async () => {
    const { made, repository } = await held();
    await repository.addRelease({ tag: 'v2.0.0', assets: [{ name: 'new', content: 'new bytes' }] });
    await made.mirror();
    await rm(objectPath(made, 'linux bytes'));
    await truncate(objectPath(made, 'macos bytes'), 3);
    await rm(objectPath(made, 'new bytes'));
    const dry = await run(made, true);
    expect(actions(dry)).toEqual(['v1.0.0 restock', 'v2.0.0 restock']);
    expect(dry[0]?.reason).toBe('the store lost 2 of its files');
    expect(actions(await run(made))).toEqual(['v1.0.0 restocked', 'v2.0.0 restocked']);
    expect([...(await made.stored()).values()].sort()).toEqual(['linux bytes', 'macos bytes', 'new bytes']);
    expect(actions(await run(made))).toEqual(['v1.0.0 held', 'v2.0.0 held']);
  });

  it('keeps only what matches the record', async () => {
    const { made, release } = await held();
    await rm(objectPath(made, 'macos bytes'));
    release.asset('tool-macos').content = 'MACOS BYTES';
    const results = await run(made);
    expect(actions(results)).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
    expect(foldExit(results)).toBe(3);
    await release.replaceAsset('tool-macos', 'another size');
    expect(actions(await run(made))).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
    release.removeAsset('tool-macos');
    expect(actions(await run(made))).toEqual(['v1.0.0 failed E_UPSTREAM_NOT_FOUND']);
    expect([...(await made.stored()).values()]).toEqual(['linux bytes']);
  });

  it('fetches the other files of a record where upstream replaced one', async () => {
    const { made, release } = await held();
    for (const content of ['linux bytes', 'macos bytes']) await rm(objectPath(made, content));
    await release.replaceAsset('tool-linux', 'another size');
    const results = await made.run((context, tools) => restock(context, { tools, concurrency: 1 }));
    expect(actions(results)).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
    expect([...(await made.stored()).values()]).toEqual(['macos bytes']);
  });

  it('finds the records of a repository that was renamed before its first one', async () => {
    const made = await world();
    const repository = made.github.addRepository('old/name');
    await repository.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool', content: 'bytes' }] });
    made.github.rename(repository, 'new/name');
    await made.tool('old/name');
    await made.hold();
    await rm(objectPath(made, 'bytes'));
    expect(actions(await run(made))).toEqual(['v1.0.0 restocked']);
    expect([...(await made.stored()).values()]).toEqual(['bytes']);
    made.github.removeRepository(repository);
    expect(actions(await run(made))).toEqual([]);
    made.github.faults.forbidden();
    expect(actions(await run(made))).toEqual(['- failed E_CREDENTIAL']);
  });

  it('asks nobody else who has the name now', async () => {
    const { made, repository } = await held();
    await rm(objectPath(made, 'linux bytes'));
    made.github.removeRepository(repository);
    const other = made.github.addRepository('acme/tool');
    await other.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool-linux', content: 'linux bytes' }] });
    expect(actions(await run(made))).toEqual(['v1.0.0 failed E_REPOSITORY_CHANGED']);
  });
});

async function age(made: World, days: number): Promise<void> {
  const then = new Date(made.now.getTime() - days * 86_400_000);
  for (const content of (await made.stored()).values()) await utimes(objectPath(made, content), then, then);
}

const gc = (made: World, remove: boolean, most = true) =>
  made.run((context) => collectGarbage(context, { remove, most }));

describe('store gc', () => {
  it('removes what no record and no open proposal names, a day old or more', async () => {
    const { made, repository, release } = await held();
    await repository.addRelease({ tag: 'v2.0.0', assets: [{ name: 'new', content: 'proposed bytes' }] });
    await made.mirror();
    repository.releases = [release];
    release.asset('tool-linux').content = 'x';
    await made.tool('acme/lost');
    const lost = made.github.addRepository('acme/lost');
    await lost.addRelease({ tag: 'v1', assets: [{ name: 'lost', content: 'lost bytes' }] });
    await made.mirror({ names: ['acme/lost'] });
    made.git(['update-ref', '-d', 'refs/heads/pullthrough/github.com/acme/lost/v1']);
    expect(await gc(made, true)).toMatchObject({ objects: [], young: 1, kept: 3 });
    await age(made, 2);
    expect(await gc(made, false)).toMatchObject({
      objects: [{ sha256: digest('lost bytes'), size: 10 }],
      bytes: 10,
      kept: 3,
      young: 0,
      removed: false,
    });
    expect((await made.stored()).size).toBe(4);
    expect((await gc(made, true)).objects).toHaveLength(1);
    expect([...(await made.stored()).values()].sort()).toEqual(['linux bytes', 'macos bytes', 'proposed bytes']);
  });

  it('removes what only a closed proposal names', async () => {
    const { made, repository } = await held();
    await repository.addRelease({ tag: 'v2.0.0', assets: [{ name: 'new', content: 'closed bytes' }] });
    await made.mirror();
    const branch = 'pullthrough/github.com/acme/tool/v2.0.0';
    made.git(['update-ref', `refs/heads/pullthrough-closed/${branch.slice(12)}`, branch]);
    made.git(['update-ref', '-d', `refs/heads/${branch}`]);
    await age(made, 2);
    expect((await gc(made, false)).objects).toMatchObject([{ sha256: digest('closed bytes') }]);
  });

  it('keeps what a broken or hostile record names', async () => {
    const { made } = await held();
    const path = 'packages/github.com/acme/tool/v1.0.0/checklist.sha256';
    made.git(['update-ref', '-d', `refs/heads/${BRANCH}`]);
    const orphan = made.commit('main', path, `${digest('linux bytes')} ?? ${digest('macos bytes').toUpperCase()}\n`);
    expect(orphan).not.toBe('');
    await age(made, 2);
    expect((await gc(made, false)).objects).toMatchObject([{ sha256: digest('macos bytes') }]);
  });

  it('says what was proposed while it was removed', async () => {
    const { made } = await held();
    const other = made.github.addRepository('acme/other');
    await other.addRelease({ tag: 'v1', assets: [{ name: 'other', content: 'used again' }] });
    await made.tool('acme/other');
    const branch = 'refs/heads/pullthrough/github.com/acme/other/v1';
    await made.mirror();
    const proposal = made.git(['rev-parse', branch]);
    made.git(['update-ref', '-d', branch]);
    await age(made, 2);
    const collect = made.run((context) => {
      const { store } = context;
      const remove = async (sha256: string): Promise<void> => {
        made.git(['update-ref', branch, proposal]);
        await store.remove(sha256);
      };
      const list = () => store.list();
      const stored = { ...context.store, list, remove };
      return collectGarbage({ ...context, store: stored }, { remove: true, most: true });
    });
    await expect(collect).toFailWith('E_STORE_DAMAGED');
    expect(actions(await run(made))).toEqual(['v1 restocked', 'v1.0.0 held']);
  });

  it('removes no more than a tenth of the objects unless told', async () => {
    const { made } = await held();
    await age(made, 2);
    const put = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const path = objectPath(made, `unnamed ${i}`);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, `unnamed ${i}`);
        await utimes(path, new Date(0), new Date(0));
      }
    };
    await put(1);
    expect(await gc(made, true, false)).toMatchObject({ objects: [{}], kept: 2, removed: false, tooMany: true });
    expect((await made.stored()).size).toBe(3);
    expect(await gc(made, true, true)).toMatchObject({ objects: [{}], removed: true });
    expect((await made.stored()).size).toBe(2);
  });

  it('removes nothing by a ledger that is older than it was seen, or lost a part', async () => {
    const { made, repository } = await held();
    const before = made.git(['rev-parse', 'main']);
    await repository.addRelease({ tag: 'v2.0.0', assets: [{ name: 'new', content: 'new bytes' }] });
    await made.hold();
    await made.plan();
    await age(made, 2);
    const after = made.git(['rev-parse', 'main']);
    made.git(['update-ref', 'refs/heads/main', before]);
    await expect(gc(made, true)).toFailWith('E_ROLLBACK');
    const emptied = made.git(['commit-tree', `${before}^{tree}`, '-p', after, '-m', 'without v2.0.0']);
    made.git(['update-ref', 'refs/heads/main', emptied]);
    await expect(gc(made, true)).toFailWith('E_APPEND_ONLY');
    made.git(['update-ref', 'refs/heads/main', after]);
    expect(await gc(made, true)).toMatchObject({ objects: [], kept: 3 });
  });

  it('removes nothing where the ledger cannot be trusted', async () => {
    const { made } = await held();
    await age(made, 2);
    made.commit('main', 'trust/1.policy.json', '{}');
    await expect(gc(made, true)).toFailWith('E_POLICY_FORMAT');
    made.git(['update-ref', '-d', 'refs/heads/main']);
    await expect(gc(made, true)).toFailWith('E_POLICY_MISSING');
    expect((await made.stored()).size).toBe(2);
  });
});

describe('what a store must hold', () => {
  it('is the files of signed records and proposals', async () => {
    const { made, repository } = await held();
    await repository.addRelease({ tag: 'v2.0.0', assets: [{ name: 'new', content: 'new bytes' }] });
    await made.mirror();
    made.commit('pullthrough/github.com/acme/tool/v9', 'packages/github.com/acme/tool/v9/checklist.sha256', 'x');
    made.commit('main', 'packages/github.com/acme/tool/v8/checklist.sha256', 'x');
    const ignored: string[] = [];
    const names = await made.run(async ({ ledger, now }) => {
      await ledger.update();
      const head = ledger.head() ?? '';
      const trust = await establishTrust(ledgerFiles(ledger.snapshot(head)), { now });
      const found: string[] = [];
      for await (const asset of expectedObjects(ledger, head, trust, (path) => ignored.push(path))) {
        found.push(`${asset.name} ${asset.size}`);
      }
      return found;
    });
    expect(names).toEqual(['tool-linux 11', 'tool-macos 11', 'new 9']);
    expect(ignored).toEqual(['packages/github.com/acme/tool/v8']);
    expect((await people()).bot.fingerprint).toHaveLength(40);
  });
});
