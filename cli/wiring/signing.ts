import { resolve } from 'node:path';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { SigningPurpose } from '../../ledger-schema/openpgp/openpgp.ts';
import type { Signer } from '../../ledger/signing/signer.ts';
import type { CommandContext } from './command-context.ts';
import { passphraseFrom, readKeyFile, signingKeyFrom } from './secrets.ts';

export interface SigningFlags {
  readonly gpg?: string | true | undefined;
  readonly key?: string | undefined;
}

/** A signer that may depend on whose signature would count, as the ledger says. */
export interface SignerChoice {
  /** The one to sign with, where signatures by these primary keys would count. Throws `E_NO_KEY`, `E_SIGNING_KEY`. */
  by(listed: () => Promise<readonly string[]>): Promise<Signer>;
  close(): Promise<void>;
}

/**
 * Who signs: gpg-agent with `--gpg`, a file with `--key`, else what the environment names; where none is named, the one
 * secret key in gpg whose signature would count. For a nack this may be a key that has expired or is revoked. A named key
 * is opened at once. Throws `E_USAGE`, `E_NO_KEY`, `E_SIGNING_KEY`.
 */
export async function chooseSigner(
  flags: SigningFlags,
  context: CommandContext,
  purpose?: SigningPurpose,
): Promise<SignerChoice> {
  const { env } = context;
  if (flags.gpg !== undefined && flags.key !== undefined) fail('E_USAGE', '--gpg and --key are both given; use one');
  let opened = flags.gpg === true ? undefined : await openSignerIfAny(flags, context, purpose);
  return {
    by: async (listed) => {
      if (opened !== undefined) return opened;
      const { gpgSigner } = await import('../../ledger/signing/signer.ts');
      opened = await gpgSigner({ listed: await listed(), orAny: flags.gpg === true, env, purpose });
      return opened;
    },
    close: async () => opened?.close?.(),
  };
}

/** The named signer: as {@link chooseSigner}, where the ledger has no say. */
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
export async function openSignerIfAny(
  flags: SigningFlags,
  context: CommandContext,
  purpose?: SigningPurpose,
): Promise<Signer | undefined> {
  try {
    return await openSigner(flags, context, purpose);
  } catch (error) {
    const named = flags.key !== undefined || Boolean(context.env['PULLTHROUGH_SIGNING_KEY_FILE']);
    if (error instanceof PullthroughError && error.code === 'E_NO_KEY' && !named) return undefined;
    throw error;
  }
}
