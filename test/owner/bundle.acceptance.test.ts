import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packTar } from 'modern-tar';
import { beforeAll, describe, expect, test } from 'vitest';
import { CHANGE_FILES } from '../../ledger/gate/gate-report.ts';
import { encodeManifest, parseManifest } from '../../owner/bundle/manifest.ts';
import type { Manifest } from '../../owner/bundle/manifest.ts';
import { writeBundle } from '../../owner/bundle/write-bundle.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { canonicalJson } from '../../ledger-schema/json.ts';
import { storeKey } from '../../store/store.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { BundleSide as Side } from '../kit/bundle-side.ts';

const ONE = 'the first release';
const TWO = 'the second release';

const digests = (...bodies: string[]) => bodies.map((body) => sha256Hex(utf8(body))).sort();

let ledger: TestLedger;
let here: Side;
let first: string;
let second: string;

beforeAll(async () => {
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { tool: ONE } });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v9', assets: { tool: 'not acknowledged' }, acks: [] });
  first = await ledger.commit();
  here = await Side.over(ledger);
  for (const body of [ONE, TWO, 'not acknowledged']) await here.put(body);
  await here.create('first');
  await here.create('first.tar');
  await ledger.addRecord({ repository: 'acme/other', tag: 'v2', assets: { other: TWO } });
  second = await ledger.commit();
  await here.create('second.tar', { since: join(here.folder, 'first.tar') });
  await here.create('both.tar');
});

const at = (name: string) => join(here.folder, name);

/** A copy of the first bundle's folder, to be broken. */
async function copied(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'pullthrough-bundle-')), 'bundle');
  await cp(at('first'), folder, { recursive: true });
  return folder;
}

async function rewrite(folder: string, change: (manifest: Manifest) => Manifest): Promise<void> {
  const file = join(folder, 'bundle.json');
  await writeFile(file, encodeManifest(change(parseManifest(await readFile(file)))));
}

describe('a bundle', () => {
  test.each(['first', 'first.tar'])('%s carries the ledger and what is acknowledged, and no more', async (name) => {
    const there = await Side.empty(ledger.pin(1));
    expect(await there.apply(at(name), false)).toMatchObject({ head: first, objects: 1, stored: 0 });
    expect([there.head(), await there.objects()]).toEqual([undefined, []]);
    expect(await there.apply(at(name))).toMatchObject({ from: undefined, head: first, objects: 1, stored: 1 });
    expect([there.head(), await there.objects()]).toEqual([first, digests(ONE)]);
    expect(await there.apply(at(name))).toMatchObject({ from: first, head: first, stored: 0 });
  });

  test('is opened by stock tools', () => {
    const git = execFileSync('git', ['-C', ledger.directory, 'bundle', 'verify', at('first/ledger.bundle')], {
      stdio: 'pipe',
    });
    expect(git.toString()).toContain('refs/heads/main');
    const names = execFileSync('tar', ['-tf', at('first.tar')])
      .toString()
      .trim()
      .split('\n');
    expect(names).toEqual(['bundle.json', 'ledger.bundle', storeKey(digests(ONE)[0] ?? '')]);
  });

  test('goes on from an earlier one with what came since', async () => {
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(at('second.tar'))).toFailWith('E_BUNDLE');
    await expect(there.apply(at('second.tar'))).rejects.toThrow(first);
    await there.apply(at('first.tar'));
    expect(await there.apply(at('second.tar'))).toMatchObject({ from: first, head: second, objects: 1, stored: 1 });
    expect(await there.objects()).toEqual(digests(ONE, TWO));
    await expect(there.apply(at('first.tar'))).toFailWith('E_ROLLBACK');
    expect(there.head()).toBe(second);
  });

  test('is applied though one commit has more files than the gate takes of a change', async () => {
    const large = await TestLedger.create();
    await large.commit();
    const source = await Side.over(large);
    const there = await Side.empty(large.pin(1));
    await source.put(ONE);
    await source.create('before.tar');
    await there.apply(join(source.folder, 'before.tar'));
    const before = large.files.size;
    for (let i = 0; large.files.size - before <= CHANGE_FILES; i += 1) {
      await large.addRecord({ repository: `acme/tool-${i}`, tag: 'v1', assets: { tool: ONE } });
    }
    const head = await large.commit();
    await source.create('after.tar', { since: join(source.folder, 'before.tar') });
    expect(await there.apply(join(source.folder, 'after.tar'))).toMatchObject({ head, objects: 1 });
  });

  test('of one tool has its objects alone; nothing new since is not a bundle', async () => {
    expect(await here.create('other.tar', { tools: ['github.com/ACME/other'] })).toMatchObject({ objects: 1 });
    expect(await here.create('none.tar', { since: at('both.tar') })).toBeUndefined();
  });

  test('in parts is the same, and a missing part is damage', async () => {
    const made = await here.create('parts.tar', { split: 4096 });
    expect(made?.files.length).toBeGreaterThan(1);
    const there = await Side.empty(ledger.pin(1));
    const parts = (await readdir(here.folder)).filter((name) => name.startsWith('parts.tar.')).sort();
    await rename(at(parts.at(-1) ?? ''), at('away'));
    await expect(there.apply(at('parts.tar'))).rejects.toMatchObject({ code: 'E_BUNDLE', exit: 1 });
    expect(there.head()).toBeUndefined();
    await rename(at('away'), at(parts.at(-1) ?? ''));
    expect(await there.apply(at('parts.tar'))).toMatchObject({ head: second });
  });

  test('replaces no earlier one, and of nothing else', async () => {
    await here.create('twice.tar', { split: 4096 });
    for (const split of [4096, undefined]) {
      await expect(here.create('twice.tar', { split })).toFailWith('E_EXISTS');
    }
    const before = await readFile(at('first.tar'));
    await expect(here.create('first.tar')).toFailWith('E_EXISTS');
    await expect(here.create('first')).toFailWith('E_EXISTS');
    expect(await readFile(at('first.tar'))).toEqual(before);
  });

  test('removes nothing that came into its folder while it was written', async () => {
    await mkdir(at('shared'));
    const late = async function* () {
      yield { path: 'bundle.json', size: 1, body: [utf8('x')] as never };
      await writeFile(join(at('shared'), 'notes'), 'mine');
    };
    await expect(writeBundle(late(), { path: at('shared') })).toFailWith('E_EXISTS');
    expect(await readdir(at('shared'))).toEqual(['notes']);
  });

  test('has no more parts than are read', async () => {
    await expect(here.create('dust.tar', { split: 8 })).toFailWith('E_USAGE');
    expect((await readdir(here.folder)).filter((name) => /dust|part$/.test(name))).toEqual([]);
  });

  test('is not taken where the ledger was emptied since it was seen', async () => {
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(at('first.tar'), true, second)).toFailWith('E_ROLLBACK');
    expect([there.head(), await there.objects()]).toEqual([undefined, []]);
  });

  test('made of a damaged store is not made', async () => {
    const bad = await Side.over(ledger);
    await bad.put(TWO);
    await bad.put(ONE);
    await writeFile(join(bad.folder, 'store', storeKey(digests(ONE)[0] ?? '')), ONE.replace('first', 'worst'));
    await expect(bad.create('bad.tar')).toFailWith('E_STORE_DAMAGED');
    expect((await readdir(bad.folder)).sort()).toEqual(['cache', 'store']);
  });
});

describe('nothing in a bundle is believed', () => {
  const object = () => storeKey(digests(ONE)[0] ?? '');

  test.each<[string, string, 1 | 3, (folder: string) => Promise<unknown>]>([
    [
      'another byte in an object',
      'E_DIGEST_MISMATCH',
      3,
      (f) => writeFile(join(f, object()), ONE.replace('first', 'worst')),
    ],
    ['a longer object', 'E_BUNDLE', 3, (f) => writeFile(join(f, object()), `${ONE}!`)],
    ['an object that is gone', 'E_BUNDLE', 1, (f) => rm(join(f, object()))],
    [
      'one more object',
      'E_BUNDLE',
      3,
      async (f) => {
        const key = join(f, storeKey(digests(TWO)[0] ?? ''));
        await mkdir(join(key, '..'), { recursive: true });
        await writeFile(key, TWO);
      },
    ],
    ['a file that does not belong there', 'E_BUNDLE', 3, (f) => writeFile(join(f, 'README'), 'run me')],
    [
      'a link instead of an object',
      'E_BUNDLE',
      3,
      async (f) => {
        await rm(join(f, object()));
        await symlink('/etc/passwd', join(f, object()));
      },
    ],
    [
      'a link instead of a folder',
      'E_BUNDLE',
      3,
      async (f) => {
        await rm(join(f, 'sha256'), { recursive: true });
        await symlink('/tmp', join(f, 'sha256'));
      },
    ],
    ['another head', 'E_BUNDLE', 3, (f) => rewrite(f, (m) => ({ ...m, head: 'a'.repeat(40) }))],
    ['a base that nobody has', 'E_BUNDLE', 3, (f) => rewrite(f, (m) => ({ ...m, base: 'b'.repeat(40) }))],
    ['another policy number', 'E_BUNDLE', 3, (f) => rewrite(f, (m) => ({ ...m, policy: { ...m.policy, version: 2 } }))],
    [
      'another policy',
      'E_BUNDLE',
      3,
      (f) => rewrite(f, (m) => ({ ...m, policy: { ...m.policy, sha256: 'c'.repeat(64) } })),
    ],
    [
      'an object of a record that nobody acknowledged',
      'E_BUNDLE',
      3,
      (f) =>
        rewrite(f, (m) => ({
          ...m,
          objects: [...m.objects, { sha256: digests('not acknowledged')[0] ?? '', size: 16 }],
        })),
    ],
    [
      'another size in bundle.json',
      'E_BUNDLE',
      3,
      (f) => rewrite(f, (m) => ({ ...m, objects: m.objects.map((each) => ({ ...each, size: each.size + 1 })) })),
    ],
    [
      'a bundle.json that is not canonical',
      'E_BUNDLE',
      3,
      async (f) =>
        writeFile(join(f, 'bundle.json'), JSON.stringify(JSON.parse(await readFile(join(f, 'bundle.json'), 'utf8')))),
    ],
    ['no bundle.json', 'E_BUNDLE', 1, (f) => rm(join(f, 'bundle.json'))],
    ['no ledger.bundle', 'E_BUNDLE', 1, (f) => rm(join(f, 'ledger.bundle'))],
    ['garbage for ledger.bundle', 'E_BUNDLE', 1, (f) => writeFile(join(f, 'ledger.bundle'), 'garbage')],
    [
      'a ledger.bundle that is cut off',
      'E_BUNDLE',
      1,
      async (f) => {
        const bytes = await readFile(join(f, 'ledger.bundle'));
        await writeFile(join(f, 'ledger.bundle'), bytes.subarray(0, bytes.length - 40));
      },
    ],
  ])('%s is refused, and nothing moves', async (_, code, exit, breakIt) => {
    const folder = await copied();
    await breakIt(folder);
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(folder)).rejects.toMatchObject({ code, exit });
    expect([there.head(), await there.objects()]).toEqual([undefined, []]);
  });

  test.each([
    ['a path that leaves the bundle', { name: '../x', size: 1, type: 'file' as const }],
    ['an absolute path', { name: '/etc/x', size: 1, type: 'file' as const }],
    ['a link', { name: 'sha256/aa', size: 0, type: 'symlink' as const, linkname: '/etc' }],
    ['a hard link', { name: storeKey('a'.repeat(64)), size: 0, type: 'link' as const, linkname: 'bundle.json' }],
    ['a folder that does not belong there', { name: 'bin/', size: 0, type: 'directory' as const }],
    ['a pipe', { name: 'sha256/aa', size: 0, type: 'fifo' as const }],
    ['ledger.bundle twice', { name: 'ledger.bundle', size: 1, type: 'file' as const }],
    ['an object that bundle.json does not list', { name: storeKey('a'.repeat(64)), size: 1, type: 'file' as const }],
    ['an object in the folder of another', { name: `sha256/bb/${'a'.repeat(64)}`, size: 1, type: 'file' as const }],
    ['a name that only looks like its own', { name: './/bundle.json', size: 1, type: 'file' as const }],
    ['a device', { name: 'bundle.json', size: 0, type: 'character-device' as const }],
    ['bundle.json twice', { name: 'bundle.json', size: 1, type: 'file' as const }],
  ])('%s in a tar is refused', async (_, header) => {
    const json = await readFile(at('first/bundle.json'));
    const git = await readFile(at('first/ledger.bundle'));
    const body = header.size === 0 ? undefined : 'x';
    const tar = await packTar([
      { header: { name: 'bundle.json', size: json.length }, body: new Uint8Array(json) },
      { header: { name: 'ledger.bundle', size: git.length }, body: new Uint8Array(git) },
      { header, ...(body === undefined ? {} : { body }) },
    ]);
    const file = join(await mkdtemp(join(tmpdir(), 'pullthrough-bundle-')), 'evil.tar');
    await writeFile(file, tar);
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(file)).toFailWith('E_BUNDLE');
    expect(there.head()).toBeUndefined();
  });

  test('a tar whose order is another is damage', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'pullthrough-bundle-')), 'order.tar');
    execFileSync('tar', ['-cf', file, '-C', at('first'), 'ledger.bundle', 'bundle.json', 'sha256']);
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(file)).rejects.toMatchObject({ code: 'E_BUNDLE', exit: 1 });
    execFileSync('tar', ['-cf', file, '-C', at('first'), './bundle.json', './ledger.bundle', './sha256']);
    expect(await there.apply(file)).toMatchObject({ head: first });
  });

  /** bundle.json as its parts, to be written as it should be in all but one of them. */
  type Loose = Record<string, unknown> & { objects: Record<string, unknown>[]; policy: Record<string, unknown> };
  const X = { sha256: 'e'.repeat(64), size: 1 };
  const without = (json: Loose, key: string) =>
    Object.fromEntries(Object.entries(json).filter(([name]) => name !== key));

  test.each<[string, (json: Loose) => unknown]>([
    ['another format', (json) => ({ ...json, format: 2 })],
    ['no format', (json) => without(json, 'format')],
    ['a field that nobody knows', (json) => ({ ...json, run: 'me' })],
    ['a field of an object that nobody knows', (json) => ({ ...json, objects: [{ ...json.objects[0], mode: 7 }] })],
    ['a head in capitals', (json) => ({ ...json, head: String(json['head']).toUpperCase() })],
    ['a head that is a branch', (json) => ({ ...json, head: 'main' })],
    ['a head that is an option of git', (json) => ({ ...json, head: '--upload-pack=x' })],
    ['a base that is an option of git', (json) => ({ format: 1, base: '--output=x', ...json })],
    ['a digest that leaves its folder', (json) => ({ ...json, objects: [{ ...X, sha256: '../../x' }] })],
    ['an object twice', (json) => ({ ...json, objects: [...json.objects, ...json.objects] })],
    [
      'objects that are not sorted',
      (json) => ({ ...json, objects: [X, ...json.objects, { ...X, sha256: '0'.repeat(64) }] }),
    ],
    ['a size below nothing', (json) => ({ ...json, objects: [{ ...json.objects[0], size: -1 }] })],
    ['a size beyond all bounds', (json) => ({ ...json, objects: [{ ...json.objects[0], size: 1e300 }] })],
    ['a size in words', (json) => ({ ...json, objects: [{ ...json.objects[0], size: '17' }] })],
    ['policy 0', (json) => ({ ...json, policy: { ...json.policy, version: 0 } })],
    ['no objects at all', (json) => without(json, 'objects')],
    ['a list', (json) => [json]],
  ])('bundle.json with %s is refused, and nothing moves', async (_, change) => {
    const folder = await copied();
    const file = join(folder, 'bundle.json');
    await writeFile(file, canonicalJson(change(JSON.parse(await readFile(file, 'utf8')) as Loose)));
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(folder)).toFailWith('E_BUNDLE');
    expect([there.head(), await there.objects()]).toEqual([undefined, []]);
  });

  test.each([
    ['two branches', ['branch', 'more', 'main'], ['main', 'more']],
    ['a tag', ['tag', 'v1', 'main'], ['refs/tags/v1']],
    ['a branch and a tag', ['tag', 'v2', 'main'], ['main', 'refs/tags/v2']],
  ])('a ledger.bundle of %s is refused', async (_, make, refs) => {
    const folder = await copied();
    const clone = join(folder, '..', 'clone.git');
    const git = (...args: string[]) => execFileSync('git', ['-C', clone, ...args], { stdio: 'pipe' });
    execFileSync('git', ['clone', '--quiet', '--bare', ledger.directory, clone], { stdio: 'pipe' });
    git('update-ref', 'refs/heads/main', first);
    git(...make);
    git('bundle', 'create', '--quiet', join(folder, 'ledger.bundle'), ...refs);
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(folder)).toFailWith('E_BUNDLE');
    expect(there.head()).toBeUndefined();
  });

  /** A bundle of another history than the one that was applied: its commit is made by `commit-tree` with these parents. */
  async function other(parents: (clone: string) => string[]): Promise<{ there: Side; path: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'pullthrough-fork-'));
    const clone = join(folder, 'clone.git');
    execFileSync('git', ['clone', '--quiet', '--bare', ledger.directory, clone], { stdio: 'pipe' });
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', clone, '-c', 'user.name=x', '-c', 'user.email=x@localhost', ...args])
        .toString()
        .trim();
    const side = parents(clone).flatMap((parent) => ['-p', parent]);
    const made = git('commit-tree', `${first}^{tree}`, ...side, '-m', 'another history');
    git('update-ref', 'refs/heads/main', made);
    const source = new Side(folder, clone, ledger.pin(1));
    for (const body of [ONE, TWO]) await source.put(body);
    await source.create('fork.tar');
    const there = await Side.empty(ledger.pin(1));
    await there.apply(at('both.tar'));
    return { there, path: join(folder, 'fork.tar') };
  }

  test('a history that forked off the one here is refused', async () => {
    const { there, path } = await other(() => [first]);
    await expect(there.apply(path)).toFailWith('E_FORK');
    expect(there.head()).toBe(second);
  });

  test('a history that merged the one here into its own is refused', async () => {
    const { there, path } = await other(() => [first, second]);
    await expect(there.apply(path)).toFailWith('E_FORK');
    expect(there.head()).toBe(second);
  });

  test('a ledger of other people is refused by the pin, and by the ledger that is here', async () => {
    const other = await TestLedger.create({ ledger: '0'.repeat(32) });
    await other.addRecord({ ledger: '0'.repeat(32), repository: 'acme/tool', tag: 'v1', assets: { tool: ONE } });
    await other.commit();
    const theirs = await Side.over(other);
    await theirs.put(ONE);
    await theirs.create('theirs.tar');
    const there = await Side.empty(ledger.pin(1));
    await expect(there.apply(join(theirs.folder, 'theirs.tar'))).toFailWith('E_PIN');
    await there.apply(at('first.tar'));
    there.pin = undefined;
    await expect(there.apply(join(theirs.folder, 'theirs.tar'))).toFailWith('E_FORK');
    expect(there.head()).toBe(first);
  });

  test('a history that removed a record is refused at the step that did, though its end looks whole', async () => {
    const rewritten = await TestLedger.create();
    await rewritten.addRecord({
      repository: 'acme/tool',
      tag: 'v1',
      assets: { tool: ONE },
      nacks: [rewritten.people.grace],
    });
    await rewritten.commit();
    const source = await Side.over(rewritten);
    await source.create('a.tar');
    const there = await Side.empty(rewritten.pin(1));
    await there.apply(join(source.folder, 'a.tar'));
    const nack = [...rewritten.files].find(([path]) => path.endsWith('.nack')) ?? ['', new Uint8Array()];
    rewritten.files.delete(nack[0]);
    await rewritten.commit();
    rewritten.files.set(...nack);
    await rewritten.commit();
    await source.create('b.tar');
    await expect(there.apply(join(source.folder, 'b.tar'))).toFailWith('E_APPEND_ONLY');
  });
});
