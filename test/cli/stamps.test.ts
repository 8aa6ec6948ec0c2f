import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { newMinisignKey } from '../../evidence/keys/minisign-new-key.ts';
import { readEnvelope } from '../../consumer/stamps/signer.ts';
import { runCli } from '../kit/worlds/cli-world.ts';
import type { Ran } from '../kit/worlds/cli-world.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW } from '../kit/readers.ts';

const LIST = '.well-known/packslip/github.com/acme/tool.json';
let ledger: TestLedger;
let folder: string;
let body: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pt-stamps-'));
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { 'tool-linux-amd64': 'the tool' } });
  await ledger.commit();
  const pair = await newMinisignKey({});
  body = Buffer.from(pair.secret).toString().split('\n')[1] ?? '';
  await writeFile(join(folder, 'stamp.key'), pair.secret, { mode: 0o600 });
  await writeFile(join(folder, 'stamp.key.pub'), pair.public);
});

async function site(...more: string[]): Promise<Ran & { said: string }> {
  const ini = `[ledger]\nrepository = ${ledger.directory}\n[trust]\npin = sha256:${ledger.pin(1)}\n`;
  await writeFile(join(folder, 'mirror.ini'), ini);
  const env = { PATH: process.env['PATH'], HOME: folder };
  const ran = await runCli(['site', 'public', ...more], { cwd: folder, env, now: NOW });
  const said = `${ran.stdout}${ran.stderr}`;
  // Whatever is said, no part of the secret key is.
  for (let at = 60; at + 12 <= body.length; at += 6) expect(said).not.toContain(body.slice(at, at + 12));
  return { ...ran, said };
}
const BASE = ['--base-url', 'https://releases.acme.example'];

describe('site --stamp-key', () => {
  test('writes lists that the key signed', async () => {
    expect(await site(...BASE, '--stamp-key', 'stamp.key')).toMatchObject({ code: 0 });
    expect(readEnvelope(await readFile(join(folder, 'public', LIST)))?.signature).toHaveLength(64);
  });

  test.runIf(process.platform !== 'win32')('warns of a key that others on the machine can read', async () => {
    expect((await site(...BASE, '--stamp-key', 'stamp.key')).said).not.toContain('chmod');
    await chmod(join(folder, 'stamp.key'), 0o644);
    expect((await site(...BASE, '--stamp-key', 'stamp.key')).said).toContain('chmod 600 stamp.key');
    await chmod(join(folder, 'stamp.key'), 0o600);
  });

  test.each([
    ['a file that is not there', ['--stamp-key', 'none.key'], 'E_NO_KEY'],
    ['the public key', ['--stamp-key', 'stamp.key.pub'], 'E_SIGNING_KEY'],
    ['what is no key', ['--stamp-key', 'mirror.ini'], 'E_SIGNING_KEY'],
    ['both ways to sign', ['--stamp-key', 'stamp.key', '--stamp-keyless'], 'E_USAGE'],
    ['a log without a key', ['--stamp-log'], 'E_USAGE'],
    ['a log for a job', ['--stamp-keyless', '--stamp-log'], 'E_USAGE'],
    ['a job without an identity', ['--stamp-keyless'], 'E_NO_KEY'],
  ])('refuses %s before anything is written', async (_, args, code) => {
    const ran = await site(...BASE, ...args);
    expect(ran).toMatchObject({ code: 2 });
    expect(ran.said).toContain(code);
  });

  test('wants the address of the site', async () => {
    const ran = await site('--stamp-key', 'stamp.key');
    expect(ran.code).toBe(2);
    expect(ran.said).toContain('--base-url');
  });
});
