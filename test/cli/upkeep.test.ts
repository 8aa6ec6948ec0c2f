import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileSigner } from '../../ledger/signing/signer.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import type { World, WorldOptions } from '../kit/worlds/executor-world.ts';
import { executor } from '../kit/worlds/executor-cli-world.ts';

const RECORD = 'packages/github.com/acme/tool/v1.0.0';
const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const stored = (made: World, hash: string) => join(made.storeDirectory, 'sha256', hash.slice(0, 2), hash);

/** An executor whose one record is acknowledged and merged. */
async function acknowledged(options: WorldOptions = {}) {
  const started = await executor(options);
  const { made, cli } = started;
  expect((await cli(['mirror'])).code).toBe(0);
  const { ada } = await people();
  const signer = await fileSigner({ key: ada.secret });
  const part = (name: string) => Buffer.from(`${made.file(BRANCH, `${RECORD}/${name}`)}\n`);
  const ack = await signer.sign(Buffer.concat([part('checklist.sha256'), part('checklist.sha256.sign')]));
  made.commit(BRANCH, `${RECORD}/checklist.sha256.${signer.fingerprint}.ack`, ack);
  made.merge(BRANCH);
  return started;
}

describe('add', () => {
  test('writes a tool.ini that plan understands, once', async () => {
    const { made, cli, json } = await executor();
    await rm(join(made.folder, 'packages'), { recursive: true });
    const dry = await cli(['add', '--dry-run', 'acme/tool']);
    expect(dry.code).toBe(0);
    expect(await readdir(made.folder)).not.toContain('packages');
    expect(await json('add', 'ACME/tool')).toMatchObject({
      code: 0,
      document: { tools: [{ tool: 'acme/tool', tag: 'v1.0.0', files: 1 }], written: true },
    });
    expect(await readFile(join(made.folder, 'packages/github.com/acme/tool/tool.ini'), 'utf8')).not.toBe('');
    // A release of this minute waits for a day: it may still be uploading.
    expect((await json('plan')).document.releases).toMatchObject([{ tool: 'acme/tool', action: 'waiting' }]);
    expect(await json('add', 'acme/tool')).toMatchObject({ code: 2, document: { error: { code: 'E_EXISTS' } } });
  });

  test('one that is not there among others is exit 4', async () => {
    const { made, json } = await executor();
    await made.github.addRepository('acme/other').addRelease({ tag: 'v2', assets: [{ name: 'x', content: 'x' }] });
    expect(await json('add', 'acme/other', 'acme/gone')).toMatchObject({
      code: 4,
      document: { tools: [{ tool: 'acme/other' }], error: { code: 'E_PARTIAL' } },
    });
    // The first is not there, the second is here already: nothing was written.
    for (const names of [['acme/gone', 'acme/other'], ['acme/gone']]) {
      expect(await json('add', ...names)).toMatchObject({ code: 1, document: { tools: [], written: false } });
    }
    expect(await json('add', 'nonsense')).toMatchObject({ code: 2, document: { error: { code: 'E_USAGE' } } });
  });
});

describe('watch', () => {
  test('is silent while upstream is as recorded, and exit 3 once it is not', async () => {
    const { repository, json, cli } = await acknowledged();
    expect(await json('watch')).toMatchObject({
      code: 0,
      document: { watched: [{ tool: 'acme/tool', records: 1, findings: [] }] },
    });
    repository.removeRelease('v1.0.0');
    const later = await cli(['watch']);
    expect(later.code).toBe(3);
    expect(later.stdout).toContain('release-missing  acme/tool@v1.0.0');
    expect(later.stderr).toContain('[E_UPSTREAM_DIFFERS]');
  });

  test('names the file that differs', async () => {
    const { repository, cli } = await acknowledged();
    await repository.releases[0]?.replaceAsset('tool-linux', 'other bytes');
    const { stdout, stderr } = await cli(['watch']);
    expect(stdout).toContain('file-replaced  acme/tool@v1.0.0  tool-linux  ');
    expect(stderr).toContain('acme/tool@v1.0.0, tool-linux: the file has');
  });

  test('--issue that cannot be written is told beside what was found, and does not hide it', async () => {
    const { made, repository, json } = await acknowledged({ onGitHub: true });
    const refused = { status: 403, message: 'Resource not accessible by integration', match: /issues/, times: 99 };
    made.github.faults.answer(refused);
    expect(await json('watch', '--issue')).toMatchObject({
      code: 1,
      document: { watched: [{ tool: 'acme/tool', findings: [] }], error: { code: 'E_CREDENTIAL' } },
    });
    repository.removeRelease('v1.0.0');
    const ran = await json('watch', '--issue');
    expect(ran).toMatchObject({
      code: 3,
      document: { watched: [{ findings: [{ kind: 'release-missing' }] }], error: { code: 'E_UPSTREAM_DIFFERS' } },
    });
    expect(ran.stderr).toMatch(/^error: the issue: .*LEDGER_TOKEN may not .* \[E_CREDENTIAL\]$/m);
  });

  test('--issue needs a ledger on GitHub, found before any request', async () => {
    const { made, json } = await executor();
    made.github.takeRequests();
    expect(await json('watch', '--issue')).toMatchObject({ code: 2, document: { error: { code: 'E_USAGE' } } });
    expect(made.github.takeRequests()).toEqual([]);
  });
});

describe('store', () => {
  test('check finds what is damaged or missing, restock brings it back', async () => {
    const { made, cli, json } = await acknowledged();
    expect(await json('store', 'check')).toMatchObject({
      code: 0,
      document: { objects: 1, hashed: 1, damaged: [], missing: [] },
    });
    await writeFile(stored(made, sha256('linux bytes')), 'LINUX bytes');
    const damaged = await cli(['store', 'check']);
    expect(damaged.code).toBe(3);
    expect(damaged.stdout).toContain(`damaged  ${sha256('linux bytes')}`);
    expect(damaged.stderr).toContain('[E_STORE_DAMAGED]');
    await rm(stored(made, sha256('linux bytes')));
    expect(await json('store', 'check')).toMatchObject({
      code: 3,
      document: { missing: [{ sha256: sha256('linux bytes') }] },
    });
    expect(await json('mirror', '--restock')).toMatchObject({
      code: 0,
      document: { releases: [{ action: 'restocked' }] },
    });
    expect([...(await made.stored()).values()]).toEqual(['linux bytes']);
  });

  test('gc lists what nothing names and is a day old; --delete removes it', async () => {
    const { made, cli, json } = await acknowledged();
    const old = stored(made, sha256('garbage'));
    await mkdir(join(old, '..'), { recursive: true });
    await writeFile(old, 'garbage');
    await utimes(old, new Date(0), made.now);
    expect(await json('store', 'gc')).toMatchObject({ code: 0, document: { objects: [], young: 1, removed: false } });
    await utimes(old, new Date(0), new Date(0));
    const listed = await cli(['store', 'gc']);
    expect(listed.code).toBe(0);
    expect(listed.stdout).toContain(sha256('garbage'));
    expect((await made.stored()).size).toBe(2);
    const half = { code: 2, document: { removed: false, tooMany: true, error: { code: 'E_CONFIRM' } } };
    expect(await json('store', 'gc', '--delete')).toMatchObject(half);
    expect((await made.stored()).size).toBe(2);
    const removed = await json('store', 'gc', '--delete', '--yes');
    expect(removed).toMatchObject({ code: 0, document: { removed: true, kept: 1 } });
    expect([...(await made.stored()).values()]).toEqual(['linux bytes']);
  });
});

describe('import', () => {
  async function oldTree(made: World, digest: string): Promise<string> {
    const folder = join(made.folder, 'old/packages/github.com/acme/tool/1.0.0');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'checklist.sha256'), `${digest}  tool-linux\n`);
    return join(made.folder, 'old');
  }

  test('finds the real tag, and proposes what agrees', async () => {
    const { made, json } = await executor();
    const tree = await oldTree(made, sha256('linux bytes'));
    expect(await json('import', tree)).toMatchObject({
      code: 0,
      document: { releases: [{ tag: 'v1.0.0', action: 'proposed' }] },
    });
    expect(made.branches()).toEqual([BRANCH]);
  });

  test('what differs is exit 3 with each difference, and nothing is proposed', async () => {
    const { made, cli } = await executor();
    const ran = await cli(['import', await oldTree(made, '0'.repeat(64))]);
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain('[E_IMPORT_MISMATCH]');
    expect(ran.stdout).toContain(`tool-linux  sha256  ${'0'.repeat(64)}  ${sha256('linux bytes')}`);
    expect(made.branches()).toEqual([]);
  });

  test('a folder without old lists is exit 2', async () => {
    const { made, json } = await executor();
    expect(await json('import', made.folder)).toMatchObject({ code: 2, document: { error: { code: 'E_INPUT' } } });
  });
});
