import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeHead, headData, headSignName } from '../../ledger-schema/head.ts';
import type { Head } from '../../ledger-schema/head.ts';
import { headMessage } from '../../ledger/view/signed-head.ts';
import { encodeManifest, parseManifest } from '../../owner/bundle/manifest.ts';
import { BundleSide } from '../kit/bundle-side.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import type { Person } from '../kit/ledger/people.ts';
import { NOW } from '../kit/readers.ts';

const ONE = 'the first release';
const HOUR = 3_600_000;
const BRANCH = 'pullthrough-head';
const at = (ms: number) => new Date(NOW.getTime() + ms).toISOString().replace(/\.\d+Z$/, 'Z');

let ledger: TestLedger;
let first: string;
let second: string;
let here: BundleSide;

beforeAll(async () => {
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { tool: ONE } });
  first = await ledger.commit();
  here = await BundleSide.over(ledger);
  await here.put(ONE);
});

interface Made {
  /** Instead of what the files say. */
  readonly message?: string;
  readonly change?: Partial<Head>;
  readonly by?: Person;
  /** Beside the head's own. */
  readonly files?: ReadonlyMap<string, string>;
  readonly parent?: string;
}

/** Puts a signed head in the ledger, as `mirror` does or as nobody should; gives its commit. */
async function sign({
  change = {},
  by = ledger.people.bot,
  files = new Map(),
  parent,
  message,
}: Made = {}): Promise<string> {
  const policy = { version: 1, sha256: ledger.pin(1) };
  const head: Head = { format: 1, commit: first, policy, issued: at(-HOUR), expires: at(72 * HOUR), ...change };
  const bytes = encodeHead(head);
  const signature = await by.sign(headData(bytes));
  const all = new Map<string, Uint8Array | string>([
    ['head.json', bytes],
    [headSignName(by.fingerprint), signature],
    ...files,
  ]);
  const git = (args: readonly string[], input?: Uint8Array | string): string =>
    execFileSync('git', ['-C', ledger.directory, '-c', 'user.name=x', '-c', 'user.email=x@localhost', ...args], {
      input,
    })
      .toString()
      .trim();
  const lines = [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, body]) => `100644 blob ${git(['hash-object', '-w', '--stdin'], body)}\t${name}`);
  const tree = git(['mktree'], `${lines.join('\n')}\n`);
  const made = git(
    ['commit-tree', tree, ...(parent === undefined ? [] : ['-p', parent])],
    message ?? headMessage(head.issued, bytes, signature),
  );
  git(['update-ref', `refs/heads/${BRANCH}`, made]);
  return made;
}

const path = (name: string) => join(here.folder, name);

test('a bundle carries what an executor signed, so that max-age means something on the other side', async () => {
  const signed = await sign();
  expect(await here.create('one.tar')).toMatchObject({ issued: at(-HOUR) });
  const there = await BundleSide.empty(ledger.pin(1));
  expect(await there.apply(path('one.tar'), false)).toMatchObject({ issued: at(-HOUR) });
  expect([there.head(), there.head(BRANCH)]).toEqual([undefined, undefined]);
  await there.apply(path('one.tar'));
  expect([there.head(), there.head(BRANCH)]).toEqual([first, signed]);

  // Nothing new was acknowledged, and somebody still vouches for that.
  expect(await here.create('same.tar', { since: path('one.tar') })).toBeUndefined();
  const newer = await sign({ change: { issued: at(0) } });
  expect(await here.create('two.tar', { since: path('one.tar') })).toMatchObject({ objects: 0, issued: at(0) });
  const lost = await BundleSide.empty(ledger.pin(1));
  await expect(lost.apply(path('two.tar'))).rejects.toThrow(first);
  await expect(lost.apply(path('two.tar'))).toFailWith('E_BUNDLE');
  expect(await there.apply(path('two.tar'))).toMatchObject({ from: first, head: first, issued: at(0) });
  expect([there.head(), there.head(BRANCH)]).toEqual([first, newer]);

  // Applied again, the older one takes nothing back.
  expect(await there.apply(path('one.tar'))).toMatchObject({ issued: undefined });
  expect(there.head(BRANCH)).toBe(newer);

  await ledger.addRecord({ repository: 'acme/other', tag: 'v2', assets: { other: ONE } });
  second = await ledger.commit();
  const last = await sign({ change: { commit: second, issued: at(1000) } });
  expect(await here.create('three.tar', { since: path('two.tar') })).toMatchObject({ base: first, head: second });
  await there.apply(path('three.tar'));
  expect([there.head(), there.head(BRANCH)]).toEqual([second, last]);
  const verified = execFileSync('git', ['-C', there.ledger, 'fsck', '--strict', '--no-dangling'], { stdio: 'pipe' });
  expect(verified.toString()).toBe('');
});

describe('a signed head that is not one', () => {
  test.each<[string, () => Made]>([
    ['by a reviewer', () => ({ by: ledger.people.ada })],
    ['of a commit that the ledger does not hold', () => ({ change: { commit: 'a'.repeat(40) } })],
    ['of another policy', () => ({ change: { policy: { version: 1, sha256: 'b'.repeat(64) } } })],
    ['of a policy to come', () => ({ change: { policy: { version: 2, sha256: 'b'.repeat(64) } } })],
    ['of the future', () => ({ change: { issued: at(HOUR) } })],
    ['with a history', () => ({ parent: first })],
    ['whose message says nothing', () => ({ message: `Head\n\n{}\n-----BEGIN PGP SIGNATURE-----\n` })],
    [
      'with a signature that is no text',
      () => ({ files: new Map([[`head.json.${'A'.repeat(40)}.sign`, 'x'.repeat(9_000)]]) }),
    ],
    ['with other files beside it', () => ({ files: new Map([['install.sh', 'rm -rf /']]) })],
  ])('%s is left out of a bundle, and refused in one', async (name, made) => {
    await ledger.reset(second);
    const bad = await sign(made());
    const file = `${name.replace(/ /g, '-')}.tar`;
    expect(await here.create(file)).toMatchObject({ issued: undefined });
    const clean = await BundleSide.empty(ledger.pin(1));
    expect(await clean.apply(path(file))).toMatchObject({ head: second });
    expect(clean.head(BRANCH)).toBeUndefined();

    // Somebody else's bundle has it all the same.
    const folder = path(file.replace('.tar', ''));
    await here.create(file.replace('.tar', ''));
    const refs = ['refs/heads/main', `refs/heads/${BRANCH}`];
    execFileSync('git', ['-C', ledger.directory, 'bundle', 'create', '-q', join(folder, 'ledger.bundle'), ...refs]);
    const there = await BundleSide.empty(ledger.pin(1));
    await expect(there.apply(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^E_(?:STALE|TOO_LARGE)$/) as string,
      exit: 3,
    });
    expect([there.head(), there.head(BRANCH), await there.objects()]).toEqual([undefined, undefined, []]);
    expect(bad).toMatch(/^[0-9a-f]{40}$/);
  });

  test('is nothing to go on from: a bundle of it alone names the commit that it is about', async () => {
    await sign({ change: { commit: second } });
    await here.create('alone');
    execFileSync('git', [
      '-C',
      ledger.directory,
      'bundle',
      'create',
      '-q',
      path('alone/ledger.bundle'),
      `refs/heads/${BRANCH}`,
    ]);
    const there = await BundleSide.empty(ledger.pin(1));
    await expect(there.apply(path('alone'))).toFailWith('E_BUNDLE');
    const file = path('alone/bundle.json');
    await writeFile(file, encodeManifest({ ...parseManifest(await readFile(file)), base: second }));
    await expect(there.apply(path('alone'))).toFailWith('E_BUNDLE');
    expect([there.head(), there.head(BRANCH)]).toEqual([undefined, undefined]);
  });
});
