import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { keyPath } from '../../../ledger-schema/names/layout.ts';
import { componentProblem } from '../../../ledger-schema/openpgp/openpgp.ts';
import type { KeyComponent, KeyFile } from '../../../ledger-schema/openpgp/openpgp.ts';
import { showKey } from '../../../ledger-schema/openpgp/openpgp-show.ts';
import type { ShownKey } from '../../../ledger-schema/openpgp/openpgp-show.ts';
import { readFileBounded } from '../../../io/files/file.ts';
import { writeNewFile } from '../../../io/files/new-file.ts';
import { newKey } from '../../../ledger/signing/signer.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { passphraseFrom } from '../../wiring/secrets.ts';
import { instantText } from '../../../ledger-schema/fields.ts';

const KEY_BYTES = 256 * 1024;
const DEFAULT_USER_ID = 'pullthrough <pullthrough@localhost>';

interface NewPair {
  readonly secret: Uint8Array;
  readonly public: Uint8Array;
  /** What is printed about the key: an OpenPGP fingerprint, or what minisign -P takes. */
  readonly named: { readonly fingerprint: string } | { readonly minisign: string; readonly keyId: string };
}

async function newPair(options: ValuesOf<'ledger', 'key new'>, passphrase: string | undefined): Promise<NewPair> {
  if (options.minisign !== true) {
    const made = await newKey({ userId: options['user-id'] ?? DEFAULT_USER_ID, passphrase });
    return { ...made, named: { fingerprint: made.fingerprint } };
  }
  if (options['user-id'] !== undefined) {
    fail('E_USAGE', 'a minisign key has no user id', { hint: 'leave out --user-id or --minisign' });
  }
  const { newMinisignKey } = await import('../../../evidence/keys/minisign-new-key.ts');
  const made = await newMinisignKey({ passphrase });
  return { ...made, named: { minisign: made.text, keyId: made.keyId } };
}

/** `key new`: a secret key that only its owner can read, and the public one beside it. */
export const keyNew: Handler<ValuesOf<'ledger', 'key new'>> = async (_, options, { cwd, env, output }) => {
  const name = options.output ?? (options.minisign === true ? 'minisign.key' : 'signing.key');
  const publicName = `${name}.pub${options.minisign === true ? '' : '.asc'}`;
  const paths = { secret: resolve(cwd, name), public: resolve(cwd, publicName) };
  const passphrase = passphraseFrom(env);
  const made = await newPair(options, passphrase);
  await writeNewFile(paths.secret, made.secret, 0o600);
  try {
    await writeNewFile(paths.public, made.public, 0o644);
  } catch (error) {
    // Half a pair is useless, and would be in the way of the next try.
    await rm(paths.secret, { force: true });
    throw error;
  }
  if (passphrase === undefined) {
    output.warn('the secret key is not locked: set PULLTHROUGH_SIGNING_PASSPHRASE before it is made, to lock it');
  }
  output.line('minisign' in made.named ? made.named.minisign : made.named.fingerprint);
  output.note(`the secret key is in ${name}, the public one in ${publicName}`);
  output.results({ ...made.named, ...paths, locked: passphrase !== undefined });
};

async function readNamedFile(path: string, context: CommandContext): Promise<Uint8Array> {
  try {
    const file = await readFileBounded(resolve(context.cwd, path), KEY_BYTES);
    return file ?? fail('E_INPUT', `no such file: ${path}`, { hint: 'check the path' });
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    return fail('E_INPUT', cause.message, { hint: cause.hint, cause });
  }
}

/** Reads a key file that the command line names: if it isn't a key file, the error is about the input and names it. */
async function inputOf<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    if (!(cause instanceof PullthroughError) || cause.code !== 'E_KEY_FORMAT') throw cause;
    return fail('E_INPUT', `${path}: ${cause.message}`, { hint: cause.hint, cause });
  }
}

const day = (seconds: number): string => instantText(seconds * 1000);

interface ShownComponent {
  readonly fingerprint: string;
  readonly primary: boolean;
  readonly algorithm: string;
  readonly created: string;
  readonly expires: string | null;
  readonly revoked: boolean;
  readonly signs: boolean;
  /** Why it can't sign for pullthrough now. */
  readonly problem: string | null;
}

function shownComponent(key: KeyFile, component: KeyComponent, now: Date): ShownComponent {
  const { algorithm, binding } = component;
  return {
    fingerprint: component.fingerprint,
    primary: component.primary,
    algorithm: algorithm.problem === undefined ? algorithm.name : algorithm.problem,
    created: day(component.created),
    expires: binding.expires === undefined ? null : day(binding.expires),
    revoked: binding.revoked,
    signs: binding.signs,
    problem: componentProblem(key, component, { now, revocation: true, expiry: true }) ?? null,
  };
}

const SECRET = {
  none: 'public key',
  locked: 'secret key, locked by a passphrase or on a card',
  open: 'secret key, not locked',
} as const satisfies Record<ShownKey['secret'], string>;

/** `key show FILE`: what is in a key file, and whether it can sign here. */
export const keyShow: Handler<ValuesOf<'ledger', 'key show'>> = async ([path = ''], _, context) => {
  const { key, secret } = await inputOf(path, showKey(await readNamedFile(path, context)));
  const { output, now } = context;
  const components = key.components.map((component) => shownComponent(key, component, now));
  const usable = components.some(({ problem }) => problem === null);
  output.line(key.fingerprint, 'strong');
  output.line(`  ${SECRET[secret]}`);
  for (const userId of key.userIds) output.line(`  user id      ${userId}`);
  for (const component of components) {
    const { primary, fingerprint, algorithm, created, expires, problem } = component;
    output.line(`  ${primary ? 'primary key ' : 'subkey      '} ${fingerprint}`);
    output.line(`    ${algorithm}, made ${created}, ${expires === null ? 'never expires' : `expires ${expires}`}`);
    output.line(`    ${problem ?? 'can sign'}`, problem === null ? 'good' : 'warning');
  }
  output.line(`  in a ledger  ${keyPath(key)}`);
  output.line(usable ? '  pullthrough can use it' : '  pullthrough can not use it', usable ? 'good' : 'bad');
  const { fingerprint, sha256, userIds } = key;
  output.results({ fingerprint, sha256, path: keyPath(key), secret, userIds, usable, keys: components });
};
