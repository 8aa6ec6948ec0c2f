import { fail, PullthroughError } from '../ledger-schema/error.ts';
import type { ErrorCode } from '../ledger-schema/error.ts';
import { Body } from '../io/body/body.ts';
import { openDownload } from '../io/http/download/download.ts';
import { RETRY } from '../io/http/retry.ts';
import { requireSafeUrl, shownUrl } from '../io/http/url.ts';
import { openStore, schemeOf } from './open.ts';
import type { OpenStoreOptions } from './open.ts';
import { storeKey } from './store.ts';
import type { ReadOptions } from './store.ts';

/** What is asked for: lower-case hex, and the exact size in bytes. */
export interface PublicFile {
  readonly sha256: string;
  readonly size: number;
}

export interface PublicReadOptions extends ReadOptions {
  /** Is there another place to try after this one? Then this one isn't worth many tries. */
  readonly others?: boolean | undefined;
}

/** A place from which anybody can read content-addressed bytes. Nothing that it says is believed. */
export interface PublicStore {
  /** For messages: its URL without any secret. */
  readonly label: string;
  /**
   * The bytes as they are, at most `size` of them over HTTP; the caller hashes them. Throws `E_STORE_MISSING` where they
   * aren't there, and what {@link openDownload} and {@link Store.read} throw.
   */
  read(file: PublicFile, options?: PublicReadOptions): Body;
  /** The bytes from `offset` on, for a reader that has those before; undefined where reading again costs nothing. */
  readonly readFrom?: (file: PublicFile, offset: number, options?: PublicReadOptions) => Body;
}

/** A base URL of objects as the ledger format's "The store" lays them out: https://, file:, s3:// or a path. `E_CONFIG`. */
export async function openPublic(url: string, options: OpenStoreOptions): Promise<PublicStore> {
  const scheme = schemeOf(url);
  if (scheme !== 'http' && scheme !== 'https') {
    const store = await openStore(url, options);
    const { label, readFrom } = store;
    const rest = readFrom?.bind(store);
    return {
      label,
      read: ({ sha256 }, how) => store.read(sha256, how),
      ...(rest === undefined ? {} : { readFrom: ({ sha256 }, offset, how) => rest(sha256, offset, how) }),
    };
  }
  const base = requireSafeUrl(url);
  if (base.search !== '' || base.hash !== '') {
    fail('E_CONFIG', `a store's URL has a query or fragment: ${shownUrl(base)}`, {
      hint: 'write only https://HOST/PATH',
    });
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return {
    label: shownUrl(base),
    read: (file, how) => new Body(readOverHttp(base, file, how)),
    readFrom: (file, offset, how) => new Body(readOverHttp(base, file, how, offset)),
  };
}

/** What to do about a store's answer; a download knows nothing of stores. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  // Without the right to list, S3 says so of what isn't there.
  E_CREDENTIAL: 'it is not open to everybody, or does not hold the file: ask who runs the store',
  E_SIZE: 'something else than the file was sent: tell who runs the store, or name another one',
};

async function* readOverHttp(
  base: URL,
  { sha256, size }: PublicFile,
  options: PublicReadOptions = {},
  offset?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const url = new URL(storeKey(sha256), base).href;
  const retry = options.others ? { ...RETRY, tries: 2 } : RETRY;
  try {
    yield* openDownload({ url, size, offset, signal: options.signal, pace: options.pace, retry }).chunks;
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    if (error.code === 'E_UPSTREAM_NOT_FOUND') {
      fail('E_STORE_MISSING', `${shownUrl(base)} does not hold ${storeKey(sha256)}`, { cause: error });
    }
    const hint = HINTS[error.code];
    if (hint === undefined) throw error;
    throw new PullthroughError(error.code, error.message, { hint, cause: error });
  }
}

/** Reads from the first of several places that has the bytes; a place that fails before its first byte is passed over. */
export async function publicReader(urls: readonly string[], options: OpenStoreOptions): Promise<PublicStore> {
  const places = await Promise.all(urls.map((url) => openPublic(url, options)));
  return {
    label: places.map(({ label }) => label).join(', '),
    read: (file, how) => new Body(readFirst(places, file, options, how)),
  };
}

async function* readFirst(
  places: readonly PublicStore[],
  file: PublicFile,
  { progress }: OpenStoreOptions,
  how: PublicReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [at, place] of places.entries()) {
    const others = at < places.length - 1;
    let begun = false;
    try {
      for await (const chunk of place.read(file, { ...how, others: others || how.others }).chunks) {
        begun = true;
        yield chunk;
      }
      return;
    } catch (error) {
      if (begun || !others || !(error instanceof PullthroughError) || how.signal?.aborted) throw error;
      progress.warn(`${place.label} did not give ${storeKey(file.sha256)}: ${error.message}; trying the next`);
    }
  }
  fail('E_NO_STORE', 'there is no store to read from', { hint: 'give url or public-url in [store] of mirror.ini' });
}
