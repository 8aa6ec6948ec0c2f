import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foldExit } from '../../io/exit-code.ts';
import { findTools, inShard } from '../../upstream/tools.ts';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'pt-tools-'))));
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, content = ''): Promise<void> {
  const file = join(root, 'packages', path, 'tool.ini');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

const labels = async (names: string[] = []) =>
  (await findTools({ root, host: 'github.com', names })).map(({ label }) => label);

describe('the tools of an executor', () => {
  it('are its tool.ini files, in the order of their names', async () => {
    await put('github.com/o/b');
    await put('github.com/o/a');
    await put('ghe.example/O/%2Egithub');
    await mkdir(join(root, 'packages/github.com/o/none'));
    expect(await labels()).toEqual(['ghe.example/O/.github', 'o/a', 'o/b']);
  });

  it('are none in a folder without packages', async () => {
    expect(await labels()).toEqual([]);
  });

  it('are picked by name in any case, with or without the host', async () => {
    await put('github.com/o/a');
    await put('github.com/o/b');
    await put('ghe.example/o/a');
    expect(await labels(['O/A'])).toEqual(['o/a']);
    expect(await labels(['GitHub.com/o/B', 'ghe.example/o/a'])).toEqual(['ghe.example/o/a', 'o/b']);
  });

  it('with an unknown name end the run', async () => {
    await put('github.com/o/a');
    await expect(labels(['o/a', 'o/x'])).toFailWith('E_USAGE');
    await expect(labels(['a'])).toFailWith('E_USAGE');
  });

  it('are all read, so that a wrong one stops the run of another', async () => {
    await put('github.com/o/a');
    await put('github.com/o/b', '[release]\nselect = lates');
    await expect(labels(['o/a'])).toFailWith('E_CONFIG');
  });

  it.each([['github.com/o/.x'], ['GitHub.com/o/a'], ['github.com/o/a b'], ['github.com/o'], ['github.com'], ['.']])(
    'in %s are refused',
    async (path) => {
      await put(path);
      await expect(labels()).toFailWith('E_CONFIG');
    },
  );

  it('in two folders that differ in case are refused', async () => {
    await put('github.com/o/a');
    await put('github.com/O/a');
    await expect(labels()).toFailWith('E_CONFIG');
  });

  it('with a tool.ini that is too long are refused', async () => {
    await put('github.com/o/a', ';'.repeat(70_000));
    await expect(labels()).toFailWith('E_CONFIG');
  });
});

describe('--shard', () => {
  const all = Array.from({ length: 1000 }, (_, i) => ({ source: 'github.com', repository: `Owner${i}/repo` }));

  it('gives each tool to exactly one of N, in about equal shares', () => {
    const shares = [1, 2, 3, 4].map((index) => all.filter((tool) => inShard(tool, { index, count: 4 })).length);
    expect(shares.reduce((sum, share) => sum + share)).toBe(1000);
    for (const share of shares) expect(share).toBeGreaterThan(180);
  });

  it('does not look at case, and stays what it was', () => {
    const share = (repository: string) =>
      [1, 2, 3, 4, 5].find((index) => inShard({ source: 'github.com', repository }, { index, count: 5 }));
    expect(share('JQLang/JQ')).toBe(share('jqlang/jq'));
    expect([share('jqlang/jq'), share('helm/helm'), share('cli/cli')]).toMatchInlineSnapshot(`
      [
        2,
        3,
        4,
      ]
    `);
  });
});

describe('the exit code of a run', () => {
  const ok = {};
  const failed = { error: { code: 'E_NETWORK', message: '' } } as const;
  const distrust = { error: { code: 'E_EVIDENCE', message: '' } } as const;
  const own = { error: { code: 'E_CONFIG', message: '' } } as const;
  it.each([
    [[], 0],
    [[ok, ok], 0],
    [[failed], 1],
    [[failed, failed], 1],
    [[failed, ok], 4],
    [[failed, distrust, ok], 3],
    [[distrust], 3],
    [[own], 1],
    [[own, ok], 4],
  ])('%j gives %i', (results, exit) => {
    expect(foldExit(results)).toBe(exit);
  });
});
