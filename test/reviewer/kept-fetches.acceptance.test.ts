import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as openpgp from 'openpgp';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { runCli } from '../kit/worlds/cli-world.ts';
import { gnupg } from '../kit/gpg-fixture.ts';
import type { Gnupg } from '../kit/gpg-fixture.ts';
import { TOKEN, World } from './world.ts';

let world: World;
let home: Gnupg;
let keyFile: string;
beforeAll(async () => {
  world = await World.start({ transport: 'file' });
  // What is kept here is no other test's.
  vi.stubEnv('TMPDIR', mkdtempSync(join(world.folder, 'tmp-')));
  home = gnupg('cancels');
  const { key } = world.people.ada;
  home.run(['--import'], (await openpgp.encryptKey({ privateKey: key, passphrase: 'secret' })).armor());
  keyFile = join(world.folder, 'ada.key');
  writeFileSync(keyFile, key.armor());
});
beforeEach(() => {
  world.restart();
  const { api } = world.upstream;
  const ini = `[ledger]\nrepository = ${world.git.directory}\n[source]\napi = ${api}\nhost = github.com\n[store]\nurl = file:./store\n`;
  writeFileSync(join(world.folder, 'mirror.ini'), ini);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await world[Symbol.asyncDispose]();
});

/** An ack with the key in a file, or with gpg, whose question for the PIN is cancelled. */
async function ack(branch: string, how: 'file' | 'cancelled') {
  world.takeDownloads();
  const by = how === 'file' ? ['--key', keyFile] : ['--gpg'];
  const env = {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: join(world.folder, 'xdg'),
    XDG_STATE_HOME: join(world.folder, 'state'),
    LEDGER_TOKEN: TOKEN,
    ...(how === 'file' ? {} : { GNUPGHOME: String(home.env.GNUPGHOME) }),
  };
  const ran = await runCli(['ack', branch, ...by, '--yes'], { cwd: world.folder, env, now: new Date() });
  return { ...ran, downloads: world.takeDownloads().length };
}

const mark = () => join(world.folder, 'state/pullthrough/fetched.json');
const kept = () => (JSON.parse(readFileSync(mark(), 'utf8')) as { folder: string }).folder;

test('after a cancelled PIN the next ack fetches nothing again, however often it is cancelled', async () => {
  const { branch } = await world.propose('v1.0.0');
  const first = await ack(branch, 'cancelled');
  expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining('[E_SIGNING]') as unknown });
  expect(first.downloads).toBeGreaterThan(0);
  const folder = kept();
  expect(await ack(branch, 'cancelled')).toMatchObject({ code: 1, downloads: 0 });
  expect(existsSync(folder)).toBe(false);
  const last = kept();
  const signed = await ack(branch, 'file');
  expect(signed).toMatchObject({ code: 0, downloads: 0 });
  expect(signed.stderr).toContain('came from upstream less than an hour ago');
  expect([existsSync(last), existsSync(mark())]).toEqual([false, false]);
});

test('what was kept and damaged is fetched, and so is what upstream has another one of by now', async () => {
  const { branch, release } = await world.propose('v1.0.0');
  const { downloads } = await ack(branch, 'cancelled');
  const [name = ''] = readdirSync(kept());
  writeFileSync(join(kept(), name), 'other bytes');
  expect(await ack(branch, 'cancelled')).toMatchObject({ code: 1, downloads: 1 });
  // The same bytes, put there once more: the API gives the file another number.
  const [asset] = release.assets;
  await release.replaceAsset(asset?.name ?? '', asset?.content ?? '');
  // Which is a finding of its own, and not signed without a person.
  expect(await ack(branch, 'file')).toMatchObject({ code: 3, downloads: 1 });
  expect(downloads).toBeGreaterThan(1);
});

test('other bytes upstream are seen, whatever was kept', async () => {
  const { branch, release } = await world.propose('v1.0.0');
  await ack(branch, 'cancelled');
  await release.replaceAsset(release.assets[0]?.name ?? '', 'other bytes');
  expect(await ack(branch, 'file')).toMatchObject({ code: 3, stdout: expect.stringContaining('differs') as unknown });
});

test.each([
  ['older than an hour', (text: string) => text.replace(/"at":\d+/, '"at":1')],
  ['of a folder that no review made', (text: string) => text.replace(/"folder":"[^"]*"/, `"folder":"${tmpdir()}"`)],
  ['that is no JSON', () => '{'],
])('a mark %s counts for nothing', async (_, change) => {
  const { branch } = await world.propose('v1.0.0');
  const { downloads } = await ack(branch, 'cancelled');
  writeFileSync(mark(), change(readFileSync(mark(), 'utf8')));
  expect(await ack(branch, 'file')).toMatchObject({ code: 0, downloads });
});
