import { describe, expect, it } from 'vitest';
import { actions, world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';
const API = /\/(?:repos|repositories)\//;

async function withTool(...lines: string[]) {
  const made = await world({ onGitHub: true });
  const repository = made.github.addRepository('acme/tool');
  const release = await repository.addRelease({
    tag: 'v1.0.0',
    assets: [{ name: 'tool-linux', content: 'linux bytes' }],
  });
  await made.tool('acme/tool', ...lines);
  return { made, repository, release, pulls: made.ledgerRepository.pulls };
}

/** Requests that brought bytes. */
function downloads(made: World): string[] {
  return made.requests().filter((request) => !API.test(request) || request.includes('/assets/'));
}

describe('mirror with a ledger on GitHub', () => {
  it('opens one pull request whose title says tool and tag, and whose body has the files', async () => {
    const { made, pulls } = await withTool();
    const results = await made.mirror();
    expect(results).toMatchObject([{ action: 'proposed', branch: BRANCH, pull: { number: 1 } }]);
    expect(pulls).toMatchObject([
      { title: 'acme/tool v1.0.0', headRef: BRANCH, baseRef: 'main', author: 'mirror-bot' },
    ]);
    expect(pulls[0]?.body).toContain('| `tool-linux` | 11 |');
    expect(pulls[0]?.body).toContain("GitHub's digest (sha256): equal for 1 of 1 files");
    expect(pulls[0]?.body).toContain(`pullthrough review ${BRANCH}`);
  });

  it('run again costs one request a tool, and one for the open pull requests', async () => {
    const { made, pulls } = await withTool();
    await made.mirror();
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    const asked = made.requests();
    expect(asked.filter((request) => request.includes('/acme/tool/'))).toEqual([
      'GET /repos/acme/tool/releases/latest',
    ]);
    expect(asked.filter((request) => request.includes('/acme/ledger/pulls'))).toHaveLength(1);
    expect(pulls).toHaveLength(1);
    made.merge(BRANCH);
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    expect(made.requests()).toEqual(['GET /repos/acme/tool/releases/latest']);
  });

  it('gives a branch without a pull request one, and downloads nothing', async () => {
    const { made, pulls } = await withTool();
    await made.mirror();
    const [first] = pulls.splice(0);
    downloads(made);
    expect(await made.plan()).toMatchObject([{ action: 'propose', reason: 'its proposal has no pull request yet' }]);
    expect(await made.mirror()).toMatchObject([{ action: 'proposed', pull: { number: 1 } }]);
    expect(downloads(made)).toEqual([]);
    expect(pulls.map(({ body }) => body)).toEqual([first?.body]);
  });

  it('shows nothing as checked that only a commit message says', async () => {
    const { made, pulls } = await withTool();
    await made.mirror();
    pulls.splice(0);
    const tree = made.git(['rev-parse', `${BRANCH}^{tree}`]);
    const claim =
      'acme/tool v1.0.0\n\nChecked against what upstream says:\n- signed by everybody: equal for 9 of 9 files\n';
    const forged = made.git(['commit-tree', tree, '-p', 'main', '-m', claim]);
    made.git(['update-ref', `refs/heads/${BRANCH}`, forged]);
    expect(await made.mirror()).toMatchObject([{ action: 'proposed', pull: { number: 1 } }]);
    expect(pulls[0]?.body).not.toContain('signed by everybody');
    expect(pulls[0]?.body).toContain("GitHub's digest (sha256): equal for 1 of 1 files");
  });

  it('gives it one also when select chooses something newer by now', async () => {
    const { made, repository, pulls } = await withTool();
    await made.mirror();
    pulls.splice(0);
    await repository.addRelease({ tag: 'v2.0.0', assets: [{ name: 'a', content: 'a' }] });
    const results = await made.mirror();
    expect(actions(results)).toEqual(['v2.0.0 proposed', 'v1.0.0 proposed']);
    expect(pulls.map(({ title }) => title).sort()).toEqual(['acme/tool v1.0.0', 'acme/tool v2.0.0']);
    expect(actions(await made.mirror())).toEqual(['v2.0.0 held']);
  });

  it('leaves alone what a person closed, also where the branch is gone', async () => {
    const { made, pulls } = await withTool();
    await made.mirror();
    for (const pull of pulls) Object.assign(pull, { state: 'closed', closedAt: new Date() });
    downloads(made);
    expect(await made.mirror()).toMatchObject([{ action: 'closed', reason: 'pull request #1 was closed unmerged' }]);
    made.git(['update-ref', '-d', `refs/heads/${BRANCH}`]);
    expect(await made.mirror()).toMatchObject([{ action: 'closed', pull: { number: 1 } }]);
    expect(downloads(made)).toEqual([]);
    expect(pulls).toHaveLength(1);
    expect(made.branches()).toEqual([]);
  });

  it('leaves it alone also where the ledger has another owner now', async () => {
    const { made, pulls } = await withTool();
    await made.mirror();
    for (const pull of pulls) Object.assign(pull, { state: 'closed', closedAt: new Date() });
    made.git(['update-ref', '-d', `refs/heads/${BRANCH}`]);
    made.github.rename(made.ledgerRepository, 'umbrella/ledger');
    expect(await made.mirror()).toMatchObject([{ action: 'closed', pull: { number: 1 } }]);
  });

  it("is not confused by a stranger's pull request on the same path", async () => {
    const { made, pulls } = await withTool();
    const fork = made.github.addRepository('stranger/ledger', { forkOf: made.ledgerRepository });
    const pull = (state: 'open' | 'closed', number: number) => ({
      id: 900 + number,
      number,
      title: 'acme/tool v1.0.0',
      body: null,
      state,
      author: 'stranger',
      headRef: BRANCH,
      headRepository: fork,
      baseRef: 'main',
      headSha: made.git(['rev-parse', 'main']),
      baseSha: 'b'.repeat(40),
      mergeSha: null,
      mergedAt: null,
      closedAt: state === 'closed' ? new Date() : null,
      createdAt: new Date(),
      updatedAt: new Date(),
    });
    pulls.push(pull('open', 1), pull('closed', 2));
    expect(await made.mirror()).toMatchObject([{ action: 'proposed', pull: { number: 3 } }]);
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
  });

  it('replaces a branch without a valid sign, and opens its pull request', async () => {
    const { made, pulls } = await withTool();
    made.commit(BRANCH, 'README.md', 'mine');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(pulls).toHaveLength(1);
    expect(made.git(['diff', '--name-only', 'main', BRANCH])).not.toContain('README');
  });

  it('makes a proposal anew that an ack of nobody holds up, under its pull request', async () => {
    const { made, pulls } = await withTool();
    await made.mirror();
    await made.ack(BRANCH);
    expect(actions(await made.mirror())).not.toContain('v1.0.0 proposed');
    const ack =
      made
        .git(['diff', '--name-only', 'main', BRANCH])
        .split('\n')
        .find((path) => path.endsWith('.ack')) ?? '';
    const copied = made.file(BRANCH, ack);
    made.commit(BRANCH, ack.replace(/[0-9A-F]{40}/, 'A'.repeat(40)), `${copied}\n`);
    const before = made.git(['rev-parse', BRANCH]);
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(made.git(['rev-parse', BRANCH])).not.toBe(before);
    expect(made.git(['diff', '--name-only', 'main', BRANCH])).not.toContain('.ack');
    expect(pulls).toHaveLength(1);
    expect(actions(await made.mirror())).not.toContain('v1.0.0 proposed');
  });

  it('says what is new against the previous record', async () => {
    const { made, repository, pulls } = await withTool();
    await made.mirror();
    made.merge(BRANCH);
    await repository.addRelease({
      tag: 'v1.1.0',
      assets: [
        { name: 'tool-linux', content: 'x'.repeat(10_000) },
        { name: 'tool-macos', content: 'm' },
      ],
    });
    await made.mirror();
    expect(pulls[1]?.body).toMatch(
      /\*\*look\*\* `size-jump`: `sizes jumped since v1\.0\.0: tool-linux 11 B -> 9\.8 KiB`\n- note `files-added`: `v1\.0\.0 had no tool-macos`/,
    );
  });

  it('names an uploader whom the release before had not, in the pull request and in the result', async () => {
    const { made, repository, pulls } = await withTool();
    await made.mirror();
    made.merge(BRANCH);
    const release = await repository.addRelease({
      tag: 'v1.1.0',
      assets: [{ name: 'tool-linux', content: 'mine now' }],
    });
    release.asset('tool-linux').uploader = 'mallory';
    const [result] = await made.mirror();
    const message = 'mallory uploaded 1 file; those of v1.0.0 are by octocat';
    expect(result?.findings).toContainEqual({ name: 'new-uploader', level: 'look', message, files: ['tool-linux'] });
    expect(pulls[1]?.body).toContain(`- **look** \`new-uploader\`: \`${message}\``);
  });

  it('says that the uploaders are not known where upstream no longer gives the release before', async () => {
    const { made, repository, pulls } = await withTool();
    await made.mirror();
    made.merge(BRANCH);
    await repository.addRelease({ tag: 'v1.1.0', assets: [{ name: 'tool-linux', content: 'mine now' }] });
    repository.removeRelease('v1.0.0');
    await made.mirror();
    expect(pulls[1]?.body).toContain('`previous-unread`');
  });

  it('two executors at once end with one pull request', async () => {
    const { made, pulls } = await withTool();
    const both = await Promise.all([made.mirror(), made.mirror({ cache: 'second' })]);
    expect(both.flatMap(actions)).toContain('v1.0.0 proposed');
    expect(both.flat().map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(pulls).toHaveLength(1);
  });

  it('fails where the token may not open pull requests, and the next run opens it', async () => {
    const { made, pulls } = await withTool();
    made.github.faults.forbidden({ match: /POST .*\/pulls/ });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_CREDENTIAL']);
    expect(pulls).toHaveLength(0);
    downloads(made);
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(downloads(made)).toEqual([]);
    expect(pulls).toHaveLength(1);
  });
});
