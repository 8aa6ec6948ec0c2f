import type { Environment } from '../../io/environment.ts';
import { readFileBounded } from '../../io/files/file.ts';
import { tokenForHost } from '../../io/token-hosts.ts';
import type { HostToken } from '../../io/token-hosts.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';

/** An armoured secret key is some 1 KiB, an RSA one with subkeys some 10. */
const KEY_BYTES = 256 * 1024;

/**
 * A token from the environment; undefined when the variable is unset or empty. White space around it, such as a file's
 * last newline, is dropped. Throws `E_CONFIG` for one that can't be put in a header, naming only the variable.
 */
export function tokenFrom(env: Environment, name: string): string | undefined {
  const token = env[name]?.trim();
  if (token === undefined || token === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) {
    fail('E_CONFIG', `${name} does not hold a token: there is white space or something unprintable in it`, {
      hint: `set ${name} to the token alone`,
    });
  }
  return token;
}

/** A token for a URL, where the environment lets it go there. Throws `E_CONFIG`. */
export function tokenFor(env: Environment, name: string, url: string): HostToken {
  return tokenForHost(env, name, tokenFrom(env, name), url);
}

/** The passphrase of a signing key, every byte of it; undefined when it is not set. */
export function passphraseFrom(env: Environment): string | undefined {
  const passphrase = env['PULLTHROUGH_SIGNING_PASSPHRASE'];
  return passphrase === '' ? undefined : passphrase;
}

/**
 * A secret key's file; `said` is what named it, for the hint. Throws `E_NO_KEY` where there is none, `E_SIGNING_KEY`
 * where it can't be read.
 */
export async function readKeyFile(path: string, said: string, kind = 'an OpenPGP secret key'): Promise<Uint8Array> {
  const hint = `${said} must name the file of ${kind}`;
  try {
    return (await readFileBounded(path, KEY_BYTES)) ?? fail('E_NO_KEY', `there is no file at ${path}`, { hint });
  } catch (cause) {
    if (!(cause instanceof PullthroughError) || cause.code === 'E_NO_KEY') throw cause;
    return fail('E_SIGNING_KEY', cause.message, { hint: cause.hint ?? hint, cause });
  }
}

/**
 * The signing key of a bot: PULLTHROUGH_SIGNING_KEY, or the file that PULLTHROUGH_SIGNING_KEY_FILE names. Throws
 * `E_NO_KEY` when neither is set, `E_CONFIG` when both are.
 */
export async function signingKeyFrom(env: Environment, resolve: (path: string) => string): Promise<Uint8Array> {
  const text = env['PULLTHROUGH_SIGNING_KEY'];
  const file = env['PULLTHROUGH_SIGNING_KEY_FILE'];
  if (text && file) {
    fail('E_CONFIG', 'both PULLTHROUGH_SIGNING_KEY and PULLTHROUGH_SIGNING_KEY_FILE are set', { hint: 'unset one' });
  }
  if (text) return new TextEncoder().encode(text);
  if (file) return readKeyFile(resolve(file), 'PULLTHROUGH_SIGNING_KEY_FILE');
  return fail('E_NO_KEY', 'there is no signing key', {
    hint: 'set PULLTHROUGH_SIGNING_KEY_FILE, or PULLTHROUGH_SIGNING_KEY; pullthrough key new makes one',
  });
}
