import { createPrivateKey, scryptSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blake2b } from '@noble/hashes/blake2.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readMinisignKey } from '../../evidence/keys/minisign.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'pullthrough-minisign-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const NEW = ['key', 'new', '--minisign', '--output', 'stamp.key'];

/** The bytes behind the comment of a key's file. */
function bytesOf(name: string): Buffer {
  const [comment = '', base64 = '', ...more] = readFileSync(join(cwd, name), 'utf8').split('\n');
  expect(comment).toMatch(/^untrusted comment: minisign /);
  expect(more).toEqual(['']);
  return Buffer.from(base64, 'base64');
}

/** Is the point the one that belongs to this seed? */
function fits(seed: Buffer, point: Buffer): boolean {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  expect(sign(null, Buffer.from('x'), key)).toHaveLength(64);
  return key.export({ format: 'jwk' }).x === point.toString('base64url');
}

test('key new --minisign without a passphrase writes what minisign -G -W writes', async () => {
  const made = await runCli([...NEW, '--json'], { cwd });
  expect(made).toMatchObject({ code: 0 });
  expect(made.stderr).toContain('not locked');
  expect(readdirSync(cwd).sort()).toEqual(['stamp.key', 'stamp.key.pub']);
  expect(statSync(join(cwd, 'stamp.key')).mode & 0o777).toBe(0o600);
  const [secret, key] = [bytesOf('stamp.key'), bytesOf('stamp.key.pub')];
  // Ed, no key derivation, B2; salt and limits empty; number, seed and point; an empty checksum.
  expect(secret.subarray(0, 54).toString('latin1')).toBe(`Ed\0\0B2${'\0'.repeat(48)}`);
  expect(secret.subarray(126)).toEqual(Buffer.alloc(32));
  expect(key).toEqual(Buffer.concat([Buffer.from('Ed'), secret.subarray(54, 62), secret.subarray(94, 126)]));
  expect(fits(secret.subarray(62, 94), key.subarray(10))).toBe(true);
  const { minisign, keyId } = JSON.parse(made.stdout) as { minisign: string; keyId: string };
  expect(readMinisignKey(minisign)).toMatchObject({ text: key.toString('base64') });
  expect(readFileSync(join(cwd, 'stamp.key.pub'), 'utf8')).toContain(`minisign public key ${keyId}\n`);
});

test('key new --minisign with a passphrase encrypts the secret as minisign does', async () => {
  const made = await runCli(NEW, { cwd, env: { PULLTHROUGH_SIGNING_PASSPHRASE: 'correct horse' } });
  expect(made).toMatchObject({ code: 0 });
  const [secret, key] = [bytesOf('stamp.key'), bytesOf('stamp.key.pub')];
  expect(secret.subarray(0, 6).toString('latin1')).toBe('EdScB2');
  const stream = scryptSync('correct horse', secret.subarray(6, 38), 104, { N: 65536, r: 8, p: 2, maxmem: 2 ** 27 });
  const open = Buffer.from(secret.subarray(54).map((byte, i) => byte ^ (stream[i] ?? 0)));
  expect(open.subarray(0, 8)).toEqual(key.subarray(2, 10));
  expect(fits(open.subarray(8, 40), key.subarray(10))).toBe(true);
  const checksum = blake2b(Buffer.concat([Buffer.from('Ed'), open.subarray(0, 72)]), { dkLen: 32 });
  expect(open.subarray(72)).toEqual(Buffer.from(checksum));
  expect(made.stdout + made.stderr).not.toContain('correct horse');
});

test('key new --minisign takes no user id, and overwrites nothing', async () => {
  expect(await runCli([...NEW, '--user-id', 'Bot'], { cwd })).toMatchObject({ code: 2 });
  expect(readdirSync(cwd)).toEqual([]);
  await runCli(NEW, { cwd });
  const before = bytesOf('stamp.key');
  expect(await runCli(NEW, { cwd })).toMatchObject({ code: 2 });
  expect(bytesOf('stamp.key')).toEqual(before);
});
