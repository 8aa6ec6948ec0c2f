import { dirname } from 'node:path';
import { fail, PullthroughError } from '../../../ledger-schema/error.ts';
import { openPending } from '../../files/file.ts';
import type { PendingFile } from '../../files/file.ts';
import { hashing } from '../../files/hash.ts';
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

export interface SaveOptions {
  /** Lower-case hex: other bytes are `E_DIGEST_MISMATCH`. */
  readonly sha256?: string | undefined;
  /** Permission bits. */
  readonly mode?: number | undefined;
  /** Told of a failure while the body came, and of the file with what came of it, which it may move away. */
  readonly unfinished?: ((error: unknown, file: PendingFile) => Promise<void>) | undefined;
}

/**
 * Writes a body to a file that appears under its name only when it is complete, right and on disk. Throws what the body
 * throws, `E_DIGEST_MISMATCH`, `E_IO`; then nothing is left behind and what lay there before is as it was.
 */
export async function saveBody(
  body: AsyncIterable<Uint8Array>,
  path: string,
  { sha256: expected, mode, unfinished }: SaveOptions = {},
): Promise<{ size: number; sha256: string }> {
  const pending = await openPending({ folder: dirname(path), mode });
  try {
    const hashed = hashing(body, ['sha256']);
    await pending.append(hashed.body).catch(async (error: unknown) => {
      await unfinished?.(error, pending);
      throw error;
    });
    const { sha256 } = hashed.digests();
    if (expected !== undefined && sha256 !== expected) {
      fail('E_DIGEST_MISMATCH', `what came for ${path} has the SHA-256 ${sha256}, not ${expected}`, {
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

/** {@link saveBody} for what {@link openDownload} gives, from its beginning again where it changed meanwhile. */
export async function downloadToFile(
  request: DownloadRequest & Pick<SaveOptions, 'sha256' | 'mode'>,
  path: string,
): Promise<{ size: number; sha256: string }> {
  return startingOver(() => saveBody(openDownload(request), path, request));
}
