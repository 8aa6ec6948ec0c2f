import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from '../ledger-schema/error.ts';
import type { Progress } from '../io/progress.ts';
import { FileStore } from './file-store.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  /** What relative paths are relative to: the folder of the configuration. */
  readonly baseDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
}

/**
 * The store that a `[store] url` names: `file:PATH`, a path, or `s3://BUCKET/PREFIX?endpoint=&region=&style=`. Nothing
 * is asked or made yet. Throws `E_CONFIG`.
 */
export async function openStore(url: string, options: OpenStoreOptions): Promise<Store> {
  const scheme = schemeOf(url);
  if (scheme === undefined || scheme === 'file') {
    return new FileStore({ root: storeFolder(url, options.baseDir), progress: options.progress });
  }
  if (scheme === 'http' || scheme === 'https') {
    fail('E_CONFIG', `[store] url is ${scheme}://, which can only be read`, {
      hint: 'put it into public-url, and the place to write to (file: or s3://) into url',
    });
  }
  if (scheme === 's3') {
    // The SDK takes a while to load; a store of files doesn't need it.
    const [{ S3Store }, { parseS3Url }] = await Promise.all([import('./s3/s3-store.ts'), import('./s3/url.ts')]);
    return new S3Store(parseS3Url(url, options.env), options.progress);
  }
  return fail('E_CONFIG', `[store] url has the unknown scheme ${scheme}:`, {
    hint: 'use file:PATH or s3://BUCKET/PREFIX',
  });
}

/** The scheme of a store's URL; undefined for a path. One letter is a Windows drive. */
export function schemeOf(url: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
}

/** The folder that `file:…` or a path names. `file:./store` is relative; RFC 8089 has no word for that. */
export function storeFolder(url: string, baseDir: string): string {
  if (/^file:\/\//i.test(url)) {
    try {
      return fileURLToPath(url);
    } catch (error) {
      fail('E_CONFIG', `${url} is not a file URL of this machine`, {
        hint: 'write file:///PATH or file:./PATH',
        cause: error,
      });
    }
  }
  const path = url.replace(/^file:/i, '');
  if (path === '') fail('E_CONFIG', 'the store has no path', { hint: 'write file:./store' });
  return isAbsolute(path) ? path : resolve(baseDir, path);
}
