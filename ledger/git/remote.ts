import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brief } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { requireSafeUrl } from '../../io/http/url.ts';
import type { GitConfig } from './process/git-environment.ts';
import type { GitResult } from './process/git.ts';

/** Where a ledger is, how git may reach it, and with what. */
export interface Remote {
  /** What git is told: a URL without secrets, or an absolute path. */
  readonly url: string;
  readonly kind: 'file' | 'ssh' | 'http';
  /** The transports that git may use: the user's own `insteadOf` can lead from one to another, but never to plain HTTP. */
  readonly protocols: readonly string[];
  /** Configuration for commands that talk to it; it can hold the token and goes by the environment alone. */
  readonly config: GitConfig;
  /** Variables that such commands need besides. */
  readonly extra: Readonly<Record<string, string>>;
  /** What must never be shown. */
  readonly secrets: readonly string[];
  readonly hasToken: boolean;
  /** Why a token that is set does not go there. */
  readonly withheld?: string | undefined;
}

/** The name that a clone knows its ledger by; not `origin`, so that a user's configuration for that doesn't apply. */
export const REMOTE = 'pullthrough-ledger';

const PROTOCOLS = ['file', 'ssh', 'https'];

/** host:path as ssh knows it, with or without a user. */
const SCP_LIKE =
  /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):(?!\/\/)[^-\s]\S*$/;

/**
 * What is allowed as a ledger's URL: https, ssh (also as `git@host:path`), file, an absolute path, and http on this
 * machine. The token goes to an http(s) ledger only, as a header for its URL; a user in that URL is the one that the
 * host checks it for. Throws `E_CONFIG`.
 */
export function remoteOf(url: string, token: string | undefined, withheld?: string): Remote {
  const plain = { url, protocols: PROTOCOLS, config: [], extra: {}, secrets: [], hasToken: false };
  if (url.startsWith('-') || /[\0-\x1f\x7f]/.test(url))
    return badUrl('the ledger’s URL begins with - or holds control characters');
  if (isAbsolute(url)) return { ...plain, kind: 'file', config: servedHere() };
  if (/^file:\/\//i.test(url)) {
    if (!/^file:\/\/(localhost)?\//i.test(url) || !URL.canParse(url)) {
      return badUrl('the ledger’s file: URL names another host, or cannot be read');
    }
    return { ...plain, url: fileURLToPath(url), kind: 'file', config: servedHere() };
  }
  if (/^ssh:\/\//i.test(url)) {
    const parsed = URL.canParse(url) ? new URL(url) : badUrl('the ledger’s ssh: URL cannot be read');
    // A host or user that begins with - would be an option of ssh.
    if (parsed.password !== '' || /^-|^%2d/i.test(parsed.hostname) || /^-|^%2d/i.test(parsed.username)) {
      return badUrl('the ledger’s ssh: URL has a password, or a host or user that begins with -');
    }
    return { ...plain, kind: 'ssh' };
  }
  if (/^https?:\/\//i.test(url)) return { ...httpRemote(url, token), withheld };
  if (SCP_LIKE.test(url)) return { ...plain, kind: 'ssh' };
  return badUrl('the ledger’s URL is none of https://, ssh://, git@host:path, file:// and an absolute path');
}

function httpRemote(text: string, token: string | undefined): Remote {
  const { url, user } = splitUser(text);
  const protocols = url.protocol === 'http:' ? [...PROTOCOLS, 'http'] : PROTOCOLS;
  const remote = { url: url.href, kind: 'http', protocols } as const;
  // The line's end would let a token add headers of its own.
  if (token !== undefined && /[\r\n\0]/.test(token)) fail('E_CREDENTIAL', 'LEDGER_TOKEN holds a line break');
  if (token === undefined || token === '') {
    const config: GitConfig = user === undefined ? [] : [[`credential.${url.origin}.username`, user]];
    return { ...remote, config, extra: {}, secrets: [], hasToken: false };
  }
  // Where the host goes by the token alone any name will do; GitHub asks for this one.
  const basic = Buffer.from(`${user ?? 'x-access-token'}:${token}`).toString('base64');
  return {
    ...remote,
    hasToken: true,
    secrets: [token, basic],
    config: [
      // The empty one clears what other configuration adds for the same URL: hosts refuse two of them.
      [`http.${url.href}.extraHeader`, ''],
      [`http.${url.href}.extraHeader`, `Authorization: Basic ${basic}`],
      ['http.followRedirects', 'false'],
      // A refused token is an error, not a reason to try other credentials on this machine.
      ['credential.helper', ''],
      [`credential.${url.origin}.helper`, ''],
    ],
    extra: { GIT_ASKPASS: '', SSH_ASKPASS: '' },
  };
}

/**
 * A URL, and the user taken out of it, so that no request line or message shows the user. Throws `E_CONFIG` for a
 * password.
 */
function splitUser(text: string): { readonly url: URL; readonly user: string | undefined } {
  const url = URL.canParse(text) ? new URL(text) : requireSafeUrl(text);
  let user: string;
  try {
    user = decodeURIComponent(url.username);
  } catch {
    return badUrl('the user in the ledger’s URL cannot be read');
  }
  if (/[:\0-\x1f\x7f]/.test(user)) return badUrl('the user in the ledger’s URL holds a colon or control characters');
  // A password stays, and is refused.
  url.username = '';
  return { url: requireSafeUrl(url), user: user === '' ? undefined : user };
}

/** For a ledger on this machine, which git serves itself: lets it filter, and send objects by their ids. */
function servedHere(): GitConfig {
  const serve = 'git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack';
  return [[`remote.${REMOTE}.uploadpack`, serve]];
}

function badUrl(message: string): never {
  return fail('E_CONFIG', message, { hint: 'see [ledger] repository in mirror.ini' });
}

/** What git said on stderr, bounded, a line for each of its lines, without secrets, control characters, user names and queries of URLs. */
export function shownStderr(stderr: string, secrets: readonly string[] = []): string {
  let text = stderr;
  for (const secret of secrets) text = text.replaceAll(secret, '***');
  const lines = text
    .replace(/\/\/[^/@\s]+@/g, '//')
    .replace(/(https?:\/\/[^\s?'"]+)\?[^\s'"]*/g, '$1')
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(/[\0-\x1f\x7f-\x9f]/g, ' ')
        .replace(SSH_BANNER, '')
        .trim(),
    )
    .filter((line) => line !== '' && !IDLE.test(line));
  // What git, ssh and the host conclude; what else the host says can be long.
  const telling = lines.filter((line) => TELLING.test(line));
  const shown = telling.length > 0 ? telling : lines.filter((line) => !VAGUE.test(line));
  return (shown.length > 0 ? shown : lines).join('\n').slice(0, 600);
}

/** What git says of an object that it takes from nobody (git fsck). */
const BROKEN_OBJECT = /^error: (object [0-9a-f]{40,64}: .*)$/m;
/** The frame that ssh draws around its warnings. */
const SSH_BANNER = /^@+\s*|\s*@+$/g;
/** What git says whenever ssh ended, whatever the reason. */
const VAGUE = /^fatal: Could not read from remote repository\.$/;

/** What git and ssh say without saying why. */
const IDLE =
  /^(?:hint|warning(?!: (?:REMOTE HOST|UNPROTECTED))|To |From |Done$|Please make sure you have the correct access rights$|and the repository exists\.$)/i;
/** Gitolite's `FATAL: … DENIED`, ssh's own reasons and the host's words are conclusions too. */
const TELLING = new RegExp(
  [
    '^(?!fatal: Could not read from remote)(?:fatal|error|remote|ssh|[\\w.-]+@[\\w.-]+):',
    '^(?:No \\S+ )?host key|^Offending \\S+ key|^SHA256:|^Unable to negotiate|^(?:kex|ssh)_\\w+:|^sign_and_send_pubkey:',
    '^Load key |^Bad (?:owner|configuration)|^Received disconnect|^Connection (?:closed|reset|timed)',
    '\\bDENIED\\b|REMOTE HOST IDENTIFICATION HAS CHANGED|UNPROTECTED PRIVATE KEY',
  ].join('|'),
  'i',
);

const REFUSED = [
  /Authentication failed/,
  /could not read (Username|Password)/,
  /returned error: 40[13]/,
  /Permission denied/,
  /\bDENIED by\b/,
  /Permission to \S+ denied/,
  /HTTP Basic: Access denied/,
  /Invalid username or (password|token)/i,
];
const UNREACHABLE = [
  /Could not resolve/,
  /Failed to connect|Couldn't connect|Connection (refused|reset|timed out|closed)/,
  /Operation too slow|timed out/,
  /unable to access/,
  /does not appear to be a git repository|not a git repository|No such file or directory/,
  /Repository not found|repository '.*' not found/i,
  /Could not read from remote repository/,
  /dubious ownership/,
  /early EOF|unexpected disconnect|the remote end hung up/,
];

/** What answers isn't git: a captive portal's page, a proxy's JSON, something truncated or made up. */
const NOT_GIT = [
  /not valid: is this a git repository|info\/refs not valid/,
  /protocol error|bad line length|bad band|unexpected sideband/,
  /invalid server response|expected (?:flush|'|service|ACK)|unable to parse|unknown object format/,
  /pack signature mismatch|RPC failed|remote error/,
  // A page, where a plain web server would have had the object.
  /could not fetch \S+ from promisor remote|Unable to find \S+ under http|Cannot obtain needed object/,
  /attempting to allocate/,
];
const NO_ROOM = /No space left on device|Disk quota exceeded|Read-only file system/;

/** Where a failure of git may come from. */
export interface FailedAt {
  readonly remote: Remote;
  /** The clone's directory. */
  readonly clone: string;
  /** Nothing was in the clone before: whatever is wrong came from the host. */
  readonly fresh?: boolean | undefined;
  /** Only objects were asked for, by their ids: what is wrong came from the host, unless git says that it lies in the clone. */
  readonly objects?: boolean | undefined;
}

/**
 * The error for a git command that talked to the ledger and failed; `action` is as "fetch the ledger". What git says of
 * the clone itself is `E_GIT`, whatever it says, unless the clone is a fresh one.
 */
export function remoteError(
  result: GitResult,
  action: string,
  { remote, clone, fresh = false, objects = false }: FailedAt,
): PullthroughError {
  const stderr = shownStderr(result.stderr, remote.secrets);
  const said = result.stopped === undefined ? stderr : `git was stopped, since ${result.stopped}`;
  const error = (code: ErrorCode, hint: string): PullthroughError =>
    new PullthroughError(code, `cannot ${action}: ${said === '' ? `git ended with ${result.exitCode}` : said}`, {
      hint,
    });
  if (NO_ROOM.test(result.stderr)) return error('E_IO', `make room for the clone ${clone}`);
  const notGit =
    'what answers is not a git host that keeps to its protocol: a captive portal, a proxy, or a broken one';
  if (result.stopped !== undefined) {
    return error('E_LEDGER_UNREACHABLE', `${notGit}; [ledger] max-fetch and max-wait in mirror.ini are the limits`);
  }
  const [, broken] = BROKEN_OBJECT.exec(result.stderr) ?? [];
  if (broken !== undefined) {
    return new PullthroughError('E_GIT', `cannot ${action}: git refuses what is in it: ${brief(broken)}`, {
      hint: 'who runs the ledger finds the branch that has this object, by git fsck there, and deletes it',
    });
  }
  if (!fresh && result.stderr.includes(clone)) return error('E_GIT', `remove the clone ${clone} if it keeps failing`);
  if (REFUSED.some((pattern) => pattern.test(result.stderr))) {
    if (remote.kind === 'ssh') {
      const known = /\bDENIED by\b|Permission to \S+ denied/.test(result.stderr);
      return error(
        'E_CREDENTIAL',
        known
          ? 'the host knows your ssh key, and does not let it do this: ask who runs the host'
          : 'the ledger’s host refused your ssh key',
      );
    }
    if (remote.kind === 'file') return error('E_CREDENTIAL', 'give this user access to the ledger’s folder');
    return error(
      'E_CREDENTIAL',
      remote.hasToken
        ? 'the host refused LEDGER_TOKEN: check that it has not expired and may do this with the ledger; a host that checks the name of its user needs that in the URL, as https://NAME@HOST/…'
        : (remote.withheld ?? 'set LEDGER_TOKEN to a token that may do this with the ledger'),
    );
  }
  if (remote.hasToken && /returned error: 30[1278]|redirect/i.test(result.stderr)) {
    return error(
      'E_LEDGER_UNREACHABLE',
      'a redirect is not followed with a token: write the ledger’s new URL into mirror.ini',
    );
  }
  if (/dubious ownership/.test(result.stderr)) {
    return error(
      'E_LEDGER_UNREACHABLE',
      'the folder belongs to another user; if you trust it, add it to git’s safe.directory',
    );
  }
  if (/Host key verification failed/i.test(result.stderr)) {
    return error(
      'E_LEDGER_UNREACHABLE',
      'compare the host’s key with the one that its owner publishes, then take it into known_hosts by ssh itself',
    );
  }
  if (/Could not resolve proxy/i.test(result.stderr)) {
    return error('E_LEDGER_UNREACHABLE', 'no host has the name of the proxy: check https_proxy (or http_proxy)');
  }
  if (/\b(?:error: |code )407\b|Proxy CONNECT aborted/i.test(result.stderr)) {
    return error(
      'E_LEDGER_UNREACHABLE',
      'it is the proxy that refuses: put its user and password into https_proxy (or http_proxy), as http://USER:PASSWORD@HOST:PORT',
    );
  }
  if (/certificate/i.test(result.stderr)) {
    return error(
      'E_LEDGER_UNREACHABLE',
      'for a CA of your company’s own, set GIT_SSL_CAINFO to a file that has it, and the others that git needs; a clock that is wrong looks like this, too',
    );
  }
  if (UNREACHABLE.some((pattern) => pattern.test(result.stderr))) {
    const rights = { http: 'LEDGER_TOKEN', ssh: 'your ssh key', file: 'this user' }[remote.kind];
    const hint = `check the ledger’s URL, the network, and whether ${rights} may read it`;
    return error('E_LEDGER_UNREACHABLE', remote.withheld ?? hint);
  }
  if (NOT_GIT.some((pattern) => pattern.test(result.stderr))) return error('E_LEDGER_UNREACHABLE', notGit);
  const inClone = /(?:^|[\s'"(./])objects\/|packfile|loose object/m.test(result.stderr);
  if (fresh || (objects && remote.kind === 'http' && !inClone)) return error('E_LEDGER_UNREACHABLE', notGit);
  return error('E_GIT', 'run it again; if it stays, try the same with git by hand');
}
