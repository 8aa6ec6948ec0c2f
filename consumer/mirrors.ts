import { PullthroughError, fail } from '../ledger-schema/index.ts';
import { openDownload } from '../io/download.ts';
import type { Progress } from '../io/progress.ts';
import { RETRY } from '../io/retry.ts';
import { shownUrl } from '../io/url.ts';
import { openStore, schemeOf } from '../store/open.ts';
import { storeKey } from '../store/store.ts';
import type { Mirror } from './fetch-file.ts';

export interface MirrorOptions {
  /** What relative paths are relative to. */
  readonly baseDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  /** Use no host: only folders are read. */
  readonly offline?: boolean | undefined;
}

/**
 * Opens the places that bytes are read from, in their order: `http(s)://`, `file:` or a path, `s3://`. Nothing is asked
 * yet. Throws `E_CONFIG`, and `E_NO_STORE` where `offline` leaves none.
 */
export async function openMirrors(urls: readonly string[], options: MirrorOptions): Promise<Mirror[]> {
  const local = urls.filter((url) => ['file', undefined].includes(schemeOf(url)));
  const used = options.offline === true ? local : urls;
  if (used.length === 0 && urls.length > 0) {
    fail('E_NO_STORE', 'with --offline bytes come from a folder alone, and no store here is one', {
      hint: 'give a copy of the store by --store file:FOLDER',
    });
  }
  return Promise.all(used.map((url) => openMirror(url, options)));
}

async function openMirror(url: string, options: MirrorOptions): Promise<Mirror> {
  if (/^https?:/i.test(url)) return httpMirror(url);
  const store = await openStore(url, options);
  return { label: store.label, read: (file) => store.read(file.sha256) };
}

/** A static web server with the store's files below one URL; ledger-format.md, "The store". */
function httpMirror(base: string): Mirror {
  const label = shownUrl(base);
  return {
    label,
    async *read(file, { signal, others }) {
      const url = new URL(base);
      url.pathname = `${url.pathname.replace(/\/+$/, '')}/${storeKey(file.sha256)}`;
      try {
        const retry = others ? { ...RETRY, tries: 2 } : RETRY;
        yield* openDownload({ url: url.href, size: file.size, signal, retry });
      } catch (error) {
        if (!(error instanceof PullthroughError) || error.code !== 'E_UPSTREAM_NOT_FOUND') throw error;
        fail('E_STORE_MISSING', `${label} does not hold ${storeKey(file.sha256)}`, {
          hint: 'ask who runs that store: pullthrough mirror --restock brings back what it lost',
          cause: error,
        });
      }
    },
  };
}
