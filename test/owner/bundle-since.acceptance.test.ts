import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { openWholeClone } from '../../ledger/git/whole-clone.ts';
import { storeKey } from '../../store/store.ts';
import { BundleSide } from '../kit/bundle-side.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';

const ONE = 'the first release';
const TWO = 'the second release';

let ledger: TestLedger;
let here: BundleSide;
let second: string;

const at = (name: string) => join(here.folder, name);
const empty = () => BundleSide.empty(ledger.pin(1));

beforeAll(async () => {
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { tool: ONE } });
  await ledger.commit();
  here = await BundleSide.over(ledger);
  for (const body of [ONE, TWO]) await here.put(body);
  await here.create('first.tar');
  await ledger.addRecord({ repository: 'acme/other', tag: 'v2', assets: { other: TWO } });
  second = await ledger.commit();
  await here.create('second.tar', { since: at('first.tar') });
});

test('a bundle that was only checked is nothing to go on from: its objects are not here', async () => {
  const there = await empty();
  await there.apply(at('first.tar'), false);
  await expect(there.apply(at('second.tar'))).toFailWith('E_BUNDLE');
  expect([there.head(), await there.objects()]).toEqual([undefined, []]);
  await there.apply(at('first.tar'));
  expect(await there.apply(at('second.tar'))).toMatchObject({ head: second, stored: 1 });
  expect(await there.objects()).toHaveLength(2);
});

test('what an earlier bundle of fewer tools did not have is not held back', async () => {
  await here.create('tool.tar', { tools: ['github.com/acme/tool'] });
  expect(await here.create('rest.tar', { since: at('tool.tar') })).toMatchObject({ objects: 1 });
  expect(await here.create('none.tar', { since: at('tool.tar'), tools: ['github.com/acme/tool'] })).toBeUndefined();
  const there = await empty();
  await there.apply(at('tool.tar'));
  expect(await there.apply(at('rest.tar'))).toMatchObject({ from: second, head: second, stored: 1 });

  // One that went on from another, and left out what was new.
  await here.create('thin.tar', { since: at('first.tar'), tools: ['github.com/acme/tool'] });
  expect(await here.create('after.tar', { since: at('thin.tar') })).toMatchObject({ objects: 2 });
  expect(await here.create('whole.tar', { since: at('second.tar') })).toBeUndefined();
});

test('a tool is named with its host, in any case; one that the ledger has not makes no bundle', async () => {
  expect(await here.create('case.tar', { tools: ['GitHub.com/ACME/Tool'] })).toMatchObject({ objects: 1 });
  for (const tool of ['ghe.example/acme/tool', 'github.com/acme/nowhere']) {
    await expect(here.create('nowhere.tar', { tools: [tool] })).toFailWith('E_NOT_FOUND');
  }
});

test('a part of a bundle is not named for the whole', async () => {
  const [part = ''] = (await here.create('parts.tar', { split: 4096 }))?.files ?? [];
  const refused = (await empty()).apply(part);
  await expect(refused).rejects.toMatchObject({
    code: 'E_INPUT',
    hint: expect.stringMatching(/by parts\.tar$/) as string,
  });
});

test('an object that the store has damaged is put right', async () => {
  const there = await empty();
  await there.apply(at('first.tar'));
  const path = join(there.folder, 'store', storeKey(sha256Hex(utf8(ONE))));
  await chmod(path, 0o644);
  await writeFile(path, ONE.replace('first', 'worst'));
  expect(await there.apply(at('first.tar'))).toMatchObject({ stored: 1 });
  expect(await readFile(path, 'utf8')).toBe(ONE);
});

test('three that apply one bundle at the same time end as one does', async () => {
  const there = await empty();
  const runs = await Promise.all([1, 2, 3].map(() => there.apply(at('first.tar'))));
  expect(runs.map(({ head }) => head)).toEqual(Array(3).fill(there.head()));
  expect(await there.objects()).toHaveLength(1);
});

test('a ledger that another process fetched while it was bundled makes no bundle of two commits', async () => {
  const cacheDir = at('shared');
  const options = { url: ledger.directory, branch: 'main', cacheDir };
  const git = (...args: string[]) => execFileSync('git', ['-C', ledger.directory, ...args]);
  git('update-ref', 'refs/heads/main', `${second}~1`);
  await using early = await openWholeClone(options);
  git('update-ref', 'refs/heads/main', second);
  await using late = await openWholeClone(options);
  const write = { base: undefined, signedHead: false };
  await expect(early.writeBundle(at('early.bundle'), write)).toFailWith('E_MOVED');
  await late.writeBundle(at('late.bundle'), write);
});

test.each<[string, (to: string) => void]>([
  [
    'commits alone',
    (to) =>
      void bundleOf(to, execFileSync('git', [...inLedger(), 'pack-objects', '--stdout'], { input: `${second}\n` })),
  ],
  [
    'all but the files',
    (to) =>
      void execFileSync('git', [
        ...inLedger(),
        'bundle',
        'create',
        '-q',
        '--version=3',
        to,
        '--filter=blob:none',
        'main',
      ]),
  ],
  ...['-x', 'refs/heads/-x', 'refs/heads/--upload-pack=x', 'refs/heads/../main', 'refs/heads/x.lock', 'HEAD'].map(
    (ref): [string, (to: string) => void] => [
      `the branch under the name ${ref.replaceAll('/', ':')}`,
      (to) => {
        const bytes = readFileSync(to).toString('latin1').replace('refs/heads/main', ref);
        writeFileSync(to, Buffer.from(bytes, 'latin1'));
      },
    ],
  ),
])('a ledger.bundle that holds %s is refused, and nothing of it is in the way of the whole one', async (name, make) => {
  const folder = `all-${name.replaceAll(' ', '-')}`;
  await here.create(folder);
  await cp(at(folder), at(`${folder}.bad`), { recursive: true });
  make(join(at(`${folder}.bad`), 'ledger.bundle'));
  const there = await empty();
  await expect(there.apply(at(`${folder}.bad`))).toFailWith('E_BUNDLE');
  expect([there.head(), await there.objects()]).toEqual([undefined, []]);
  expect(await there.apply(at(folder))).toMatchObject({ head: second });
  execFileSync('git', ['-C', there.ledger, 'fsck', '--strict'], { stdio: 'pipe' });
});

const inLedger = () => ['-C', ledger.directory];

function bundleOf(file: string, pack: Buffer): void {
  writeFileSync(file, Buffer.concat([Buffer.from(`# v2 git bundle\n${second} refs/heads/main\n\n`), pack]));
}
