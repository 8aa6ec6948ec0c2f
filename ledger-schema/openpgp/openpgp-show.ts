import * as openpgp from 'openpgp';
import { fromUtf8 } from '../bytes.ts';
import { fail } from '../error.ts';
import { KEY_BYTES, canonicalKeyFile } from './openpgp.ts';
import type { KeyFile } from './openpgp.ts';

/** What is in a file that may hold a public or a secret key. */
export interface ShownKey {
  /** The public part as the ledger would hold it. */
  readonly key: KeyFile;
  /** `locked`: a passphrase is needed, or the secret is on a card. */
  readonly secret: 'none' | 'locked' | 'open';
}

async function readKeys(file: Uint8Array): Promise<openpgp.Key[]> {
  const armored = ((file[0] ?? 0) & 0x80) === 0;
  try {
    return armored
      ? await openpgp.readKeys({ armoredKeys: fromUtf8(file) ?? '' })
      : await openpgp.readKeys({ binaryKeys: file });
  } catch (cause) {
    return fail('E_KEY_FORMAT', 'the file is not an OpenPGP key', {
      cause,
      hint: 'make one by: gpg --armor --export KEY',
    });
  }
}

/**
 * Looks into a key file, public or secret, armoured or binary, without unlocking it. The result holds no part of the
 * secret. Throws `E_KEY_FORMAT`.
 */
export async function showKey(file: Uint8Array): Promise<ShownKey> {
  if (file.length > 4 * KEY_BYTES) fail('E_KEY_FORMAT', `the key file has more than ${4 * KEY_BYTES} bytes`);
  const keys = await readKeys(file);
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    return fail('E_KEY_FORMAT', `the file holds ${keys.length} keys`, { hint: 'export one: gpg --armor --export KEY' });
  }
  if (!key.isPrivate()) return { key: (await canonicalKeyFile(file)).key, secret: 'none' };
  const { key: shown } = await canonicalKeyFile(key.toPublic().write());
  return { key: shown, secret: key.isDecrypted() ? 'open' : 'locked' };
}
