import { fail } from '../ledger-schema/index.ts';
import { schemeOf } from '../store/open.ts';
import type { OpenStoreOptions } from '../store/open.ts';
import { openPublic } from '../store/public.ts';
import type { PublicStore } from '../store/public.ts';

/**
 * The places that bytes are read from, in their order. Nothing is asked yet. Throws `E_CONFIG`, and `E_NO_STORE` where
 * `offline`, by which only folders are read, leaves none.
 */
export async function openMirrors(
  urls: readonly string[],
  options: OpenStoreOptions & { readonly offline?: boolean | undefined },
): Promise<PublicStore[]> {
  const folders = urls.filter((url) => ['file', undefined].includes(schemeOf(url)));
  const used = options.offline === true ? folders : urls;
  if (used.length === 0 && urls.length > 0) {
    fail('E_NO_STORE', 'with --offline bytes come from a folder alone, and no store here is one', {
      hint: 'give a copy of the store by --store file:FOLDER',
    });
  }
  return Promise.all(used.map((url) => openPublic(url, options)));
}
