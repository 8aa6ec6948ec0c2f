import { createHash } from 'node:crypto';
import type { Asset } from '../github/types.ts';
import { dropBegun, findBegun, isMisfit, keepBegun, readBegun, wasCutOff } from '../io/files/begun.ts';
import type { BegunFile, BegunPlace } from '../io/files/begun.ts';
import type { PendingFile } from '../io/files/file.ts';
import { openDownload } from '../io/http/download/download.ts';
import type { DownloadRequest } from '../io/http/download/download.ts';

/** A download that goes on where an interrupted run stopped. */
export interface Resumed {
  /** All bytes of the file; unverified. Nothing is asked for before the first of them is. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Keeps what came of it for the next run, where it was cut off. */
  readonly unfinished: (error: unknown, file: PendingFile) => Promise<void>;
}

/**
 * Runs an action that takes a download to its place. What an interrupted run began of the very file comes from the cache, and
 * only the rest is asked for; where the two don't fit together, the action runs once more, from the file's beginning. It
 * must leave nothing of its earlier run.
 */
export async function resuming<T>(
  place: BegunPlace | undefined,
  request: DownloadRequest,
  action: (download: Resumed) => Promise<T>,
): Promise<T> {
  let told = 0;
  for (let begun = place && (await findBegun(place)); ; begun = undefined) {
    const version: { validator?: string | undefined } = { validator: begun?.validator };
    let came = 0;
    // Bytes that come twice are told once.
    const onBytes = (count: number): void => {
      came += count;
      if (came > told) request.onBytes?.(came - told);
      told = Math.max(told, came);
    };
    const onValidator = (validator: string | undefined): void => {
      version.validator = validator;
    };
    const unfinished = async (error: unknown, file: PendingFile): Promise<void> => {
      if (place && wasCutOff(error, request.signal)) await keepBegun(place, file, version.validator);
    };
    try {
      const result = await action({ bytes: all({ ...request, onBytes, onValidator }, begun), unfinished });
      if (place && begun) await dropBegun(place);
      return result;
    } catch (error) {
      if (!place || !begun || request.signal?.aborted || !isMisfit(error)) throw error;
      await dropBegun(place);
    }
  }
}

async function* all(
  request: DownloadRequest,
  begun: BegunFile | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (begun === undefined) {
    yield* openDownload(request).chunks;
    return;
  }
  for await (const chunk of readBegun(begun).chunks) {
    request.onBytes?.(chunk.length);
    yield chunk;
  }
  yield* openDownload({ ...request, offset: begun.size, validator: begun.validator }).chunks;
}

/** The place of one state of one asset: a file that upstream replaced is another one. */
export function assetPlace(folder: string, api: string, asset: Asset, sha256: string | undefined): BegunPlace {
  const { id, size, updatedAt } = asset;
  return {
    folder,
    name: named('asset', api, id, size, updatedAt.toISOString(), sha256),
    size,
    proven: sha256 !== undefined,
  };
}

/** The place of what lies at an address. */
export function urlPlace(folder: string, url: string, sha256: string | undefined): BegunPlace {
  return { folder, name: named('url', url, sha256), proven: sha256 !== undefined };
}

function named(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
