import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { StampSigner } from '../../../consumer/stamps/signer.ts';
import { typed } from '../../../io/shell.ts';
import { requireSafeUrl } from '../../../io/http/url.ts';
import { fail } from '../../../ledger-schema/error.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { CommandContext } from '../../wiring/command-context.ts';
import { passphraseFrom, readKeyFile } from '../../wiring/secrets.ts';

type Options = Pick<ValuesOf<'consumer', 'site'>, 'stamp-key' | 'stamp-keyless' | 'stamp-log'> &
  Parameters<typeof loadConfig>[0];

/** Throws `E_USAGE` for flags that don't go together. */
export function requireStampUse(options: Options, baseUrl: string | undefined): void {
  const { 'stamp-key': key, 'stamp-keyless': keyless } = options;
  if (key !== undefined && keyless === true) {
    fail('E_USAGE', '--stamp-key and --stamp-keyless are two ways to sign', { hint: 'leave out one' });
  }
  if (options['stamp-log'] === true && key === undefined) {
    fail('E_USAGE', '--stamp-log is for --stamp-key: --stamp-keyless logs in any case', { hint: 'leave it out' });
  }
  if ((key !== undefined || keyless === true) && baseUrl === undefined) {
    fail('E_USAGE', 'a release list names its packslips by their addresses', { hint: 'add --base-url URL' });
  }
}

/**
 * Who signs the stamps: the key of `--stamp-key`, or this job with `--stamp-keyless`. Warns of a file that others can read.
 * Throws `E_NO_KEY`, `E_SIGNING_KEY`, `E_SIGNING`.
 */
export async function stampSigner(options: Options, context: CommandContext): Promise<StampSigner | undefined> {
  const { 'stamp-key': named, 'stamp-keyless': keyless } = options;
  if (named !== undefined) return byKey(named, options, context);
  return keyless === true ? byJob(options, context) : undefined;
}

async function byKey(named: string, options: Options, { cwd, env, output }: CommandContext): Promise<StampSigner> {
  const path = resolve(cwd, named);
  const bytes = await readKeyFile(
    path,
    '--stamp-key',
    'a minisign secret key: pullthrough key new --minisign makes one',
  );
  const { mode } = await stat(path).catch(() => ({ mode: 0 }));
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    output.warn(`${named} can be read by others on this machine: ${typed`chmod 600 ${named}`}`);
  }
  const [{ readMinisignSecret }, { keyHint, keySigner, loggedKeySigner }] = await Promise.all([
    import('../../../evidence/keys/minisign-secret.ts'),
    import('../../../consumer/stamps/signer.ts'),
  ]);
  const key = await readMinisignSecret(bytes, passphraseFrom(env));
  if (options['stamp-log'] !== true) return keySigner(key);
  const { trustedRoots } = (await loadConfig(options, cwd)).evidence;
  const [{ openLoggedKey }, { loadRoots }] = await Promise.all([
    import('../../../evidence/sigstore/logged-key.ts'),
    import('../../../evidence/roots.ts'),
  ]);
  const { spki } = key;
  const rekor = instance(env['SIGSTORE_REKOR_URL']);
  const logged = { spki, hint: keyHint(key), sign: (text: Uint8Array) => key.sign(text), rekor };
  return loggedKeySigner(key, openLoggedKey({ ...logged, roots: loadRoots(trustedRoots) }));
}

async function byJob(options: Options, { cwd, env }: CommandContext): Promise<StampSigner> {
  const { trustedRoots } = (await loadConfig(options, cwd)).evidence;
  const [{ openKeyless }, { jobToken }, { keylessSigner }, { loadRoots }] = await Promise.all([
    import('../../../evidence/sigstore/keyless.ts'),
    import('../../../consumer/stamps/id-token.ts'),
    import('../../../consumer/stamps/signer.ts'),
    import('../../../evidence/roots.ts'),
  ]);
  const signer = await openKeyless({
    token: () => jobToken(env),
    fulcio: instance(env['SIGSTORE_FULCIO_URL']),
    rekor: instance(env['SIGSTORE_REKOR_URL']),
    roots: loadRoots(trustedRoots),
  });
  return keylessSigner(signer);
}

/** A Sigstore instance of your own; the token is sent there. */
function instance(url: string | undefined): string | undefined {
  return url === undefined || url === '' ? undefined : requireSafeUrl(url).href.replace(/\/+$/, '');
}
