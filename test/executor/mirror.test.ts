import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldExit } from '../../io/exit-code.ts';
import { parseChecklist } from '../../ledger-schema/checklist.ts';
import { digest } from '../kit/releases.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import { AUTHOR, actions, memoryWorld, world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const RECORD = 'packages/github.com/acme/tool/v1.0.0';
const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';
const utf8 = (text: string) => new TextEncoder().encode(text);

async function withTool(...lines: string[]) {
  return addTool(await memoryWorld(), lines);
}

async function addTool(made: World, lines: readonly string[]) {
  const repository = made.github.addRepository('acme/tool');
  const release = await repository.addRelease({
    tag: 'v1.0.0',
    assets: [
      { name: 'tool-linux', content: 'linux bytes' },
      { name: 'tool-macos', content: 'macos bytes' },
    ],
  });
  await made.tool('acme/tool', ...lines);
  return { made, repository, release };
}

function downloads(made: World): string[] {
  return made.requests().filter((request) => !request.startsWith('GET /repos/'));
}

describe('mirror', () => {
  it('proposes a new release: bytes in the store, one commit with a signed record', async () => {
    const { made, repository } = await withTool();
    const results = await made.mirror();
    expect(results).toMatchObject([
      {
        tool: 'acme/tool',
        tag: 'v1.0.0',
        action: 'proposed',
        record: RECORD,
        branch: BRANCH,
        files: [
          { name: 'tool-linux', size: 11, sha256: digest('linux bytes') },
          { name: 'tool-macos', size: 11, sha256: digest('macos bytes') },
        ],
        left: [],
      },
    ]);
    expect(made.branches()).toEqual([BRANCH]);
    expect(made.ledger.facts(made.ledger.at(BRANCH)).parents).toEqual([made.ledger.at('main')]);
    expect(made.ledger.added(made.ledger.at('main'), made.ledger.at(BRANCH))).toEqual([
      `${RECORD}/checklist.json`,
      `${RECORD}/checklist.sha256`,
      `${RECORD}/checklist.sha256.sign`,
    ]);
    const checklist = parseChecklist(utf8(`${made.file(BRANCH, `${RECORD}/checklist.json`)}\n`));
    expect(checklist).toMatchObject({ repositoryId: repository.id, commit: repository.tags.get('v1.0.0')?.sha });
    const { author, message } = made.ledger.facts(made.ledger.at(BRANCH));
    expect(author).toBe(`${AUTHOR.name} <${AUTHOR.email}>`);
    expect(message).toMatch(/^acme\/tool v1\.0\.0\n/);
    expect(message).toContain("GitHub's digest (sha256): equal for 2 of 2 files");
    expect([...(await made.stored()).values()].sort()).toEqual(['linux bytes', 'macos bytes']);
  });

  it('run again downloads nothing and opens nothing, also when its caches are lost', async () => {
    const { made } = await withTool();
    await made.mirror();
    const before = made.ledger.at(BRANCH);
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    expect(made.requests()).toEqual(['GET /repos/acme/tool/releases/latest']);
    expect(actions(await made.mirror({ cache: 'another' }))).toEqual(['v1.0.0 held']);
    expect(downloads(made)).toEqual([]);
    made.merge(BRANCH);
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    expect(made.requests()).toEqual(['GET /repos/acme/tool/releases/latest']);
    expect(made.ledger.facts(made.ledger.at('main')).parents[1]).toBe(before);
    expect(made.branches()).toEqual([]);
  });

  it('--dry-run fetches and checks everything and writes nothing', async () => {
    const { made } = await withTool();
    const results = await made.mirror({ dryRun: true, signing: undefined });
    expect(results).toMatchObject([{ action: 'propose', files: [{ sha256: digest('linux bytes') }, {}] }]);
    expect(made.branches()).toEqual([]);
    expect((await made.stored()).size).toBe(0);
    expect(downloads(made)).not.toEqual([]);
    made.github.faults.bytes('wrong', { asset: 'tool-macos', times: 9 });
    const wrong = await made.mirror({ dryRun: true, signing: undefined });
    expect(actions(wrong)).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
  });

  it('plan says the same and downloads nothing', async () => {
    const { made } = await withTool();
    expect(await made.plan()).toMatchObject([
      { action: 'propose', reason: 'it is new', files: [{ name: 'tool-linux', size: 11 }, { name: 'tool-macos' }] },
    ]);
    expect(downloads(made)).toEqual([]);
    expect(made.branches()).toEqual([]);
  });

  it('plan asks about as many tools at once as it is told', async () => {
    const { made } = await withTool();
    const other = made.github.addRepository('acme/other');
    await other.addRelease({ tag: 'v2', assets: [{ name: 'o', content: 'other' }] });
    await made.tool('acme/other');
    made.requests();
    await made.plan(1);
    const turns = made.requests('api').map((request) => request.includes('/acme/other'));
    expect(turns).toContain(true);
    expect(turns).toEqual([...turns].sort((a, b) => Number(b) - Number(a)));
  });

  it('one bad file proposes nothing for its release, and other tools go on', async () => {
    const { made } = await withTool();
    const other = made.github.addRepository('acme/other');
    await other.addRelease({ tag: 'v2', assets: [{ name: 'o', content: 'other' }] });
    await made.tool('acme/other');
    made.github.faults.bytes('wrong', { asset: 'tool-macos', times: 9 });
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v2 proposed', 'v1.0.0 failed E_DIGEST_MISMATCH']);
    expect(foldExit(results)).toBe(3);
    expect(made.branches()).toEqual(['pullthrough/github.com/acme/other/v2']);
    expect([...(await made.stored()).values()]).not.toContain('macos bytes');
  });

  it.each([
    ['oversized', 'E_SIZE'],
    ['oversized-declared', 'E_SIZE'],
    ['missing', 'E_UPSTREAM_NOT_FOUND'],
  ] as const)('a download that is %s is %s, and nothing is recorded', async (fault, code) => {
    const { made } = await withTool();
    made.github.faults.bytes(fault, { asset: 'tool-macos', times: 9 });
    expect(actions(await made.mirror())).toEqual([`v1.0.0 failed ${code}`]);
    expect(made.branches()).toEqual([]);
  });

  it('a name that no record can hold is refused before any download', async () => {
    const { made, release } = await withTool();
    await release.addAsset({ name: 'tool linux', content: 'x' });
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.0.0 failed E_NAME']);
    expect(results[0]?.error?.hint).toContain('exclude[]');
    expect(foldExit(results)).toBe(1);
    expect(downloads(made)).toEqual([]);
    await made.tool('acme/tool', '[assets]', 'exclude[] = * *');
    expect(await made.mirror()).toMatchObject([{ action: 'proposed', left: ['tool linux'] }]);
  });

  it('a key that is not an executor downloads nothing', async () => {
    const { made } = await withTool();
    const { stranger, ada } = await people();
    await expect(made.mirror({ key: stranger })).toFailWith('E_NOT_EXECUTOR');
    await expect(made.mirror({ key: ada })).toFailWith('E_NOT_EXECUTOR');
    await expect(made.mirror({ signing: undefined })).toFailWith('E_NO_KEY');
    expect(made.requests()).toEqual([]);
  });

  it('drafts, unfinished uploads, young releases and empty ones are not records', async () => {
    const { made, repository } = await withTool('[release]', 'select = all', 'min-age = 2d');
    const old = new Date(made.now.getTime() - 5 * 86_400_000);
    repository.releases = [];
    const file = { name: 'f', content: 'f', createdAt: old };
    await repository.addRelease({ tag: 'v1', publishedAt: old, assets: [file] });
    await repository.addRelease({ tag: 'v2', publishedAt: old, assets: [{ ...file, state: 'starter' }] });
    await repository.addRelease({ tag: 'v3', publishedAt: old, assets: [{ ...file, updatedAt: made.now }] });
    await repository.addRelease({ tag: 'v4', publishedAt: old, assets: [] });
    await repository.addRelease({ tag: 'v5', draft: true, assets: [file] });
    await repository.addRelease({ tag: 'v6', prerelease: true, publishedAt: old, assets: [file] });
    const results = await made.mirror();
    expect(actions(results).sort()).toEqual(['v1 proposed', 'v2 waiting', 'v3 waiting', 'v4 nothing']);
    expect(foldExit(results)).toBe(0);
    expect(results.find(({ tag }) => tag === 'v3')?.until).toBe(
      new Date(made.now.getTime() + 2 * 86_400_000).toISOString(),
    );
  });

  it('a tool without a release is nothing to do; one without a repository fails', async () => {
    const made = await memoryWorld();
    made.github.addRepository('acme/empty');
    await made.tool('acme/empty');
    await made.tool('acme/gone');
    const results = await made.mirror();
    expect(actions(results)).toEqual(['- nothing', '- failed E_UPSTREAM_NOT_FOUND']);
    expect(foldExit(results)).toBe(4);
  });

  it('tags that are selected and not there fail, the others go on', async () => {
    const { made } = await withTool('[release]', 'select = tag:v9,v1.0.0');
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.0.0 proposed', 'v9 failed E_UPSTREAM_NOT_FOUND']);
    expect(foldExit(results)).toBe(4);
  });

  it('two executors at once end with one proposal', async () => {
    const { made } = await addTool(await world(), []);
    const both = await Promise.all([made.mirror(), made.mirror({ cache: 'second' })]);
    // Both may say so where they push at once; that one commit on one branch is left is what counts.
    expect(both.flatMap(actions)).toContain('v1.0.0 proposed');
    for (const action of both.flatMap(actions)) expect(['v1.0.0 held', 'v1.0.0 proposed']).toContain(action);
    expect(made.branches()).toEqual([BRANCH]);
    expect(made.ledger.facts(made.ledger.at(BRANCH)).parents).toEqual([made.ledger.at('main')]);
  });

  it("a branch of the proposal's name without a valid sign is replaced", async () => {
    const { made } = await withTool();
    for (const [path, content] of [
      ['README.md', 'mine now'],
      [`${RECORD}/checklist.sha256`, `${digest('x')}  checklist.json\n`],
    ] as const) {
      made.commit(BRANCH, path, content);
      expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
      expect(made.ledger.added(made.ledger.at('main'), made.ledger.at(BRANCH)).join()).not.toContain('README');
      made.ledger.remove(BRANCH);
    }
  });

  it('a proposal that a person closed is left alone and reported', async () => {
    const { made } = await withTool();
    await made.mirror();
    made.ledger.point('pullthrough-closed/github.com/acme/tool/v1.0.0', made.ledger.at(BRANCH));
    made.ledger.remove(BRANCH);
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.0 closed']);
    expect(downloads(made)).toEqual([]);
  });

  it('has every file in the store when it ends, whatever was collected before it was proposed', async () => {
    const { made, release } = await withTool();
    const lose = async (name: string): Promise<void> => {
      if (name === 'pushed') await rm(join(made.storeDirectory, 'sha256'), { recursive: true });
    };
    for (const asset of release.assets) asset.digest = null;
    expect(actions(await made.mirror({ checkpoint: lose }))).toEqual(['v1.0.0 proposed']);
    expect([...(await made.stored()).values()].sort()).toEqual(['linux bytes', 'macos bytes']);

    made.ledger.remove(BRANCH);
    const replace = async (name: string): Promise<void> => {
      await lose(name);
      if (name === 'pushed') release.asset('tool-linux').content = 'LINUX BYTES';
    };
    expect(actions(await made.mirror({ checkpoint: replace }))).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
  });

  it('stores files that other releases have only once, and does not fetch what the store has', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    await repository.addRelease({
      tag: 'v1.0.1',
      assets: [
        { name: 'tool-linux', content: 'linux bytes' },
        { name: 'tool-macos', content: 'new macos bytes' },
      ],
    });
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.1 proposed']);
    expect(downloads(made).filter((request) => request.includes('/download/'))).toHaveLength(1);
    expect((await made.stored()).size).toBe(3);
  });
});
