import { describe, expect, it } from 'vitest';
import { readTrust } from '../../ledger/fetch-directories.ts';
import { proposePolicy } from '../../ledger/policy/rotation.ts';
import { fileSigner, newKey } from '../../ledger/signing/signer.ts';
import { concatBytes, utf8 } from '../../ledger-schema/bytes.ts';
import { nackPath } from '../../ledger-schema/names/layout.ts';
import { readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import { AUTHOR, actions, world } from '../kit/worlds/executor-world.ts';
import type { Key } from '../kit/worlds/executor-keys.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';
const RECORD = 'packages/github.com/acme/tool/v1.0.0';

async function nacked(onGitHub = false) {
  const made = await world({ onGitHub });
  const repository = made.github.addRepository('acme/tool');
  const release = await repository.addRelease({
    tag: 'v1.0.0',
    assets: [{ name: 'tool-linux', content: 'linux bytes' }],
  });
  await made.tool('acme/tool');
  await made.mirror();
  const signer = await fileSigner({ key: (await people()).ada.secret });
  const sums = utf8(`${made.file(BRANCH, `${RECORD}/checklist.sha256`)}\n`);
  const path = nackPath(RECORD, signer.fingerprint);
  made.commit(BRANCH, path, await signer.sign(concatBytes(sums, utf8('nack\n'))));
  return { made, repository, release, path };
}

/** Another bot key instead of the first one, as after a leak. */
async function rotate(made: World): Promise<Key> {
  const { bot, ada } = await people();
  const fresh = await newKey({ userId: 'mirror-bot <bot@acme.example>' });
  const key = await readKeyFile(fresh.public);
  await made.run(async ({ ledger, now }) => {
    await ledger.update();
    const trust = await readTrust(ledger.snapshot(ledger.head() ?? ''), { pin: undefined, now });
    const listed = { fingerprint: key.fingerprint, sha256: key.sha256 };
    await proposePolicy({
      repository: ledger,
      trust,
      edits: { grants: [{ role: 'executors', holder: 'mirror-bot', key: listed }], copies: [], revoke: [] },
      retire: [bot.key.fingerprint],
      keys: [{ key, bytes: fresh.public }],
      signer: await fileSigner({ key: ada.secret }),
      author: AUTHOR,
    });
  });
  made.merge('pullthrough-trust/2');
  return { holder: 'mirror-bot', ...fresh, key };
}

describe('a nack on an open proposal', () => {
  it("goes with the record when the bot's key was rotated and the branch is replaced", async () => {
    const { made, path } = await nacked();
    const before = made.file(BRANCH, path);
    const key = await rotate(made);
    const [result] = await made.mirror({ key });
    expect(result).toMatchObject({ action: 'proposed', branch: BRANCH });
    expect(result?.reason).toContain('the nack of ada goes with it');
    expect(result?.warnings.join()).toContain('nack of ada was carried over');
    expect(made.file(BRANCH, path)).toBe(before);
    expect(made.git(['log', '-1', '--format=%B', BRANCH])).toContain('The nack of ada was carried over');
    expect(await made.mirror({ key })).toMatchObject([
      { action: 'held', reason: expect.stringContaining('ada nacked') as string },
    ]);
  });

  it('keeps the branch where it is when the bytes are others now, without a download where upstream says so', async () => {
    const { made, release } = await nacked();
    const key = await rotate(made);
    const before = made.git(['rev-parse', BRANCH]);
    await release.replaceAsset('tool-linux', 'other bytes');
    made.requests();
    const [result] = await made.mirror({ key });
    expect(result).toMatchObject({ action: 'held' });
    expect(result?.reason).toContain('ada nacked its proposal, and the files are others now');
    expect(made.git(['rev-parse', BRANCH])).toBe(before);
    expect(made.requests('storage')).toEqual([]);
  });

  it('keeps it also where only the fetched bytes tell', async () => {
    const { made, release } = await nacked();
    const key = await rotate(made);
    const before = made.git(['rev-parse', BRANCH]);
    // The same name and size, no digest, and another commit behind the tag.
    await release.replaceAsset('tool-linux', 'linux bYtes', { digest: null });
    const [result] = await made.mirror({ key });
    expect(result).toMatchObject({ action: 'held' });
    expect(result?.reason).toContain(`the branch ${BRANCH} is left as it is`);
    expect(made.git(['rev-parse', BRANCH])).toBe(before);
  });

  it('goes with it under the pull request, whose comment says so', async () => {
    const { made, path } = await nacked(true);
    const key = await rotate(made);
    expect(actions(await made.mirror({ key }))).toEqual(['v1.0.0 proposed']);
    expect(made.file(BRANCH, path)).toContain('BEGIN PGP SIGNATURE');
    expect(made.ledgerRepository.pulls).toHaveLength(1);
    expect(made.ledgerRepository.comments.map(({ body }) => body).join()).toContain('nack of ada was carried over');
  });
});

describe('a proposal that is not merged, and upstream went on', () => {
  const later = (made: World) => new Date(made.now.getTime() + 60_000);

  it('is made again with the added files, and its acks are gone, which is said', async () => {
    const made = await world({ onGitHub: true });
    const repository = made.github.addRepository('acme/tool');
    const release = await repository.addRelease({
      tag: 'v1.0.0',
      assets: [{ name: 'tool-linux', content: 'linux bytes' }],
    });
    await made.tool('acme/tool');
    await made.mirror();
    await made.ack(BRANCH);
    await release.addAsset({ name: 'tool-macos', content: 'macos bytes', createdAt: later(made) });
    expect(await made.plan()).toMatchObject([
      { action: 'propose', warnings: [expect.stringContaining('the acks of ada do not count for it') as string] },
    ]);
    const [result] = await made.mirror();
    expect(result).toMatchObject({ action: 'proposed', pull: { number: 1 } });
    expect(result?.reason).toBe('upstream added tool-macos since pull request #1 proposed it; it is made again');
    expect(made.git(['diff', '--name-only', 'main', BRANCH])).not.toContain('.ack');
    expect(made.file(BRANCH, `${RECORD}/checklist.sha256`)).toContain('tool-macos');
    const { pulls, comments } = made.ledgerRepository;
    expect(pulls.map(({ body }) => body).join()).toContain('| `tool-macos` | 11 |');
    expect(comments.map(({ body }) => body).join()).toContain('the acks of ada were about the earlier files');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
  });

  it('is left as it is where somebody nacked it', async () => {
    const { made, release } = await nacked();
    const before = made.git(['rev-parse', BRANCH]);
    await release.addAsset({ name: 'tool-macos', content: 'macos bytes', createdAt: later(made) });
    expect(await made.mirror()).toMatchObject([
      { action: 'held', reason: expect.stringContaining('ada nacked that') as string },
    ]);
    expect(made.git(['rev-parse', BRANCH])).toBe(before);
  });

  it('is left as it is where its own definition leaves out what was there before', async () => {
    const made = await world();
    const repository = made.github.addRepository('acme/tool');
    const old = new Date(made.now.getTime() - 30 * 86_400_000);
    await repository.addRelease({
      tag: 'v1.0.0',
      assets: [
        { name: 'tool-linux', content: 'linux bytes', createdAt: old },
        { name: 'tool-macos', content: 'macos bytes', createdAt: old },
      ],
    });
    await made.tool('acme/tool', '[assets]', 'include[] = *linux');
    await made.mirror();
    await made.tool('acme/tool');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
  });

  it('waits while what was added is too young', async () => {
    const made = await world();
    const repository = made.github.addRepository('acme/tool');
    const release = await repository.addRelease({
      tag: 'v1.0.0',
      publishedAt: new Date(made.now.getTime() - 30 * 86_400_000),
      assets: [{ name: 'tool-linux', content: 'linux bytes' }],
    });
    await made.tool('acme/tool');
    await made.mirror();
    await made.tool('acme/tool', '[release]', 'min-age = 1d');
    await release.addAsset({ name: 'tool-macos', content: 'macos bytes', createdAt: later(made) });
    expect(actions(await made.mirror())).toEqual(['v1.0.0 waiting']);
  });

  it('after a run that was killed between the push and the pull request says what the branch holds', async () => {
    const made = await world({ onGitHub: true });
    const repository = made.github.addRepository('acme/tool');
    await repository.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool-linux', content: 'linux bytes' }] });
    await made.tool('acme/tool');
    await made.mirror();
    const [pull] = made.ledgerRepository.pulls;
    if (pull !== undefined) pull.body = 'written for an earlier commit';
    expect(await made.mirror()).toMatchObject([
      { action: 'proposed', reason: 'pull request #1 lists other files', pull: { number: 1 } },
    ]);
    expect(pull?.body).toContain('| `tool-linux` | 11 |');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
  });
});
