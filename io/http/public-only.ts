import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { isPublicAddress } from './public-address.ts';
import { isLoopback, shownUrl } from './url.ts';

/** Which hosts may be at addresses that are not public; lower-case names and addresses. */
export type PrivateHosts = readonly string[];

/**
 * Judges where a connection goes, by address and after the look-up, so that neither a redirect nor a name that means
 * something else a moment later leads into the network of anyone who downloads.
 */
export interface PublicOnly {
  /** Throws `E_HTTP` for a URL whose host is itself such an address. */
  check(url: URL): void;
  /** For the connection to this URL; undefined where it may go anywhere. */
  lookupFor(url: URL): LookupFunction | undefined;
}

/**
 * For a download that begins at `first`. Hosts of `allowed` may lie anywhere; `first` itself may be this machine where it
 * says so (localhost, 127.0.0.0/8, [::1]): anyone who wrote it meant it, and only its own scheme, host and port.
 */
export function publicOnly(first: URL, allowed: PrivateHosts): PublicOnly {
  const isFree = (url: URL): boolean =>
    allowed.includes(hostOf(url)) || (isLoopback(url.hostname) && url.origin === first.origin);
  return {
    check(url) {
      const host = hostOf(url);
      if (!isFree(url) && isIP(host) !== 0 && !isPublicAddress(host)) throw refusal(shownUrl(url), host);
    },
    lookupFor: (url) => (isFree(url) ? undefined : guarded(shownUrl(url))),
  };
}

/** `URL.hostname` without the brackets of an IPv6 address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function refusal(where: string, address: string): PullthroughError {
  return new PullthroughError('E_HTTP', `${where} lies at ${address}, which is not a public address`, {
    hint: 'if it is meant, name its host as allow-private[] in [source] of mirror.ini',
  });
}

/** One address that isn't public is enough: which of several is used is not up to us. */
function guarded(where: string): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      const found: LookupAddress[] = error === null ? addresses : [];
      const bad = found.find(({ address }) => !isPublicAddress(address));
      const [one] = found;
      if (error !== null) callback(error, []);
      else if (bad !== undefined) callback(refusal(where, bad.address), []);
      else if (options.all === true) callback(null, found);
      else if (one !== undefined) callback(null, one.address, one.family);
      else callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), []);
    });
  };
}

/** Where a proxy makes the connection: what this machine's own look-up says, if it knows the name at all. */
export async function checkBeforeProxy(url: URL, lookup: LookupFunction): Promise<void> {
  const host = hostOf(url);
  if (isIP(host) !== 0) return;
  await new Promise<void>((resolve, reject) => {
    lookup(host, { all: true }, (error) => {
      if (error instanceof PullthroughError) reject(error);
      else resolve();
    });
  });
}
