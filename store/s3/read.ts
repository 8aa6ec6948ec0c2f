import type { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { fail } from '../../ledger-schema/error.ts';
import { Pace } from '../../io/http/download/pace.ts';
import { backoff, pause, RETRY } from '../../io/http/retry.ts';
import type { S3Bucket } from './bucket.ts';
import { isNotThere, s3Error } from './error.ts';
import { storeKey } from '../store.ts';
import type { ReadOptions } from '../store.ts';

/**
 * An object's bytes from `offset` on; reading resumes where the connection broke. `progress`: how many bytes must arrive before the
 * count of broken connections starts again. Throws `E_STORE_MISSING`, and what {@link s3Error} makes of the server's
 * failures.
 */
export async function* readObject(
  bucket: S3Bucket,
  sha256: string,
  { progress, offset: from, signal, pace: rules }: ReadOptions & { readonly progress: number; readonly offset: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const action = `read ${storeKey(sha256)}`;
  let offset = from;
  let etag: string | undefined;
  for (let attempt = 1; ; attempt++) {
    const range = offset > 0 ? { Range: `bytes=${offset}-`, ...(etag === undefined ? {} : { IfMatch: etag }) } : {};
    const answer = await bucket.doing(action, () => get(bucket, sha256, range, signal));
    etag ??= answer.ETag;
    const before = offset;
    // Some servers and proxies ignore Range, and send it all again.
    let known = answer.$metadata.httpStatusCode === 206 ? 0 : offset;
    const body = answer.Body as Readable;
    const pace = new Pace(bucket.label, rules, signal);
    pace.signal.addEventListener('abort', () => body.destroy(pace.signal.reason as Error), { once: true });
    try {
      for await (const chunk of pace.through(body)) {
        const fresh = chunk.subarray(known);
        known -= chunk.length - fresh.length;
        offset += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (offset - before >= progress) attempt = 1;
      if (attempt >= RETRY.tries || pace.trickles) throw s3Error(error, `cannot ${action} in ${bucket.label}`);
      await pause(backoff(attempt + 1), signal);
    } finally {
      pace.stop();
      body.on('error', () => undefined).destroy();
    }
  }
}

async function get(
  bucket: S3Bucket,
  sha256: string,
  range: { Range?: string; IfMatch?: string },
  signal: AbortSignal | undefined,
): Promise<GetObjectCommandOutput> {
  try {
    const command = new GetObjectCommand({ ...bucket.at(sha256), ...range });
    return await bucket.client.send(command, signal === undefined ? {} : { abortSignal: signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (!isNotThere(error)) throw error;
    return fail('E_STORE_MISSING', `${bucket.label} does not hold ${storeKey(sha256)}`, { cause: error });
  }
}
