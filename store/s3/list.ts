import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { ListMultipartUploadsCommandOutput, MultipartUpload } from '@aws-sdk/client-s3';
import { fail } from '../../ledger-schema/error.ts';
import type { S3Bucket } from './bucket.ts';
import { isNotThere, s3Code, s3Error, s3Status } from './error.ts';
import type { StoredObject } from '../store.ts';

/** Every object of the store. Throws `E_STORE` for a list that has no end, and what {@link s3Error} makes of failures. */
export async function* listObjects(bucket: S3Bucket): AsyncGenerator<StoredObject, void, undefined> {
  const input = { Bucket: bucket.place.bucket, Prefix: `${bucket.place.prefix}sha256/` };
  try {
    for await (const page of paginateListObjectsV2({ client: bucket.client }, input)) {
      if (page.IsTruncated && !page.NextContinuationToken) brokenList(bucket);
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        const sha256 = bucket.digestIn(Key);
        if (sha256 === undefined || Size === undefined || LastModified === undefined) continue;
        yield { sha256, size: Size, modified: LastModified };
      }
    }
  } catch (error) {
    throw s3Error(error, `cannot list ${bucket.label}`);
  }
}

/**
 * The store's uploads that were begun before a given time and never completed, to show to people; with `remove` they
 * are aborted.
 */
export async function listUploads(bucket: S3Bucket, before: Date, remove: boolean): Promise<readonly string[]> {
  return bucket.doing('list uploads', async () => {
    const uploads = await uploadsBelow(bucket, `${bucket.place.prefix}sha256/`);
    // MinIO answers a prefix only where it is a whole key, and all of the bucket's where there is none.
    if (uploads.length === 0) {
      const all = await uploadsBelow(bucket, undefined).catch((error: unknown) => {
        if (s3Status(error) === 403) return [];
        throw error;
      });
      uploads.push(...all);
    }
    const found: string[] = [];
    const { bucket: Bucket } = bucket.place;
    for (const { Key, UploadId, Initiated } of uploads) {
      if (bucket.digestIn(Key) === undefined || !Initiated || Initiated >= before) continue;
      found.push(`s3://${Bucket}/${Key} (upload ${UploadId})`);
      if (remove) await abort(bucket, { Bucket, Key, UploadId });
    }
    return found;
  });
}

async function uploadsBelow(bucket: S3Bucket, prefix: string | undefined): Promise<MultipartUpload[]> {
  const found: MultipartUpload[] = [];
  const { bucket: Bucket } = bucket.place;
  for (let KeyMarker: string | undefined, UploadIdMarker: string | undefined; ;) {
    const input = { Bucket, Prefix: prefix, KeyMarker, UploadIdMarker };
    const page = await bucket.client.send(new ListMultipartUploadsCommand(input)).catch((error: unknown) => {
      // Some servers say this of a bucket that has no uploads.
      const none: ListMultipartUploadsCommandOutput = { $metadata: {} };
      if (s3Code(error) === 'NoSuchUpload') return none;
      throw error;
    });
    found.push(...(page.Uploads ?? []));
    if (!page.IsTruncated) return found;
    const { NextKeyMarker, NextUploadIdMarker } = page;
    if (!NextKeyMarker || (NextKeyMarker === KeyMarker && NextUploadIdMarker === UploadIdMarker)) brokenList(bucket);
    [KeyMarker, UploadIdMarker] = [NextKeyMarker, NextUploadIdMarker];
  }
}

/** Half a list would pass for a whole one, and one that leads nowhere has no end. */
function brokenList({ label }: S3Bucket): never {
  fail('E_STORE', `${label} says that its list goes on, but not where`, {
    hint: 'the S3 server, or a proxy before it, does not keep to the protocol: report it there',
  });
}

async function abort(
  { client }: S3Bucket,
  upload: { Bucket: string; Key: string | undefined; UploadId: string | undefined },
): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand(upload));
  } catch (error) {
    // Somebody else was faster.
    if (!isNotThere(error)) throw error;
  }
}
