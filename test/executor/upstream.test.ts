import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldExit } from '../../io/exit-code.ts';
import { parseChecklist } from '../../ledger-schema/checklist.ts';
import { digest } from '../kit/releases.ts';
import { actions, memoryWorld } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';
const SHA512 = digest('linux bytes', 'sha512');

async function withTool(...lines: string[]) {
  const made = await memoryWorld();
  const repository = made.github.addRepository('acme/tool');
  const release = await repository.addRelease({
    tag: 'v1.0.0',
    assets: [{ name: 'tool-linux', content: 'linux bytes' }],
  });
  await made.tool('acme/tool', ...lines);
  return { made, repository, release };
}

function recorded(made: World, branch = BRANCH) {
  const path = `packages/${branch.slice('pullthrough/'.length)}/checklist.json`;
  return parseChecklist(new TextEncoder().encode(`${made.file(branch, path)}\n`));
}

describe('a limit that a download meets', () => {
  const DOWNLOADS = /GET .*\/releases\/assets\//;

  it('is waited for as those of the API are', async () => {
    const { made } = await withTool();
    made.env = { GITHUB_TOKEN: 'reader' };
    made.github.faults.secondaryLimit({ retryAfter: 1, match: DOWNLOADS });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(made.notes.filter((note) => note.includes('limits requests (secondary): waiting 1 s'))).toHaveLength(1);
  });

  it('and that is far off ends all that is asked of this API, with the time', async () => {
    const { made } = await withTool();
    made.env = { GITHUB_TOKEN: 'reader' };
    made.github.faults.secondaryLimit({ retryAfter: 900, match: DOWNLOADS, times: 99 });
    const [result] = await made.mirror();
    expect(result).toMatchObject({ action: 'failed', error: { code: 'E_RATE_LIMIT' } });
    expect(result?.reason).toMatch(/is used up until \d{4}-/);
    const asked = made.requests('api');
    expect(asked.filter((request) => DOWNLOADS.test(request))).toHaveLength(1);
    expect(asked.at(-1)).toMatch(DOWNLOADS);
  });
});

describe('an upstream that changes', () => {
  it('while a file is fetched: a replaced one is fetched again, and the record holds what is there in the end', async () => {
    const { made, release } = await withTool();
    let replaced = false;
    made.github.faults.before(/GET .*\/(releases\/assets|releases\/download)\//, async () => {
      if (!replaced) await release.replaceAsset('tool-linux', 'other linux bytes');
      replaced = true;
    });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(recorded(made).assets).toEqual([{ name: 'tool-linux', size: 'other linux bytes'.length }]);
  });

  it('after a file was fetched: an added one is in the record too', async () => {
    const { made, release } = await withTool();
    let added = false;
    made.github.faults.before(/GET \/repos\/acme\/tool\/releases\/\d+$/, async () => {
      if (!added) await release.addAsset({ name: 'tool-macos', content: 'macos bytes' });
      added = true;
    });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(recorded(made).assets.map(({ name }) => name)).toEqual(['tool-linux', 'tool-macos']);
  });

  it('again and again is E_UPSTREAM_CHANGED, and nothing is recorded', async () => {
    const { made, release } = await withTool();
    let count = 0;
    made.github.faults.before(
      /GET \/repos\/acme\/tool\/releases\/\d+$/,
      async () => void (await release.replaceAsset('tool-linux', `bytes ${String((count += 1))}`)),
      { times: 99 },
    );
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.0.0 failed E_UPSTREAM_CHANGED']);
    expect(foldExit(results)).toBe(1);
    expect(count).toBe(3);
    expect(made.branches()).toEqual([]);
  });

  it('by removing the release fails', async () => {
    const { made, repository } = await withTool();
    made.github.faults.before(/GET \/repos\/acme\/tool\/releases\/\d+$/, () => repository.removeRelease('v1.0.0'));
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_UPSTREAM_NOT_FOUND']);
  });

  it('by moving the tag: the record has the commit that it points to in the end', async () => {
    const { made, repository } = await withTool();
    const moved = 'f'.repeat(40);
    made.github.faults.before(/GET .*\/releases\/download\//, () => void repository.setTag('v1.0.0', moved));
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(recorded(made).commit).toBe(moved);
  });

  it('by giving the release another tag is not a record of the old one', async () => {
    const { made, repository, release } = await withTool();
    made.github.faults.before(/GET .*\/releases\/download\//, () => {
      release.tag = 'v1.0.1';
      repository.setTag('v1.0.1');
    });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_UPSTREAM_CHANGED']);
    expect(made.branches()).toEqual([]);
    expect(actions(await made.mirror())).toEqual(['v1.0.1 proposed']);
  });

  it('by giving its name away meanwhile is gone, whatever the new owner serves', async () => {
    const { made, repository } = await withTool();
    made.github.faults.before(/GET \/repos\/acme\/tool$/, async () => {
      made.github.removeRepository(repository);
      const other = made.github.addRepository('acme/tool');
      await other.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool-linux', content: 'LINUX BYTES' }] });
    });
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.0.0 failed E_UPSTREAM_NOT_FOUND']);
    expect(foldExit(results)).toBe(1);
  });

  it('by beginning an upload waits', async () => {
    const { made, release } = await withTool();
    let begun = false;
    made.github.faults.before(/GET \/repos\/acme\/tool\/releases\/\d+$/, async () => {
      if (!begun) await release.addAsset({ name: 'tool-macos', content: '', state: 'starter' });
      begun = true;
    });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 waiting']);
    expect(made.branches()).toEqual([]);
  });

  it('without a tag behind the release fails', async () => {
    const { made, repository } = await withTool();
    repository.tags.delete('v1.0.0');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_UPSTREAM_NOT_FOUND']);
  });

  it('so that select chooses nothing for 30 days: a warning', async () => {
    const made = await memoryWorld();
    const repository = made.github.addRepository('acme/tool');
    const publishedAt = new Date(made.now.getTime() - 31 * 86_400_000);
    await repository.addRelease({ tag: 'cli/v1', publishedAt, assets: [{ name: 'a', content: 'a' }] });
    await made.tool('acme/tool', '[release]\ntag-prefix = sdk/\n');
    const [result] = await made.mirror();
    expect(result?.warnings.join()).toContain('select has chosen nothing for 30 days or more');
  });

  it('by name: records stay under the recorded one, and a warning gives the new', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    made.merge(BRANCH);
    made.github.rename(repository, 'newcorp/Tool2');
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    await repository.addRelease({ tag: 'v1.1.0', assets: [{ name: 'a', content: 'a' }] });
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.1.0 proposed']);
    expect(results[0]?.warnings).toEqual([expect.stringContaining('newcorp/Tool2')]);
    expect(recorded(made, 'pullthrough/github.com/acme/tool/v1.1.0').repository).toBe('acme/tool');
  });

  it('by name, and its tool.ini moved along: its number finds the records, and proposals too', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    made.github.rename(repository, 'newcorp/tool2');
    await rm(join(made.folder, 'packages/github.com/acme'), { recursive: true });
    await made.tool('newcorp/tool2');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    made.merge(BRANCH);
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.0.0 held']);
    expect(results[0]?.warnings.join()).toContain('acme/tool is called newcorp/tool2 now');
    await repository.addRelease({ tag: 'v1.1.0', assets: [{ name: 'a', content: 'a' }] });
    expect(actions(await made.mirror())).toEqual(['v1.1.0 proposed']);
    expect(made.branches()).toEqual(['pullthrough/github.com/acme/tool/v1.1.0']);
  });

  it('by name, with a tool.ini for each of the two names: said, and recorded once', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    made.merge(BRANCH);
    made.github.rename(repository, 'newcorp/tool2');
    await made.tool('newcorp/tool2');
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.0.0 held', 'v1.0.0 held']);
    expect(results.flatMap(({ warnings }) => warnings).join('\n')).toMatch(
      /(?:acme\/tool and newcorp\/tool2|newcorp\/tool2 and acme\/tool) are one repository, recorded as acme\/tool: remove one/,
    );
    expect(made.branches()).toEqual([]);
  });

  it("by name before the first record: it lies under the API's full_name, and is found there again", async () => {
    const { made, repository } = await withTool();
    made.github.rename(repository, 'NewCorp/Tool2');
    const branch = 'pullthrough/github.com/NewCorp/Tool2/v1.0.0';
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(made.branches()).toEqual([branch]);
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    expect(made.requests('storage')).toEqual([]);
    made.merge(branch);
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    expect(made.branches()).toEqual([]);
  });

  it('spells a tool as the ledger does, whatever the folder', async () => {
    const made = await memoryWorld();
    const repository = made.github.addRepository('Acme/Tool');
    await repository.addRelease({ tag: 'v1.0.0', assets: [{ name: 'a', content: 'a' }] });
    await made.tool('acme/TOOL');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    made.merge('pullthrough/github.com/Acme/Tool/v1.0.0');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
  });

  it('by owner: another repository under a recorded name is E_REPOSITORY_CHANGED, for good', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    made.merge(BRANCH);
    made.github.removeRepository(repository);
    const other = made.github.addRepository('acme/tool');
    await other.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool-linux', content: 'evil' }] });
    for (const tag of ['v1.0.0', 'v2.0.0']) {
      if (tag !== 'v1.0.0') await other.addRelease({ tag, assets: [{ name: 'tool-linux', content: 'evil' }] });
      const results = await made.mirror();
      expect(actions(results)).toEqual(['- failed E_REPOSITORY_CHANGED']);
      expect(foldExit(results)).toBe(3);
    }
    expect(made.requests('storage').length).toBe(1);
  });

  it.each([['latest'], ['all'], ['latest:2'], ['tag:v1.0.0,v2.0.0']])(
    'by owner, without any release yet: select = %s',
    async (select) => {
      const { made, repository } = await withTool();
      await made.mirror();
      made.merge(BRANCH);
      made.github.removeRepository(repository);
      made.github.addRepository('acme/tool');
      await made.tool('acme/tool', '[release]', `select = ${select}`);
      for (let run = 1; run <= 2; run += 1) {
        expect(actions(await made.mirror())).toEqual(['- failed E_REPOSITORY_CHANGED']);
      }
    },
  );

  it('by owner while its first record is still a proposal', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    made.github.removeRepository(repository);
    const other = made.github.addRepository('acme/tool');
    await other.addRelease({ tag: 'v2.0.0', assets: [{ name: 'a', content: 'evil' }] });
    expect(actions(await made.mirror())).toEqual(['- failed E_REPOSITORY_CHANGED']);
  });

  it('with a tag that differs from a recorded one in case only is refused', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    made.merge(BRANCH);
    await repository.addRelease({ tag: 'V1.0.0', assets: [{ name: 'a', content: 'a' }] });
    expect(actions(await made.mirror())).toEqual(['V1.0.0 failed E_NAME']);
  });
});

describe('evidence', () => {
  const CHECKSUMS = ['[evidence]', 'require[] = checksums:*.sums'];

  it('is fetched, held against the bytes, and told', async () => {
    const { made, release } = await withTool(...CHECKSUMS, 'require[] = github-digest');
    await release.addAsset({ name: 'all.sums', content: `${SHA512}  tool-linux\n` });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    const body = made.ledger.facts(made.ledger.at(BRANCH)).message;
    expect(body).toContain('all.sums (sha512): equal for 1 of 2 files');
    expect([...(await made.stored()).values()]).toContain(`${SHA512}  tool-linux\n`);
  });

  it('is read from a list that the record leaves out', async () => {
    const { made, release } = await withTool('[assets]', 'include[] = tool-*', ...CHECKSUMS);
    await release.addAsset({ name: 'all.sums', content: `${SHA512}  tool-linux\n`, digest: null });
    expect(await made.mirror()).toMatchObject([{ action: 'proposed', left: ['all.sums'] }]);
    expect([...(await made.stored()).values()]).toEqual(['linux bytes']);
  });

  it('is held against bytes that the store had already', async () => {
    const { made, repository } = await withTool();
    await made.mirror();
    const next = await repository.addRelease({ tag: 'v2', assets: [{ name: 'tool-linux', content: 'linux bytes' }] });
    await next.addAsset({ name: 'all.sums', content: `${digest('other', 'sha512')}  tool-linux\n` });
    await made.tool('acme/tool', ...CHECKSUMS);
    expect(actions(await made.mirror())).toEqual(['v2 failed E_DIGEST_MISMATCH']);
  });

  it('lets bytes of a known digest stream, and refuses others', async () => {
    const { made, repository, release } = await withTool(...CHECKSUMS);
    repository.releases = [release];
    release.asset('tool-linux').digest = null;
    await release.addAsset({ name: 'all.sums', content: `${digest('other')}  tool-linux\n` });
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
    expect(foldExit(results)).toBe(3);
    expect([...(await made.stored()).values()]).not.toContain('linux bytes');
    expect(made.branches()).toEqual([]);
  });

  it('that contradicts GitHub is E_EVIDENCE before the file is fetched', async () => {
    const { made, release } = await withTool(...CHECKSUMS);
    await release.addAsset({ name: 'all.sums', content: `${digest('other')}  tool-linux\n` });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_EVIDENCE']);
    expect(made.requests('storage').length).toBe(1);
  });

  it('without a line for a file is E_EVIDENCE', async () => {
    const { made, release } = await withTool(...CHECKSUMS);
    await release.addAsset({ name: 'all.sums', content: `${digest('linux bytes')}  other\n` });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_EVIDENCE']);
  });

  it('whose own bytes are not those of its digest is E_DIGEST_MISMATCH', async () => {
    const { made, release } = await withTool(...CHECKSUMS);
    await release.addAsset({ name: 'all.sums', content: `${SHA512}  tool-linux\n` });
    made.github.faults.bytes('wrong', { asset: 'all.sums', times: 9 });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
  });

  it('that GitHub does not have (files of before June 2025) is E_EVIDENCE where it is required, else told', async () => {
    const { made, release } = await withTool('[evidence]', 'require[] = github-digest');
    release.asset('tool-linux').digest = null;
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_EVIDENCE']);
    await made.tool('acme/tool');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    const body = made.ledger.facts(made.ledger.at(BRANCH)).message;
    expect(body).toContain('nothing was published to compare with for tool-linux');
  });
});
