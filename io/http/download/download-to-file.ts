import { dirname } from 'node:path';
import { fail, PullthroughError } from '../../../ledger-schema/error.ts';
import { openPending } from '../../files/file.ts';
import { hashing } from '../../files/hash.ts';
import { shownUrl } from '../url.ts';
import { openDownload } from './download.ts';
import type { DownloadRequest } from './download.ts';

/**
 * Runs an action that downloads, again from the start where the file changed under it (`E_UPSTREAM_CHANGED`), three
 * times at most. The action must leave nothing of its earlier run.
 */
export async function startingOver<T>(action: () => Promise<T>): Promise<T> {
  for (let run = 1; ; run++) {
    try {
      return await action();
    } catch (error) {
      if (run === 3 || !(error instanceof PullthroughError) || error.code !== 'E_UPSTREAM_CHANGED') throw error;
    }
  }
}

/**
 * Downloads to a file that appears under its name only when it is complete, right and on disk. Throws what
 * {@link openDownload} throws, `E_DIGEST_MISMATCH` where `sha256` (lower-case hex) is given and isn't met, `E_IO`; then
 * nothing is left behind and what lay there before is as it was.
 */
export async function downloadToFile(
  request: DownloadRequest & { readonly sha256?: string | undefined; readonly mode?: number | undefined },
  path: string,
): Promise<{ size: number; sha256: string }> {
  const pending = await openPending({ folder: dirname(path), mode: request.mode });
  try {
    const sha256 = await startingOver(async () => {
      if (pending.size > 0) await pending.restart();
      const hashed = hashing(openDownload(request), ['sha256']);
      await pending.append(hashed.body);
      return hashed.digests().sha256;
    });
    if (request.sha256 !== undefined && sha256 !== request.sha256) {
      fail('E_DIGEST_MISMATCH', `${shownUrl(request.url)} has the SHA-256 ${sha256}, not ${request.sha256}`, {
        hint: 'these are not the bytes that were acknowledged: do not use them, and tell who runs the mirror',
      });
    }
    const { size } = pending;
    await pending.commit(path);
    return { size, sha256 };
  } finally {
    await pending.discard();
  }
}
