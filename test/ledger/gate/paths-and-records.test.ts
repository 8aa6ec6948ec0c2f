import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../ledger-schema/bytes.ts';
import type { OddLeaf } from '../../kit/ledger/memory-ledger.ts';
import { putNack, putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import type { Tree } from '../../kit/ledger/ledger-tree.ts';
import {
  ada,
  bot,
  change,
  check,
  codes,
  drop,
  eachOnNewLedger,
  grace,
  ledger,
  record,
  roles,
  tree,
} from './gate-world.ts';

eachOnNewLedger();

describe('paths and modes', () => {
  test.each<[string, OddLeaf]>([
    ['packages/github.com/acme/tool/v2/checklist.json', { mode: '120000', content: '/etc/passwd' }],
    ['packages/github.com/acme/tool/v2/checklist.sha256', { mode: '100755', content: 'x' }],
    ['packages/github.com/acme/sub', { mode: '160000', content: 'a'.repeat(40) }],
    ['trust/keys/link', { mode: '120000', content: '../../README.md' }],
  ])('%s of another mode is refused', async (path, leaf) => {
    expect(await change(() => undefined, { odd: new Map([[path, leaf]]) })).toContain('E_MODE');
  });

  test.each([
    'packages/.gitattributes',
    'packages/README.md',
    'packages/github.com/acme/tool/v1.0.0/.gitattributes',
    'packages/github.com/acme/tool/v1.0.0/tool-linux-amd64',
    'packages/github.com/acme/tool/v1.0.0/sub/checklist.json',
    'packages/GitHub.com/acme/tool/v1.0.0/checklist.json',
    'packages/github.com/acme/tool/nul/checklist.json',
    'packages/github.com/acme/tool/v1%2e0/checklist.json',
    `packages/github.com/acme/tool/v1.0.0/checklist.sha256.${'a'.repeat(40)}.ack`,
    'trust/.gitattributes',
    'trust/01.policy.json',
    'trust/0.policy.json',
    'trust/keys/ada.asc',
    'trust/seals/x',
  ])('the path %s is refused', async (path) => {
    const found = await change((t) => t.set(path, utf8('x')));
    expect(found).toContain('E_PATH');
  });

  test('names that differ in case only are refused, directories included', async () => {
    expect(await change((t) => putRecord(t, bot, [], { tag: 'V1.0.0' }))).toContain('E_COLLISION');
    expect(await change((t) => putRecord(t, bot, [], { repository: 'Acme/tool', tag: 'v2.0.0' }))).toContain(
      'E_COLLISION',
    );
    expect(
      await change(async (t) => {
        await putRecord(t, bot, [], { tag: 'v3-rc' });
        await putRecord(t, bot, [], { tag: 'v3-RC' });
      }),
    ).toContain('E_COLLISION');
  });

  test('a name that stands twice in a tree is refused', async () => {
    const base = ledger.commit(tree);
    const changed: Tree = new Map(tree);
    const path = `${await putRecord(changed, bot, [grace], { tag: 'v2.0.0' })}/checklist.sha256`;
    const head = await ledger.commitTwice(ledger.commit(changed, { parents: [base] }), path, 'other bytes');
    expect(codes(await check({ head, base }))).toEqual(['E_COLLISION']);
    expect(codes(await check({ head }))).toEqual(['E_COLLISION']);
  });

  test('a name that stands twice in the root is refused too: nobody could fetch the ledger any more', async () => {
    const base = ledger.commit(tree);
    const head = await ledger.commitTwice(ledger.commit(tree, { parents: [base] }), 'README.md', 'other bytes');
    expect(codes(await check({ head, base }))).toEqual(['E_COLLISION']);
    expect(codes(await check({ head }))).toEqual(['E_COLLISION']);
  });

  test.each(['packages/GitHub.com', 'packages/github.com/acme/tool/v2.0.0', 'trust/.gitattributes'])(
    'an empty folder %s, which has no leaf, is refused',
    async (folder) => {
      const base = ledger.commit(tree);
      const head = await ledger.commitFolder(ledger.commit(tree, { parents: [base] }), folder);
      expect(codes(await check({ head, base }))).toEqual(['E_MODE']);
      expect(codes(await check({ head }))).toContain('E_MODE');
    },
  );

  test.each(['packages', 'packages/github.com'])(
    'a second %s that holds nothing new and lacks a nack is refused',
    async (folder) => {
      const withoutNack = ledger.commit(tree);
      await putNack(tree, record, grace);
      const base = ledger.commit(tree, { parents: [withoutNack] });
      const same = ledger.commit(tree, { parents: [base] });
      const head = await ledger.commitFolder(same, folder, await ledger.folder(withoutNack, folder));
      const report = await check({ head, base });
      expect(report.problems).toMatchObject([{ code: 'E_COLLISION', path: folder }]);
    },
  );

  test.each(['packages/github.com', 'packages/github.com/acme', 'trust/keys'])(
    'a second %s with other files in it is refused in a full check, before a record is told of',
    async (folder) => {
      const other: Tree = new Map(tree);
      await putRecord(other, bot, [grace], { repository: 'acme/other', tag: 'v1.0.0' });
      for (const path of tree.keys()) if (path.startsWith(`${folder}/`)) other.delete(path);
      if (folder === 'trust/keys') other.set('trust/keys/other', utf8('x'));
      const head = await ledger.commitFolder(
        ledger.commit(tree),
        folder,
        await ledger.folder(ledger.commit(other), folder),
      );
      const report = await check({ head });
      expect(report.problems).toContainEqual(expect.objectContaining({ code: 'E_COLLISION', path: folder }));
      expect(report.records).toEqual([]);
    },
  );

  test('many records are told of in the order of the tree, with what is wrong with their names after their paths', async () => {
    const many: Tree = new Map(tree);
    const paths: string[] = [];
    for (const tag of ['A', 'a', 'b']) paths.push(await putRecord(many, bot, [grace], { repository: 'acme/zoo', tag }));
    many.set('packages/github.com/acme/zoo/c/checklist.other', utf8('x'));
    const report = await check({ head: ledger.commit(many) });
    expect(report.problems).toMatchObject([
      { code: 'E_PATH', path: 'packages/github.com/acme/zoo/c/checklist.other' },
      { code: 'E_COLLISION', path: 'packages/github.com/acme/zoo/a' },
    ]);
    expect(report.records.map(({ path }) => path)).toEqual([record, ...paths]);
  });

  test('a change touches packages/ or trust/ alone', async () => {
    const both = async (t: Tree): Promise<void> => {
      await putRecord(t, bot, [], { tag: 'v2.0.0' });
      t.set('.github/workflows/gate.yml', utf8('on: push\n'));
    };
    expect(await change(both)).toContain('E_CHANGE');
    const mixed = async (t: Tree): Promise<void> => {
      await putRecord(t, bot, [], { tag: 'v2.0.0' });
      await putPolicy(t, 2, roles, [ada]);
    };
    expect(await change(mixed)).toContain('E_CHANGE');
  });
});

describe('records', () => {
  test('another repositoryId under a recorded name is refused', async () => {
    expect(await change((t) => putRecord(t, bot, [], { tag: 'v2.0.0', repositoryId: 43 }))).toEqual([
      'E_REPOSITORY_ID',
    ]);
  });

  test('a record without its checklist, or edited after signing, is refused', async () => {
    const without = async (t: Tree): Promise<void> =>
      drop(t, `${await putRecord(t, bot, [], { tag: 'v2' })}/checklist.json`);
    expect(await change(without)).toEqual(['E_RECORD']);
    const edited = async (t: Tree): Promise<void> => {
      const path = `${await putRecord(t, bot, [], { tag: 'v2' })}/checklist.sha256`;
      t.set(path, utf8(new TextDecoder().decode(t.get(path)).replace(/^[0-9a-f]{8}/, '00000000')));
    };
    expect(await change(edited)).not.toEqual([]);
  });

  test('--require acknowledged waits for the acks of what the change adds', async () => {
    const unacked = (t: Tree): Promise<string> => putRecord(t, bot, [], { tag: 'v2.0.0' });
    expect(await change(unacked, { requireAcknowledged: true })).toEqual(['E_NOT_ACKNOWLEDGED']);
    expect(await change((t) => putRecord(t, bot, [grace], { tag: 'v2.0.0' }), { requireAcknowledged: true })).toEqual(
      [],
    );
    const nacked = async (t: Tree): Promise<string> =>
      putNack(t, await putRecord(t, bot, [grace], { tag: 'v2.0.0' }), ada);
    expect(await change(nacked, { requireAcknowledged: true })).toEqual(['E_WITHDRAWN']);
    expect(await change((t) => putNack(t, record, grace), { requireAcknowledged: true })).toEqual([]);
  });
});
