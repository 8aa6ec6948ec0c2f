import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { foldExit } from '../../io/exit-code.ts';
import { importTree } from '../../executor/import/import.ts';
import { tagCandidates } from '../../executor/import/old-tag.ts';
import { parseOldList, readOldTree } from '../../executor/import/old-tree.ts';
import { storeKey } from '../../store/store.ts';
import { newMinisign } from '../evidence/minisign-maker.ts';
import { asset, digest, release } from '../kit/releases.ts';
import { actions, memoryWorld } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const ALGORITHMS = ['md5', 'sha256', 'sha512'] as const;

/** An old tree's version directory, with lists of these contents. */
async function oldVersion(root: string, place: string, files: Record<string, string>): Promise<void> {
  const folder = join(root, 'packages/github.com', place);
  await mkdir(folder, { recursive: true });
  for (const algorithm of ALGORITHMS) {
    const lines = Object.entries(files).map(([name, content]) => `${digest(content, algorithm)}  ${name}\n`);
    await writeFile(join(folder, `checklist.${algorithm}`), lines.join(''));
  }
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'pt-old-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

describe('an old tree', () => {
  it('is read from the folder that holds packages, or from packages itself', async () => {
    const root = await folder();
    await oldVersion(root, 'stedolan/jq/1.6', { 'jq-linux64': 'linux' });
    await writeFile(join(root, 'packages/github.com/stedolan/jq/tool.ini'), 'not read');
    const expected = [
      {
        source: 'github.com',
        repository: 'stedolan/jq',
        version: '1.6',
        files: new Map([
          ['jq-linux64', { md5: digest('linux', 'md5'), sha256: digest('linux'), sha512: digest('linux', 'sha512') }],
        ]),
      },
    ];
    expect(await readOldTree(root)).toMatchObject(expected);
    expect(await readOldTree(join(root, 'packages'))).toMatchObject(expected);
  });

  it('without lists, or with a line that is not one, is refused before any request', async () => {
    const root = await folder();
    await expect(readOldTree(root)).toFailWith('E_INPUT');
    await expect(readOldTree(join(root, 'nowhere'))).toFailWith('E_INPUT');
    await oldVersion(root, 'o/r/1', { a: 'a' });
    await writeFile(join(root, 'packages/github.com/o/r/1/checklist.md5'), 'hello\n');
    await expect(readOldTree(root)).toFailWith('E_INPUT');
  });

  it.each([
    ['another length', `${digest('a')}  a\n`],
    ['a path', `${digest('a', 'md5')}  ../a\n`],
    ['a name twice', `${digest('a', 'md5')}  a\n${digest('b', 'md5')}  a\n`],
  ])('with %s in a list is refused', async (_, text) => {
    await expect(() => parseOldList(new TextEncoder().encode(text), 'md5', 'checklist.md5')).toFailWith('E_INPUT');
  });
});

describe('the tag of an old version', () => {
  const first = (version: string, tags: string[], repo = 'jq') =>
    tagCandidates(
      version,
      repo,
      ['a'],
      tags.map((tag) => release(tag)),
    ).map(({ tag }) => tag);

  it.each([
    ['1.6', ['jq-1.5', 'jq-1.6', 'jq-1.6.1'], ['jq-1.6']],
    ['3.8.0', ['v3.8.0', 'v13.8.0', 'v3.8.0-rc.1'], ['v3.8.0']],
    ['1.6', ['other-1.6', 'jq-1.6', 'v1.6', '1.6'], ['1.6', 'v1.6', 'jq-1.6', 'other-1.6']],
    ['2.0', ['v1.0'], []],
  ])('%s of %j is %j', (version, tags, expected) => {
    expect(first(version, tags)).toEqual(expected);
  });

  it('is rather that of a release with all the files, and never a draft', () => {
    const complete = release('cli-1.0', { assets: [asset('a'), asset('b')] });
    const found = tagCandidates(
      '1.0',
      'r',
      ['a', 'b'],
      [release('v1.0', { assets: [asset('a')] }), complete, release('1.0', { draft: true })],
    );
    expect(found.map(({ tag }) => tag)).toEqual(['cli-1.0', 'v1.0']);
  });
});

async function withOldTree(files: Record<string, string>) {
  const made = await memoryWorld();
  const repository = made.github.addRepository('acme/tool');
  const upstream = await repository.addRelease({
    tag: 'tool-1.0',
    assets: [
      { name: 'a', content: 'a bytes' },
      { name: 'b', content: 'b bytes', digest: null },
      { name: 'later', content: 'added later' },
    ],
  });
  const old = await folder();
  await oldVersion(old, 'acme/tool/1.0', files);
  const run = async (signing = true) => {
    const versions = await readOldTree(old);
    const signer = signing ? await made.signing() : undefined;
    return made.run((context, tools) => importTree(context, { versions, tools, signing: signer, dryRun: !signing }));
  };
  return { made, repository, upstream, old, run };
}

function bytesAsked(made: World): string[] {
  return made.requests().filter((request) => request.includes('/download/'));
}

describe('import', () => {
  it('proposes what agrees with every old list, and holds what they name alone', async () => {
    const { made, run } = await withOldTree({ a: 'a bytes', b: 'b bytes' });
    expect(await run(false)).toMatchObject([{ action: 'propose', tag: 'tool-1.0', differences: [] }]);
    expect(made.branches()).toEqual([]);
    const results = await run();
    expect(results).toMatchObject([{ action: 'proposed', tag: 'tool-1.0', left: ['later'], differences: [] }]);
    expect(results[0]?.files?.map(({ name }) => name)).toEqual(['a', 'b']);
    bytesAsked(made);
    expect(actions(await run())).toEqual(['tool-1.0 held']);
    expect(bytesAsked(made)).toEqual([]);
  });

  it('records what upstream signed of what it imports, and refuses what is required and not there', async () => {
    const { made, upstream, run } = await withOldTree({ a: 'a bytes' });
    const { publicKey, signFile } = newMinisign();
    await made.tool('acme/tool', '[evidence]', `require[] = minisign:${publicKey}`);
    expect(actions(await run())).toEqual(['- failed E_EVIDENCE']);
    await upstream.addAsset({ name: 'a.minisig', content: signFile(Buffer.from('a bytes')) });
    expect(actions(await run())).toEqual(['tool-1.0 proposed']);
    const [branch = ''] = made.branches();
    const record = made.file(branch, 'packages/github.com/acme/tool/tool-1.0/checklist.json');
    expect(JSON.parse(record)).toMatchObject({ evidence: [{ kind: 'minisign', signer: publicKey }] });
  });

  it('refuses what differs, names each difference, and proposes nothing', async () => {
    const { made, old, run } = await withOldTree({ a: 'old a bytes', b: 'b bytes', gone: 'x' });
    const missing = await run();
    expect(actions(missing)).toEqual(['- failed E_IMPORT_MISMATCH']);
    expect(missing[0]?.differences.map(({ file, algorithm }) => [file, algorithm])).toEqual([['gone', undefined]]);
    expect(bytesAsked(made)).toEqual([]);
    await oldVersion(old, 'acme/tool/1.0', { a: 'old a bytes', b: 'b bytes' });
    const results = await run();
    expect(foldExit(results)).toBe(3);
    expect(results[0]?.differences).toEqual(
      ALGORITHMS.map((algorithm) => ({
        file: 'a',
        algorithm,
        listed: digest('old a bytes', algorithm),
        found: digest('a bytes', algorithm),
      })),
    );
    expect(made.branches()).toEqual([]);
  });

  it('takes one wrong md5 for a difference, also of bytes that the store has', async () => {
    const { made, old, run } = await withOldTree({ a: 'a bytes', b: 'b bytes' });
    await run();
    made.ledger.remove('pullthrough/github.com/acme/tool/tool-1.0');
    const list = join(old, 'packages/github.com/acme/tool/1.0/checklist.md5');
    await writeFile(list, `${digest('a bytes', 'md5')}  a\n${digest('B', 'md5')}  b\n`);
    const results = await run();
    expect(results[0]?.differences.map(({ file, algorithm }) => [file, algorithm])).toEqual([['b', 'md5']]);
  });

  it('compares with a record that the ledger has already', async () => {
    const { made, old, run } = await withOldTree({ a: 'a bytes', b: 'b bytes' });
    await run();
    made.merge('pullthrough/github.com/acme/tool/tool-1.0');
    expect(actions(await run())).toEqual(['tool-1.0 held']);
    await oldVersion(old, 'acme/tool/1.0', { a: 'other', b: 'b bytes' });
    expect(actions(await run())).toEqual(['- failed E_IMPORT_MISMATCH']);
  });

  it.each(['md5', 'sha512'] as const)(
    'compares a wrong %s with what is held already, and reports it',
    async (algorithm) => {
      const { made, old, run } = await withOldTree({ a: 'a bytes', b: 'b bytes' });
      await run();
      const list = join(old, `packages/github.com/acme/tool/1.0/checklist.${algorithm}`);
      await writeFile(list, `${digest('a bytes', algorithm)}  a\n${digest('B', algorithm)}  b\n`);
      const difference = { file: 'b', algorithm, listed: digest('B', algorithm), found: digest('b bytes', algorithm) };
      bytesAsked(made);
      for (const merged of [false, true]) {
        if (merged) made.merge('pullthrough/github.com/acme/tool/tool-1.0');
        const results = await run();
        expect(actions(results)).toEqual(['- failed E_IMPORT_MISMATCH']);
        expect(results[0]?.error?.hint).toContain('holds the release already');
        expect(results[0]?.differences).toEqual([difference]);
      }
      expect(bytesAsked(made)).toEqual([]);
    },
  );

  it('says where the store lost or damaged the bytes that an old list is to be compared with', async () => {
    const { made, run } = await withOldTree({ a: 'a bytes', b: 'b bytes' });
    await run();
    const path = join(made.folder, 'store', storeKey(digest('b bytes')));
    await writeFile(path, 'c bytes');
    expect(actions(await run())).toEqual(['- failed E_STORE_DAMAGED']);
    await rm(path);
    expect(actions(await run())).toEqual(['- failed E_STORE_MISSING']);
  });

  it('fails for a version that no tag became, and goes on with the others', async () => {
    const { old, run } = await withOldTree({ a: 'a bytes' });
    await oldVersion(old, 'acme/tool/9.9', { a: 'a bytes' });
    await oldVersion(old, 'acme/gone/1.0', { a: 'a bytes' });
    const results = await run();
    expect(actions(results).sort()).toEqual([
      '- failed E_UPSTREAM_NOT_FOUND',
      '- failed E_UPSTREAM_NOT_FOUND',
      'tool-1.0 proposed',
    ]);
    expect(foldExit(results)).toBe(4);
  });
});
