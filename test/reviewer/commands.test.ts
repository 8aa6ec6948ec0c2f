import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ackPath } from '../../ledger-schema/names/layout.ts';
import { gnupg } from '../kit/gpg-fixture.ts';
import { newMinisign } from '../evidence/minisign-maker.ts';
import { entryOf } from '../evidence/release.ts';
import { putAck } from '../kit/ledger/ledger-tree.ts';
import { sha256Of } from '../servers/github/github-bytes.ts';
import { json, keyOf, pullthrough, usePlainGit, world } from './command-line.ts';

describe('on plain git', () => {
  usePlainGit();

  test('review shows one screen a proposal, the verdict first, and exits 0', async () => {
    const { branch } = await world.propose('v1.0.0');
    const { code, stdout } = await pullthrough(['review', branch]);
    expect(stdout).toMatch(new RegExp(`^${world.tool.fullName} v1.0.0: the same, 2 files fetched again from upstream`));
    for (const text of [
      'signed by  bot; acknowledged by nobody; one more ack needed, from ada or grace',
      '3 days ago',
      'octocat',
    ]) {
      expect(stdout).toContain(text);
    }
    expect(stdout.split('\n').length).toBeLessThan(24);
    expect(code).toBe(0);
  });

  test('of many files the screen shows what differs and what is new, and counts the rest', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `file-${String(i).padStart(2, '0')}`);
    const lists = names.map((name) => `${'0'.repeat(64)}  ${name}\n`).join('');
    const files = Object.fromEntries(names.map((name, i) => [name, { size: 77, seed: i + 1 }]));
    const { branch, release } = await world.propose('v1.0.0', { files });
    await release.addAsset({ name: 'SHA256SUMS', content: lists });
    release.asset('file-18').updatedAt = new Date(Date.now() - 3_600_000);
    const { stdout } = await pullthrough(['review', branch]);
    expect(stdout).toMatch(/ {2}look +SHA256SUMS lists another sha256 of .* and 16 more than .* \[list-disagrees\]\n/);
    expect(stdout).toMatch(/1 hour +octocat +file-18/);
    expect(stdout).toContain('and 5 more files: same; uploaded by octocat, the newest 3 days ago');
    for (const { content } of release.assets.slice(0, 20)) {
      const sha256 = await sha256Of(content);
      writeFileSync(join(world.folder, 'store/sha256', sha256.slice(0, 2), sha256), 'x'.repeat(77));
    }
    expect((await pullthrough(['review', branch])).stdout).toContain('and 5 more files: same, differs; uploaded by');
  });

  test('review --json is one document, also where something differs: exit 3', async () => {
    const { branch, release } = await world.propose('v1.0.0');
    await release.replaceAsset('tool-linux-amd64', { size: 40_000, seed: 9 });
    const document = await json(['review', branch]);
    expect(document).toMatchObject({
      code: 3,
      error: { code: 'E_DIGEST_MISMATCH' },
      reviews: [{ verdict: 'differs' }],
    });
  });

  test('without CHANGE every proposal is reviewed, and one that differs is exit 3', async () => {
    const good = await world.propose('v1.0.0');
    const bad = await world.propose('v2.0.0');
    bad.release.removeAsset('tool-linux-amd64');
    const gone = await json(['review']);
    expect(gone).toMatchObject({ code: 4, error: { code: 'E_PARTIAL' } });
    expect(gone.reviews.map(({ branch, verdict }) => [branch, verdict])).toEqual([
      [good.branch, 'same'],
      [bad.branch, 'incomparable'],
    ]);
    await bad.release.addAsset({ name: 'tool-linux-amd64', content: { size: 40_000, seed: 8 } });
    expect(await json(['review'])).toMatchObject({ code: 3, error: { code: 'E_DIGEST_MISMATCH' } });
  });

  test('without CHANGE a branch that the gate refuses is reported: exit 3, the others are reviewed', async () => {
    await world.propose('v1.0.0');
    const { branch } = await world.propose('v2.0.0', { by: world.people.eve });
    const document = await json(['review']);
    expect(document).toMatchObject({
      code: 3,
      reviews: [{ verdict: 'same' }],
      refused: [{ branch, error: { code: 'E_SIG_UNLISTED', hint: expect.any(String) as string } }],
    });
  });

  test('nothing to review is exit 0', async () => {
    expect(await pullthrough(['review'])).toMatchObject({ code: 0, stdout: '' });
  });

  test('names from outside are escaped', async () => {
    const { branch, release } = await world.propose('v1.0.0');
    await release.addAsset({ name: 'evil\u001b[31m\u202e::error::x', content: 'x' });
    const { stdout } = await pullthrough(['review', branch]);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('evil\\u{1b}[31m\\u{202e}');
  });

  test('ack of a named proposal signs without a question', async () => {
    const { branch, path } = await world.propose('v1.0.0');
    const { ada } = world.people;
    const { code, stdout } = await pullthrough(['ack', branch, '--key', keyOf(ada)]);
    expect(stdout).toContain(`${world.tool.fullName} v1.0.0: your ack is pushed; no ack is missing`);
    expect(code).toBe(0);
    expect(world.host.paths(branch)).toContain(ackPath(path, ada.fingerprint));
    const again = await json(['ack', branch, '--key', keyOf(ada)]);
    expect(again).toMatchObject({ code: 0, acks: [{ action: 'already', branch }], reviews: [] });
  });

  test('ack with no key named signs with the one of gpg that is a reviewer’s; with none it is exit 2', async () => {
    const branch = (await world.propose('v1.0.0')).branch;
    const [empty, home] = [gnupg(), gnupg()];
    home.newKey('Another', 'ed25519');
    home.run(['--import'], world.people.ada.key.armor());
    const nobody = await pullthrough(['ack', branch], undefined, { GNUPGHOME: String(empty.env.GNUPGHOME) });
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('[E_NO_KEY]')]);
    const { code, stderr } = await pullthrough(['ack', branch], undefined, { GNUPGHOME: String(home.env.GNUPGHOME) });
    expect([code, stderr]).toEqual([0, expect.anything()]);
  });

  test('ack signs nothing that differs: exit 3', async () => {
    const { branch, commit, release } = await world.propose('v1.0.0');
    await release.replaceAsset('tool-linux-amd64', { size: 40_000, seed: 9 });
    const document = await json(['ack', branch, '--key', keyOf(world.people.ada)]);
    expect(document).toMatchObject({ code: 3, error: { code: 'E_DIGEST_MISMATCH' }, acks: [] });
    expect(world.branches().get(branch)).toBe(commit);
  });

  test("ack by an executor's key downloads nothing: exit 3", async () => {
    const { branch, commit } = await world.propose('v1.0.0');
    world.upstream.takeRequests();
    const document = await json(['ack', branch, '--key', keyOf(world.people.bot)]);
    expect(document).toMatchObject({ code: 3, error: { code: 'E_NOT_REVIEWER' } });
    expect(world.upstream.takeRequests()).toEqual([]);
    expect(world.branches().get(branch)).toBe(commit);
  });

  test('in a pipe, ack without CHANGE and without --yes is exit 2, and nothing is done', async () => {
    const { branch, commit } = await world.propose('v1.0.0');
    world.upstream.takeRequests();
    const document = await json(['ack', '--key', keyOf(world.people.ada)]);
    expect(document).toMatchObject({ code: 2, error: { code: 'E_CONFIRM' } });
    expect(world.upstream.takeRequests()).toEqual([]);
    expect(world.branches().get(branch)).toBe(commit);
  });

  describe('a finding that wants a person', () => {
    async function proposeOdd(tag: string) {
      const proposed = await world.propose(tag);
      const published = proposed.release.publishedAt?.getTime() ?? 0;
      proposed.release.asset('tool-linux-amd64').updatedAt = new Date(published + 2 * 86_400_000);
      return proposed;
    }

    test('is not signed with --yes, nor in a pipe: exit 3, with its name; review says it and exits 0', async () => {
      const { branch, commit } = await proposeOdd('v1.0.0');
      const key = ['--key', keyOf(world.people.ada)];
      expect(await json(['review', branch])).toMatchObject({
        code: 0,
        reviews: [
          { verdict: 'same', findings: [{ name: 'late-upload', level: 'look', files: ['tool-linux-amd64'] }, {}] },
        ],
      });
      for (const argv of [
        ['ack', branch, ...key],
        ['ack', branch, '--yes', ...key],
        ['ack', '--yes', ...key],
      ]) {
        const ran = await json(argv);
        expect(ran).toMatchObject({ code: 3, error: { code: 'E_FINDINGS' }, acks: [] });
        expect(ran.error?.message).toContain('late-upload');
        expect(ran.error?.hint).toContain(`pullthrough ack ${branch} --accept late-upload`);
      }
      expect(world.branches().get(branch)).toBe(commit);
    });

    test('is exit 4 where others were signed', async () => {
      const odd = await proposeOdd('v1.0.0');
      const good = await world.propose('v2.0.0');
      const ran = await json(['ack', '--yes', '--key', keyOf(world.people.ada)]);
      expect(ran).toMatchObject({ code: 4, error: { code: 'E_PARTIAL' }, acks: [{ branch: good.branch }] });
      expect(world.branches().get(odd.branch)).toBe(odd.commit);
    });

    test('is signed where it is accepted by its name', async () => {
      const { branch } = await proposeOdd('v1.0.0');
      const key = ['--key', keyOf(world.people.ada)];
      expect(await json(['ack', branch, ...key, '--accept', 'size-jump'])).toMatchObject({ code: 3 });
      const ran = await json(['ack', branch, ...key, '--accept', 'size-jump,late-upload']);
      expect(ran).toMatchObject({ code: 0, acks: [{ action: 'acked' }] });
    });

    test('weaker evidence than the release before had is one: --yes does not sign it, its name does', async () => {
      const { publicKey, signFile } = newMinisign();
      const evidence = [entryOf('minisign', signFile(Buffer.from('tool')), { signer: publicKey })];
      const { path, tree } = await world.propose('v1.0.0', { evidence });
      await putAck(tree, path, world.people.ada);
      world.merge(tree);
      const { branch, commit } = await world.propose('v1.1.0');
      const argv = ['ack', branch, '--key', keyOf(world.people.ada)];
      const ran = await json([...argv, '--yes']);
      expect(ran).toMatchObject({ code: 3, error: { code: 'E_FINDINGS' }, acks: [] });
      expect(ran.error?.message).toContain('weaker-evidence');
      expect(world.branches().get(branch)).toBe(commit);
      const accepted = await json([...argv, '--accept', 'weaker-evidence']);
      expect(accepted).toMatchObject({ code: 0, acks: [{ action: 'acked' }] });
    });

    test('is asked about at a terminal, also of a named proposal', async () => {
      const { branch, commit } = await proposeOdd('v1.0.0');
      const argv = ['ack', branch, '--key', keyOf(world.people.ada)];
      const no = await pullthrough(argv, ['']);
      expect(no.stderr).toContain('in spite of late-upload? [y/N]');
      expect(no.code).toBe(0);
      expect(world.branches().get(branch)).toBe(commit);
      expect(await pullthrough(argv, ['y'])).toMatchObject({ code: 0 });
      expect(world.branches().get(branch)).not.toBe(commit);
    });

    test.each(['nothing-such', 'upstream-differs', ''])('--accept %j is exit 2', async (name) => {
      const ran = await json(['ack', '--yes', '--key', keyOf(world.people.ada), `--accept=${name}`]);
      expect(ran).toMatchObject({ code: 2, error: { code: 'E_USAGE' } });
    });

    test('is an annotation in Actions', async () => {
      const { branch } = await proposeOdd('v1.0.0');
      const { stderr } = await pullthrough(['review', branch], undefined, { GITHUB_ACTIONS: 'true' });
      expect(stderr).toMatch(/^::warning title=late-upload::.*tool-linux-amd64 was replaced 2 days after/m);
    });
  });
});
