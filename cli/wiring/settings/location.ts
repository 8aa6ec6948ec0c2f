import { isAbsolute, join, resolve } from 'node:path';
import { homedir } from 'node:os';
import { fail } from '../../../ledger-schema/error.ts';
import { requireSafeUrl, shownUrl } from '../../../io/http/url.ts';

/** Where a ledger is: cli.md, "Configuration", `[ledger] repository`. */
export type LedgerLocation =
  | { readonly kind: 'github'; /** `OWNER/REPO`. */ readonly repository: string }
  | { readonly kind: 'git'; readonly url: string }
  | { readonly kind: 'directory'; /** Absolute. */ readonly path: string };

const GITHUB = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}(?:_[A-Za-z0-9]+)?\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
/** `git@host:path`, as ssh has it. One letter before the colon is a Windows drive; two colons are a remote helper. */
const SCP = /^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]+:(?!:|\/\/)[^\s-]\S*$/;
const HINT = 'write OWNER/REPO, https://HOST/PATH.git, ssh://git@HOST/PATH.git, git@HOST:PATH.git, or ./FOLDER';

/** `~/x` below the home folder, anything else below `baseDir`. */
export function resolvePath(path: string, baseDir: string): string {
  if (/^~[\\/]/.test(path)) return join(homedir(), path.slice(2));
  return isAbsolute(path) ? path : resolve(baseDir, path);
}

function gitUrl(text: string): LedgerLocation {
  const scheme = text.slice(0, text.indexOf('://')).toLowerCase();
  const url = URL.canParse(text) ? new URL(text) : fail('E_CONFIG', 'it is not a URL', { hint: HINT });
  if (scheme === 'http' || scheme === 'https') {
    // A host may check the user that the token is for; a password would be a secret.
    const safe = new URL(url);
    safe.username = '';
    requireSafeUrl(safe);
  } else if (scheme === 'ssh' || scheme === 'file') {
    // A user is part of an ssh address; a password is a secret. A host that begins with - would be an option to ssh.
    if (url.password !== '') fail('E_CONFIG', `a password stands in ${shownUrl(text)}`, { hint: 'use an ssh key' });
    if (scheme === 'ssh' && !/^[A-Za-z0-9[]/.test(url.hostname))
      fail('E_CONFIG', 'it has no valid host', { hint: HINT });
  } else {
    fail('E_CONFIG', `${scheme}:// is not a git URL that is used here`, { hint: HINT });
  }
  return { kind: 'git', url: text };
}

/** Reads `[ledger] repository` or `--ledger`; a folder is relative to `baseDir`. Throws `E_CONFIG`. */
export function parseLocation(text: string, baseDir: string): LedgerLocation {
  if (text.startsWith('-') || /[\0-\x1f\x7f]/.test(text)) fail('E_CONFIG', 'it names no ledger', { hint: HINT });
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return gitUrl(text);
  if (/^file:/i.test(text)) return { kind: 'directory', path: resolvePath(text.slice('file:'.length), baseDir) };
  if (/^[a-z][a-z0-9+.-]+::/i.test(text)) {
    fail('E_CONFIG', 'it names a remote helper of git, which could run anything', { hint: HINT });
  }
  if (GITHUB.test(text)) return { kind: 'github', repository: text };
  if (SCP.test(text)) return { kind: 'git', url: text };
  return { kind: 'directory', path: resolvePath(text, baseDir) };
}
