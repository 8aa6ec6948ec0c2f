import { spawn } from 'node:child_process';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { canonicalKeyFile, componentProblem, signingComponents } from '../../ledger-schema/openpgp/openpgp.ts';
import type { KeyComponent, KeyFile, SigningPurpose } from '../../ledger-schema/openpgp/openpgp.ts';
import { signatureFile } from './signature-output.ts';
import type { Signer } from './signature-output.ts';
import { typed } from '../../io/shell.ts';
import { NODE_VERIFIER } from './node-verifier.ts';

interface SecretKey {
  readonly fingerprint: string;
  readonly userId: string;
  /** The fingerprints of the components whose secret gpg-agent has, or a card. */
  readonly available: ReadonlySet<string>;
}

interface GpgResult {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The lines that gpg writes for programs. */
  readonly status: string;
}

const OUTPUT_LIMIT = 4 * 1024 * 1024;

/**
 * Signs with gpg and its agent, smart cards too; the agent asks for the passphrase or PIN by its own pinentry. `key` is
 * whatever names a key for gpg; without it there must be exactly one secret key among `listed`, the primary keys by which a
 * signature would count, or exactly one at all. gpg itself signs with no key that has expired or is revoked, so for a nack
 * by such a key the error says what to do instead. Throws `E_NO_KEY` where gpg has none of those listed, `E_SIGNING_KEY`,
 * and by `sign` `E_SIGNING` where the question for the passphrase or PIN was cancelled.
 */
export async function gpgSigner(request: {
  key?: string | undefined;
  listed?: readonly string[] | undefined;
  /** Take another where none of those listed is there, so that the error says whose it is. */
  orAny?: boolean;
  env: NodeJS.ProcessEnv;
  purpose?: SigningPurpose;
}): Promise<Signer> {
  const env = { ...request.env, ...(await terminal(request.env)) };
  const secret = await findKey(request, env);
  const { bytes, key } = await exportKey(secret.fingerprint, env);
  const component = signingComponent(key, secret, request.key, request.purpose);
  return {
    fingerprint: key.fingerprint,
    publicKey: () => Promise.resolve(bytes),
    sign: async (data) => signatureFile(await detachSign(component, data, env), data, key, new Date(), request.purpose),
  };
}

/** A pinentry in the terminal needs to know which; a gpg that a program runs wouldn't tell it. */
async function terminal(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  if ((env.GPG_TTY ?? '') !== '' || !process.stdin.isTTY) return {};
  return new Promise((resolve) => {
    const tty = spawn('tty', [], { stdio: ['inherit', 'pipe', 'ignore'] });
    let name = '';
    tty.stdout.on('data', (chunk: Buffer) => (name += chunk.toString('utf8')));
    tty.once('error', () => resolve({}));
    tty.once('close', (code) => resolve(code === 0 && name.startsWith('/') ? { GPG_TTY: name.trim() } : {}));
  });
}

async function findKey(
  { key: wanted, listed, orAny }: Parameters<typeof gpgSigner>[0],
  env: NodeJS.ProcessEnv,
): Promise<SecretKey> {
  if (wanted !== undefined && (/^-|^$/.test(wanted) || /[\0-\x1f\x7f]/.test(wanted))) {
    fail('E_USAGE', '--gpg needs the name of a key: a fingerprint, key id or user id');
  }
  const args = ['--batch', '--with-colons', '--list-secret-keys', '--', ...(wanted === undefined ? [] : [wanted])];
  const listing = await gpg(args, env);
  const all = parseSecretKeys(listing.stdout.toString('utf8'));
  const keys = wanted === undefined && listed !== undefined ? ofThose(all, listed, orAny === true) : all;
  const [key] = keys;
  if (key === undefined) {
    // Without its agent gpg finds no secret keys, and only here does it say why.
    const why = listing.stderr.trim() === '' ? '' : ` (${said(listing)})`;
    return fail(
      'E_SIGNING_KEY',
      `gpg has no secret key${wanted === undefined ? '' : ` for ${JSON.stringify(wanted)}`}${why}`,
      {
        hint: 'see what it has: gpg --list-secret-keys',
      },
    );
  }
  if (keys.length > 1) {
    const names = keys.slice(0, 5).map(({ fingerprint, userId }) => `${fingerprint} (${userId})`);
    fail(
      'E_SIGNING_KEY',
      `gpg has ${keys.length} secret keys${wanted === undefined ? '' : ' of that name'}: ${names.join(', ')}`,
      {
        hint: 'name one: --gpg FINGERPRINT',
      },
    );
  }
  return key;
}

/** Those by which a signature would count. Throws `E_NO_KEY` where gpg has none of them. */
function ofThose(keys: readonly SecretKey[], listed: readonly string[], orAny: boolean): readonly SecretKey[] {
  const known = keys.filter(({ fingerprint }) => listed.includes(fingerprint));
  if (known.length > 0) return known;
  if (orAny) return keys;
  const has = keys.length === 0 ? 'no secret key' : `${keys.length} secret key${keys.length === 1 ? '' : 's'}`;
  return fail('E_NO_KEY', `no signing key is named, and gpg has ${has}, none that the policy lists for this`, {
    hint: 'name one: --key FILE, or --gpg KEY; pullthrough trust show says whose count',
  });
}

/** gpg's colon listing; GnuPG, doc/DETAILS, "Format of the colon listings". */
function parseSecretKeys(listing: string): SecretKey[] {
  const keys: { fingerprint: string; userId: string; available: Set<string> }[] = [];
  let primary = false;
  let present = false;
  for (const line of listing.split(/\r?\n/)) {
    const fields = line.split(':');
    const [type = ''] = fields;
    if (type === 'sec' || type === 'ssb') {
      primary = type === 'sec';
      // Field 15: `#` where the secret is elsewhere, `+` where it is here, else the serial number of its card.
      present = fields[14] !== '#';
      if (primary) keys.push({ fingerprint: '', userId: '', available: new Set() });
    }
    const key = keys.at(-1);
    if (!key) continue;
    const value = fields[9] ?? '';
    if (type === 'uid' && key.userId === '') key.userId = value;
    if (type === 'fpr' && /^[0-9A-F]{40}$/.test(value)) {
      if (primary && key.fingerprint === '') key.fingerprint = value;
      if (present) key.available.add(value);
    }
  }
  return keys.filter(({ fingerprint }) => fingerprint !== '');
}

async function exportKey(fingerprint: string, env: NodeJS.ProcessEnv): Promise<{ bytes: Uint8Array; key: KeyFile }> {
  // Others' certifications and photographs only fill the key file.
  const options = ['--no-armor', '--export-options', 'export-minimal,no-export-attributes'];
  const exported = await gpg(['--batch', ...options, '--export', '--', fingerprint], env);
  try {
    return await canonicalKeyFile(exported.stdout, NODE_VERIFIER);
  } catch (cause) {
    return unusable(fingerprint, cause);
  }
}

const KINDS = 'the ledger takes Ed25519, ECDSA over P-256 or P-384, and RSA of 3072 bits or more';
const RENEW =
  'take another key; one that has only expired can be extended by gpg --quick-set-expire, ' +
  'and its new copy proposed with pullthrough trust propose --replace-key';

function unusable(fingerprint: string, cause: unknown, hint = KINDS): never {
  if (!(cause instanceof PullthroughError)) throw cause;
  return fail('E_SIGNING_KEY', `gpg's key ${fingerprint} cannot be used: ${cause.message}`, { hint, cause });
}

/** Is it of a kind that the ledger takes, and only revoked or expired? */
function hasSigned(key: KeyFile, now: Date): boolean {
  const judgement = { now, revocation: false, expiry: false };
  return key.components.some((component) => componentProblem(key, component, judgement) === undefined);
}

/** The newest component that can sign now and whose secret is at hand; the very one that was named with a `!`. */
function signingComponent(
  key: KeyFile,
  secret: SecretKey,
  wanted: string | undefined,
  purpose: SigningPurpose,
): string {
  const named = /^(?:0x)?([0-9A-Fa-f]{16,40})!$/.exec(wanted ?? '')?.[1]?.toUpperCase();
  const now = new Date();
  let components: KeyComponent[];
  try {
    components = signingComponents(key, now, purpose);
  } catch (cause) {
    return unusable(key.fingerprint, cause, hasSigned(key, now) ? RENEW : KINDS);
  }
  const component = components
    .filter(({ fingerprint }) => secret.available.has(fingerprint))
    .find(({ fingerprint }) => named === undefined || fingerprint.endsWith(named));
  if (component !== undefined) {
    const problem = componentProblem(key, component, { now, revocation: true, expiry: true });
    if (problem !== undefined) refusedByGpg(key.fingerprint, problem);
    return component.fingerprint;
  }
  return fail('E_SIGNING_KEY', `gpg has no secret for the part of the key ${key.fingerprint} that signs`, {
    hint: 'insert its card, or import it',
  });
}

/** The ledger would take the nack; gpg makes none. */
function refusedByGpg(fingerprint: string, problem: string): never {
  return fail('E_SIGNING_KEY', `a nack by the key ${fingerprint} would count, but gpg refuses to sign: ${problem}`, {
    hint:
      `sign with --key FILE, made by: ${typed`gpg --armor --export-secret-keys ${fingerprint}`}; ` +
      `an expired key on a card can be extended here alone: ${typed`gpg --quick-set-expire ${fingerprint} 1w`}`,
  });
}

async function detachSign(component: string, data: Uint8Array, env: NodeJS.ProcessEnv): Promise<Uint8Array> {
  const result = await gpg(
    [
      ...['--batch', '--no-armor', '--no-textmode', '--no-comments', '--no-emit-version'],
      ...['--digest-algo', 'SHA512', '--no-ask-sig-expire', '--default-sig-expire', '0'],
      ...['--local-user', `${component}!`, '--detach-sign', '--output', '-'],
    ],
    env,
    data,
  );
  if (result.exitCode === 0 && result.status.includes('[GNUPG:] SIG_CREATED ')) return result.stdout;
  if (isCancelled(result)) {
    fail('E_SIGNING', `nothing is signed: the question for the passphrase or PIN of ${component} was cancelled`, {
      hint: 'run it again, and answer the question',
    });
  }
  fail('E_SIGNING', `gpg did not sign: ${said(result)}`, {
    hint: 'does it sign by itself? try: echo x | gpg --detach-sign --armor',
  });
}

/** GPG_ERR_CANCELED and GPG_ERR_FULLY_CANCELED, whatever part of GnuPG says it. */
const CANCELLED: ReadonlySet<number> = new Set([99, 198]);

function isCancelled({ status }: GpgResult): boolean {
  const code = /^\[GNUPG:\] FAILURE \S+ ([0-9]+)/m.exec(status)?.[1];
  return code !== undefined && CANCELLED.has(Number(code) & 0xffff);
}

function said({ stderr, exitCode }: GpgResult): string {
  const lines = stderr.split('\n').map((line) => line.replace(/[\0-\x1f\x7f-\x9f]/g, ' ').trim());
  // It says some things twice.
  const text = [...new Set(lines.filter((line) => line !== ''))].join('\n');
  return text === '' ? `it ended with ${exitCode ?? 'a signal'}` : text.slice(0, 500);
}

function gpg(args: readonly string[], env: NodeJS.ProcessEnv, input?: Uint8Array): Promise<GpgResult> {
  return new Promise((resolve, reject) => {
    // On stderr, since gpg on Windows has no other file that node could give it.
    const child = spawn('gpg', ['--status-fd', '2', ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const parts: Buffer[][] = [[], []];
    let size = 0;
    for (const [index, stream] of [child.stdout, child.stderr].entries()) {
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > OUTPUT_LIMIT) child.kill();
        else parts[index]?.push(chunk);
      });
    }
    child.once('error', (cause) => {
      reject(
        new PullthroughError('E_SIGNING_KEY', 'gpg cannot be run', {
          hint: 'install GnuPG 2.2 or later, or name a key with --key FILE',
          cause,
        }),
      );
    });
    // A gpg that ended early says why by itself.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('close', (exitCode) => {
      const [stdout = Buffer.alloc(0), said = Buffer.alloc(0)] = parts.map((part) => Buffer.concat(part));
      const lines = said.toString('utf8').split(/\r?\n/);
      const isStatus = (line: string): boolean => line.startsWith('[GNUPG:] ');
      resolve({
        exitCode,
        stdout,
        stderr: lines.filter((line) => !isStatus(line)).join('\n'),
        status: lines.filter(isStatus).join('\n'),
      });
    });
  });
}
