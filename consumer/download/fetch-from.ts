import { join, resolve } from 'node:path';
import { sweepBegun } from '../../io/files/begun.ts';
import { cacheDirectory } from '../../io/files/folders.ts';
import { SILENT } from '../../io/progress.ts';
import type { ConsumerOptions, GetRequest } from '../options.ts';
import type { GotFile } from './get.ts';
import type { Fetchable } from './select-assets.ts';

/**
 * Brings files whose bytes are known from the stores: no ledger, no git. The code that talks to stores is loaded only
 * here, so that `verify` doesn't load it.
 */
export async function fetchFrom(
  options: Pick<ConsumerOptions, 'stores' | 'offline' | 'env' | 'baseDir' | 'cacheDir' | 'progress' | 'signal'>,
  files: readonly Fetchable[],
  request: GetRequest,
): Promise<GotFile[]> {
  const [{ openMirrors }, { fetchFiles }] = await Promise.all([import('./mirrors.ts'), import('./get.ts')]);
  const { stores = [], offline, env = process.env, baseDir = process.cwd(), progress = SILENT, signal } = options;
  const mirrors = await openMirrors(stores, { baseDir, env, progress, offline });
  const { output = baseDir, executable, replace, keep, concurrency } = request;
  const partials = join(resolve(baseDir, options.cacheDir ?? cacheDirectory(env)), 'partial');
  await sweepBegun(partials);
  const how = { partials, mirrors, progress, signal, output, executable, replace, keep, concurrency };
  if (request.unpack === true) return (await import('./unpack.ts')).fetchUnpacked(files, how);
  return fetchFiles(files, how);
}
