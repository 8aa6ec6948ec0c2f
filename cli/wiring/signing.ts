import { resolve } from 'node:path';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { SigningPurpose } from '../../ledger-schema/openpgp/openpgp.ts';
import type { Signer } from '../../ledger/signing/signer.ts';
import type { CommandContext } from './context.ts';
import { passphraseFrom, readKeyFile, signingKeyFrom } from './secrets.ts';

export interface SigningFlags {
  readonly gpg?: string | true | undefined;
  readonly key?: string | undefined;
}

/**
 * Whoever signs: gpg-agent with `--gpg`, a file with `--key`, else what the environment names; for a nack also with a key
 * that has expired or is revoked. Throws `E_USAGE`, `E_NO_KEY`, `E_SIGNING_KEY`.
 */
export async function openSigner(
  flags: SigningFlags,
  context: CommandContext,
  purpose?: SigningPurpose,
): Promise<Signer> {
  const { env, cwd } = context;
  if (flags.gpg !== undefined && flags.key !== undefined) fail('E_USAGE', '--gpg and --key are both given; use one');
  const { fileSigner, gpgSigner } = await import('../../ledger/signing/signer.ts');
  if (flags.gpg !== undefined) return gpgSigner({ key: flags.gpg === true ? undefined : flags.gpg, env, purpose });
  const inCwd = (path: string): string => resolve(cwd, path);
  const key = flags.key === undefined ? await signingKeyFrom(env, inCwd) : await readKeyFile(inCwd(flags.key), '--key');
  return fileSigner({ key, passphrase: passphraseFrom(env), purpose });
}

/** As {@link openSigner}; undefined where no key is named. */
export async function openSignerIfAny(flags: SigningFlags, context: CommandContext): Promise<Signer | undefined> {
  try {
    return await openSigner(flags, context);
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_NO_KEY') return undefined;
    throw error;
  }
}
