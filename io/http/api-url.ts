import { fail } from '../../ledger-schema/error.ts';
import type { IniParser } from '../ini.ts';
import { requireSafeUrl } from './url.ts';

/** GitHub's own; `[source] api` and `[ledger] api` default to it. */
export const GITHUB_API = 'https://api.github.com';

/** An API's base: https (http on this machine), without anything after its path and without a slash at the end. */
export const apiUrl: IniParser<string> = (value) => {
  const url = requireSafeUrl(value);
  if (url.search !== '' || url.hash !== '') {
    fail('E_CONFIG', 'the address of an API is a scheme, a host and a path', { hint: `write it as ${GITHUB_API}` });
  }
  return url.href.replace(/\/+$/, '');
};

/** The source that records name: github.com for GitHub's own API, else the API's host name without its port. */
export function sourceHost(api: string): string {
  return api === GITHUB_API ? 'github.com' : new URL(api).hostname.toLowerCase();
}
