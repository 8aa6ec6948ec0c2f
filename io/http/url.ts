import { fail } from '../../ledger-schema/error.ts';

/** localhost, 127.0.0.0/8 and [::1], as `URL.hostname` spells them. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

/** A URL, or undefined for what is not one. (`URL.parse` came with Node 22.) */
function parseUrl(url: string | URL, base?: URL): URL | undefined {
  return URL.canParse(String(url), base?.href) ? new URL(url, base) : undefined;
}

/** A URL as it may be shown: without user, password, query and fragment, which can be credentials. */
export function shownUrl(url: string | URL): string {
  const parsed = parseUrl(url);
  if (parsed === undefined) return 'a URL that cannot be read';
  // Without // there is no telling where in it a password would be.
  if (!parsed.href.startsWith(`${parsed.protocol}//`)) return `${parsed.protocol}…`;
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

/** A file for messages: by the name that a person has for it, and where it lies, else by its URL. */
export function shownFile(url: string | URL, what: string | undefined): string {
  return what === undefined ? shownUrl(url) : `${what} at ${new URL(url).host}`;
}

/** An https URL, or an http one of this machine; neither user nor password in it. Throws `E_CONFIG`. */
export function requireSafeUrl(url: string | URL): URL {
  const parsed = parseUrl(url) ?? fail('E_CONFIG', 'a URL cannot be read', { hint: 'write it as https://HOST/PATH' });
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    fail('E_CONFIG', `${parsed.protocol}// is not a scheme for this: ${shownUrl(parsed)}`, { hint: 'use https://' });
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    fail('E_CONFIG', `http:// is refused: ${shownUrl(parsed)}`, {
      hint: 'use https://; http:// is for localhost, 127.0.0.0/8 and [::1] alone',
    });
  }
  if (parsed.username !== '' || parsed.password !== '') {
    fail('E_CONFIG', `a user or password stands in a URL: ${shownUrl(parsed)}`, {
      hint: 'give secrets in environment variables',
    });
  }
  return parsed;
}

/**
 * Where a redirect leads. The answer comes from outside: only https is followed, and http on this machine only from
 * there, so that no server elsewhere can point into it. Throws `E_HTTP`.
 */
export function redirectTarget(from: URL, location: string | undefined): URL {
  const target = location === undefined ? undefined : parseUrl(location, from);
  if (!target) return fail('E_HTTP', `${shownUrl(from)} redirects to nowhere`);
  const plain = target.protocol === 'http:' && isLoopback(target.hostname);
  if (target.protocol !== 'https:' && !(plain && from.protocol === 'http:')) {
    fail('E_HTTP', `${shownUrl(from)} redirects to ${shownUrl(target)}, which is not https`);
  }
  if (target.username !== '' || target.password !== '') {
    fail('E_HTTP', `${shownUrl(from)} redirects to a URL with a user or password in it`);
  }
  return target;
}
