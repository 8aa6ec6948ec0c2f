import { loadTransport } from '../../io/http/transport.ts';
import { schemeOf } from '../../store/open.ts';
import type { OpenStoreOptions } from '../../store/open.ts';
import { openPublic } from '../../store/public.ts';
import type { PublicStore } from '../../store/public.ts';

/**
 * The places that bytes are read from, in order: with `offline`, only folders, and perhaps none, since files that are
 * already there need none. Nothing is asked yet. Throws `E_CONFIG`.
 */
export async function openMirrors(
  urls: readonly string[],
  options: OpenStoreOptions & { readonly offline?: boolean | undefined },
): Promise<PublicStore[]> {
  const folders = urls.filter((url) => ['file', undefined].includes(schemeOf(url)));
  const used = options.offline === true ? folders : urls;
  return Promise.all(used.map((url) => openPublic(url, options)));
}

/** Loads what these places will be asked with. Asks them nothing. */
export async function loadMirrors(urls: readonly string[]): Promise<void> {
  if (urls.some((url) => ['http', 'https'].includes(schemeOf(url) ?? ''))) await loadTransport();
}
