import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as openpgp from 'openpgp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { armor } from '../../ledger-schema/openpgp/armor.ts';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { readKeyFile, requireUsable, verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';

const now = new Date();
const current = { now, revocation: true, expiry: true };
let home: string;
const data = new TextEncoder().encode('some data\n');

function gpg(...args: string[]): Buffer {
  return execFileSync(
    'gpg',
    ['--batch', '--quiet', '--homedir', home, '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'pt-gpg-'));
  writeFileSync(join(home, 'data'), data);
});
afterAll(() => {
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  rmSync(home, { recursive: true });
});

test.each([
  ['ed25519', 'ed25519'],
  ['rsa3072', 'rsa3072'],
  ['nistp256', 'nistp256'],
  ['nistp384', 'nistp384'],
])('a detached signature by gpg with %s verifies, and over other data does not', async (_, algorithm) => {
  gpg('--quick-gen-key', `Test ${algorithm} <${algorithm}@example.org>`, algorithm, 'sign', '1y');
  const key = await readKeyFile(gpg('--armor', '--export', `${algorithm}@example.org`));
  requireUsable(key, current);
  gpg(
    '--yes',
    '--armor',
    '--detach-sign',
    '--local-user',
    `${algorithm}@example.org`,
    '--output',
    join(home, 'sig'),
    join(home, 'data'),
  );
  const signature = parseSignatureFile(readFileSync(join(home, 'sig')));
  await expect(verifySignature(signature, data, key, current)).resolves.toMatchObject({ fingerprint: key.fingerprint });
  await expect(() => verifySignature(signature, new Uint8Array(3), key, current)).toFailWith('E_SIG_INVALID');
  const later = { ...current, now: new Date(now.getTime() + 2 * 365 * 24 * 3600 * 1000) };
  await expect(() => verifySignature(signature, data, key, later)).toFailWith('E_KEY_UNUSABLE');
});

test('a designated revoker, which gpg adds by a newer self-signature, changes no use; expiry has to be set again', async () => {
  for (const name of ['Owner', 'Revoker']) gpg('--quick-gen-key', name, 'ed25519', 'sign', '1y');
  const before = await readKeyFile(gpg('--armor', '--export', '=Owner'));
  const revoker = await readKeyFile(gpg('--armor', '--export', '=Revoker'));
  const later = new Date(now.getTime() + 24 * 3600 * 1000).toISOString().replace(/[-:]|\..*/g, '');
  execFileSync(
    'gpg',
    [
      '--homedir',
      home,
      '--faked-system-time',
      later,
      '--no-tty',
      '--command-fd',
      '0',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
    ].concat(['--edit-key', '=Owner']),
    { input: `addrevoker\n${revoker.fingerprint}\ny\ny\nsave\n`, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const after = await readKeyFile(gpg('--armor', '--export', '=Owner'));
  expect(after.sha256).not.toBe(before.sha256);
  expect(after.primary.binding).toEqual({ ...before.primary.binding, expires: undefined });
  expect(before.primary.binding.expires).toBeGreaterThan(now.getTime() / 1000);
});

test('a key that was kept for many years, with a subkey of each kind a year, is read and signs', async () => {
  const years = Array.from({ length: 12 }, () => [{ sign: true }, {}]).flat();
  const { privateKey } = await openpgp.generateKey({ userIDs: [{ name: 'Ada' }], subkeys: years, format: 'object' });
  const key = await readKeyFile(utf8(armor(privateKey.toPublic().write(), 'PGP PUBLIC KEY BLOCK')));
  expect(requireUsable(key, current)).toHaveLength(13);
  expect(key.components.filter(({ binding }) => !binding.signs)).toHaveLength(12);
});
