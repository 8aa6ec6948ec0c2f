import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as openpgp from 'openpgp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../kit/worlds/cli-world.ts';

const run = promisify(execFile);
let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'pullthrough-key-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Shown {
  readonly fingerprint: string;
  readonly path: string;
  readonly secret: string;
  readonly userIds: string[];
  readonly usable: boolean;
  readonly keys: { algorithm: string; problem: string | null; expires: string | null }[];
}
const NEW = ['key', 'new', '--user-id', 'Mirror Bot <bot@acme.example>', '--output', 'bot.key'];
const json = <T>(text: string): T => JSON.parse(text) as T;

describe('key new', () => {
  test('writes a locked secret key for its owner alone, and the public one beside it', async () => {
    const env = { PULLTHROUGH_SIGNING_PASSPHRASE: 'correct horse' };
    const made = await runCli(NEW, { cwd, env });
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toMatch(/^[0-9A-F]{40}\n$/);
    expect(made.stdout + made.stderr).not.toContain('correct horse');
    expect((await readdir(cwd)).sort()).toEqual(['bot.key', 'bot.key.pub.asc']);
    expect((await stat(join(cwd, 'bot.key'))).mode & 0o777).toBe(0o600);
    const secret = await openpgp.readPrivateKey({ armoredKey: await readFile(join(cwd, 'bot.key'), 'utf8') });
    expect(secret.isDecrypted()).toBe(false);
    await openpgp.decryptKey({ privateKey: secret, passphrase: 'correct horse' });

    const shown = json<Shown>((await runCli(['key', 'show', 'bot.key.pub.asc', '--json'], { cwd })).stdout);
    expect(shown).toMatchObject({
      fingerprint: made.stdout.trim(),
      secret: 'none',
      userIds: ['Mirror Bot <bot@acme.example>'],
      usable: true,
      keys: [{ algorithm: 'Ed25519', problem: null, expires: null }],
    });
    expect(shown.path).toMatch(new RegExp(`^trust/keys/${shown.fingerprint}\\.[0-9a-f]{16}\\.asc$`));
    const secretShown = json<Shown>((await runCli(['key', 'show', 'bot.key', '--json'], { cwd })).stdout);
    expect(secretShown).toEqual({ ...shown, secret: 'locked' });
  });

  test('without a passphrase warns', async () => {
    const made = await runCli(NEW, { cwd });
    expect(made.stderr).toContain('warning: the secret key is not locked');
    expect((await runCli(['key', 'show', 'bot.key'], { cwd })).stdout).toContain('secret key, not locked');
  });

  test('overwrites nothing, and leaves no half of a pair', async () => {
    await writeFile(join(cwd, 'bot.key'), 'precious');
    expect(await runCli(NEW, { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_EXISTS]') as string,
    });
    expect(await readFile(join(cwd, 'bot.key'), 'utf8')).toBe('precious');
    await rm(join(cwd, 'bot.key'));
    await writeFile(join(cwd, 'bot.key.pub.asc'), 'precious');
    expect(await runCli(NEW, { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_EXISTS]') as string,
    });
    expect(await readdir(cwd)).toEqual(['bot.key.pub.asc']);
    const nowhere = await runCli(['key', 'new', '--output', 'no/where.key'], { cwd });
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('[E_INPUT]') as string });
  });
});

describe('key show', () => {
  test('what a user id does to a terminal is escaped', async () => {
    const { publicKey } = await openpgp.generateKey({
      userIDs: [{ name: 'a\u001b[31m\u202eb' }],
      type: 'ecc',
      curve: 'ed25519Legacy',
      format: 'armored',
    });
    await writeFile(join(cwd, 'x.asc'), publicKey);
    const { stdout } = await runCli(['key', 'show', 'x.asc'], { cwd });
    expect(stdout).toContain('a\\u{1b}[31m\\u{202e}b');
  });

  test('says why a key cannot be used', async () => {
    const { publicKey } = await openpgp.generateKey({
      userIDs: [{ name: 'old' }],
      type: 'ecc',
      curve: 'ed25519Legacy',
      date: new Date('2020-01-01T00:00:00Z'),
      keyExpirationTime: 86_400,
      format: 'armored',
    });
    await writeFile(join(cwd, 'old.asc'), publicKey);
    const { code, stdout } = await runCli(['key', 'show', 'old.asc'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('expires 2020-01-02T00:00:00Z');
    expect(stdout).toContain('expired at 2020-01-02');
    expect(stdout).toContain('pullthrough can not use it');
  });

  test.each([
    ['no such file', undefined, 2, 'E_INPUT'],
    ['no key', 'hello', 2, 'E_INPUT'],
    ['an empty file', '', 2, 'E_INPUT'],
    ['a huge file', 'x'.repeat(300 * 1024), 2, 'E_INPUT'],
  ])('%s', async (_, content, exit, code) => {
    if (content !== undefined) await writeFile(join(cwd, 'x'), content);
    const { code: got, stderr } = await runCli(['key', 'show', 'x'], { cwd });
    expect(stderr).toMatch(/error: .*\bx\b.*/);
    expect(stderr).toContain(`[${code}]`);
    expect(got).toBe(exit);
  });

  test('shows a key of gpg as gpg does', async () => {
    const home = await mkdtemp(join(tmpdir(), 'gpg-'));
    const env = { ...process.env, GNUPGHOME: home };
    try {
      const parameters = [
        '--batch',
        '--passphrase',
        '',
        '--quick-gen-key',
        'Ada <ada@acme.example>',
        'ed25519',
        'sign',
        '2y',
      ];
      await run('gpg', parameters, { env });
      const { stdout } = await run('gpg', ['--armor', '--export'], { env });
      await writeFile(join(cwd, 'ada.asc'), stdout);
      const listed = await run('gpg', ['--list-keys', '--with-colons'], { env });
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed.stdout)?.[1];
      const shown = await runCli(['key', 'show', 'ada.asc', '--json'], { cwd, now: new Date() });
      expect(json<Shown>(shown.stdout)).toMatchObject({
        fingerprint,
        usable: true,
        userIds: ['Ada <ada@acme.example>'],
      });
    } finally {
      await run('gpgconf', ['--kill', 'all'], { env }).catch(() => undefined);
      await rm(home, { recursive: true, force: true });
    }
  });
});
