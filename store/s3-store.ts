import { tmpdir } from 'node:os';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { fail } from '../ledger-schema/error.ts';
import { lend, lent, release } from '../io/blocks.ts';
import { openPending, readBlocks } from '../io/file.ts';
import { digestOf, hashing } from '../io/hash.ts';
import type { Progress } from '../io/progress.ts';
import { backoff, pause, RETRY } from '../io/retry.ts';
import { checkDigest, exactly } from './body.ts';
import { PartPool } from './part-pool.ts';
import { makeClient } from './s3-client.ts';
import type { S3ClientOptions } from './s3-client.ts';
import { isNotThere, s3Error, s3Status } from './s3-error.ts';
import { putLarge, putSmall } from './s3-upload.ts';
import type { UploadTarget } from './s3-upload.ts';
import type { S3Place } from './s3-url.ts';
import { storeKey } from './store.ts';
import type { PutRequest, Store, StoredObject } from './store.ts';

type Presence = 'present' | 'missing' | 'damaged';
type Digested = PutRequest & { readonly sha256: string };

/** A store in an S3 bucket, below a prefix. Relies on as little of S3 as it can: servers differ. */
export class S3Store implements Store {
  readonly label: string;
  readonly #client: S3Client;
  readonly #place: S3Place;
  readonly #progress: Progress;
  readonly #pool: PartPool;

  constructor(place: S3Place, progress: Progress, options: S3ClientOptions = {}) {
    this.#place = place;
    this.#progress = progress;
    this.#pool = new PartPool(options.partSize);
    this.#client = makeClient(place, options);
    this.label = `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix.slice(0, -1)}`}`;
  }

  #at(sha256: string): { Bucket: string; Key: string } {
    return { Bucket: this.#place.bucket, Key: this.#place.prefix + storeKey(sha256) };
  }

  /** Does what is asked, and says what a failure means. */
  async #doing<T>(action: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw s3Error(error, `cannot ${action} in ${this.label}`);
    }
  }

  async put(request: PutRequest, body: AsyncIterable<Uint8Array>): Promise<{ sha256: string; repaired: boolean }> {
    const held = exactly(body, request);
    const { sha256 } = request;
    if (sha256 !== undefined) return this.#putKnown({ ...request, sha256 }, held);
    return request.size <= this.#pool.size ? this.#putSmall(request, held) : this.#putSpooled(request, held);
  }

  async #putKnown(request: Digested, body: AsyncIterable<Uint8Array>): Promise<{ sha256: string; repaired: boolean }> {
    const { sha256, size } = request;
    const before = await this.verify(sha256, size);
    if (before === 'present') return { sha256, repaired: false };
    if (size <= this.#pool.size) return this.#putSmall(request, body, before);
    await this.#putLarge(request, body);
    return this.#done(sha256, before === 'damaged');
  }

  /** Holds the whole body in memory: it is no larger than a part. */
  async #putSmall(
    request: PutRequest,
    body: AsyncIterable<Uint8Array>,
    known?: Presence,
  ): Promise<{ sha256: string; repaired: boolean }> {
    const bytes = new Uint8Array(request.size);
    const hashed = hashing(body, ['sha256']);
    let at = 0;
    for await (const chunk of lent(hashed.body)) {
      bytes.set(chunk, at);
      at += chunk.length;
      release(chunk);
    }
    const { sha256 } = hashed.digests();
    checkDigest(request, sha256);
    let before = known ?? (await this.verify(sha256, request.size));
    if (before === 'missing') {
      const wasFirst = await this.#putNew(this.#target(sha256, request), bytes, sha256);
      if (wasFirst) return { sha256, repaired: false };
      // Somebody was faster; or it was ourselves, and the answer was lost.
      before = await this.verify(sha256, request.size);
    }
    if (before === 'present') return { sha256, repaired: false };
    const target = this.#target(sha256, request);
    await this.#doing(`store ${request.name}`, () => putSmall(target, bytes, sha256, false));
    return this.#done(sha256, before === 'damaged');
  }

  /** Puts an object where none is; false where one appeared meanwhile. */
  async #putNew(target: UploadTarget, bytes: Uint8Array, sha256: string): Promise<boolean> {
    return this.#doing(`store ${target.name}`, async () => {
      try {
        await putSmall(target, bytes, sha256, true);
        return true;
      } catch (error) {
        const status = s3Status(error);
        // 412: it is there. 409: it is being put. 501 (and 400 of some): the condition is unknown to the server.
        if (status === 412 || status === 409) return false;
        if (status !== 501 && status !== 400) throw error;
        await putSmall(target, bytes, sha256, false);
        return true;
      }
    });
  }

  /** The key is the digest: where that is not known, the bytes must wait on disk until it is. */
  async #putSpooled(
    request: PutRequest,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ sha256: string; repaired: boolean }> {
    const spool = await openPending({ folder: tmpdir() });
    try {
      const hashed = hashing(body, ['sha256']);
      await spool.append(hashed.body);
      await spool.flush();
      const { sha256 } = hashed.digests();
      return await this.#putKnown({ ...request, sha256 }, readBlocks(spool.path));
    } finally {
      await spool.discard();
    }
  }

  async #putLarge(request: Digested, body: AsyncIterable<Uint8Array>): Promise<void> {
    const { sha256, size } = request;
    const hashed = hashing(body, ['sha256']);
    let completing = false;
    await this.#doing(`store ${request.name}`, async () => {
      try {
        await putLarge(this.#target(sha256, request), size, hashed.body, () => {
          checkDigest(request, hashed.digests().sha256);
          completing = true;
        });
      } catch (error) {
        // The answer may have been lost after the upload was completed.
        if (!completing || (await this.verify(sha256, size).catch(() => 'missing')) !== 'present') throw error;
      }
    });
    // Each part's bytes were held against their digest by the server; did it put all of them together?
    if (!(await this.has(sha256, size))) {
      await this.remove(sha256);
      fail('E_STORE', `${this.label} put ${request.name} together wrongly`, {
        hint: 'try again; if it stays so, report it',
      });
    }
  }

  #target(sha256: string, request: PutRequest): UploadTarget {
    const { Bucket, Key } = this.#at(sha256);
    return { client: this.#client, pool: this.#pool, bucket: Bucket, key: Key, name: request.name };
  }

  #done(sha256: string, repaired: boolean): { sha256: string; repaired: boolean } {
    if (repaired) this.#progress.warn(`${this.label} held damaged bytes under ${storeKey(sha256)}: repaired`);
    return { sha256, repaired };
  }

  async verify(sha256: string, size: number): Promise<Presence> {
    const head = await this.#head(sha256);
    if (head === undefined) return 'missing';
    if (head.size !== size) return 'damaged';
    if (head.sha256 !== undefined) return head.sha256 === sha256 ? 'present' : 'damaged';
    return (await digestOf(this.read(sha256))) === sha256 ? 'present' : 'damaged';
  }

  async has(sha256: string, size: number): Promise<boolean> {
    return (await this.#head(sha256))?.size === size;
  }

  /** What the server knows of an object without sending it. A digest of digests of parts is none of the object's. */
  async #head(sha256: string): Promise<{ size: number | undefined; sha256: string | undefined } | undefined> {
    return this.#doing(`look at ${storeKey(sha256)}`, async () => {
      try {
        const head = await this.#client.send(new HeadObjectCommand({ ...this.#at(sha256), ChecksumMode: 'ENABLED' }));
        const whole = head.ChecksumType === 'FULL_OBJECT' ? head.ChecksumSHA256 : undefined;
        const hex = whole === undefined ? undefined : Buffer.from(whole, 'base64').toString('hex');
        return { size: head.ContentLength, sha256: hex };
      } catch (error) {
        if (isNotThere(error)) return undefined;
        throw error;
      }
    });
  }

  read(sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
    return lend(this.#read(sha256));
  }

  async *#read(sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
    const action = `read ${storeKey(sha256)}`;
    let offset = 0;
    let etag: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const range = offset > 0 ? { Range: `bytes=${offset}-`, ...(etag === undefined ? {} : { IfMatch: etag }) } : {};
      const answer = await this.#doing(action, () => this.#get(sha256, range));
      etag ??= answer.ETag;
      const before = offset;
      // Some servers and proxies know no Range, and send it all again.
      let known = answer.$metadata.httpStatusCode === 206 ? 0 : offset;
      try {
        for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) {
          const fresh = chunk.subarray(known);
          known -= chunk.length - fresh.length;
          offset += fresh.length;
          if (fresh.length > 0) yield fresh;
        }
        return;
      } catch (error) {
        if (offset - before >= this.#pool.size) attempt = 1;
        if (attempt >= RETRY.tries) throw s3Error(error, `cannot ${action} in ${this.label}`);
        await pause(backoff(attempt + 1));
      }
    }
  }

  async #get(sha256: string, range: { Range?: string; IfMatch?: string }): Promise<GetObjectCommandOutput> {
    try {
      return await this.#client.send(new GetObjectCommand({ ...this.#at(sha256), ...range }));
    } catch (error) {
      if (!isNotThere(error)) throw error;
      return fail('E_STORE_MISSING', `${this.label} does not hold ${storeKey(sha256)}`, { cause: error });
    }
  }

  async *list(): AsyncGenerator<StoredObject, void, undefined> {
    const input = { Bucket: this.#place.bucket, Prefix: `${this.#place.prefix}sha256/` };
    try {
      for await (const page of paginateListObjectsV2({ client: this.#client }, input)) {
        if (page.IsTruncated && !page.NextContinuationToken) this.#brokenList();
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          const sha256 = this.#digestIn(Key);
          if (sha256 === undefined || Size === undefined || LastModified === undefined) continue;
          yield { sha256, size: Size, modified: LastModified };
        }
      }
    } catch (error) {
      throw s3Error(error, `cannot list ${this.label}`);
    }
  }

  /** Half a list would pass for a whole one, and one that leads nowhere has no end. */
  #brokenList(): never {
    fail('E_STORE', `${this.label} says that its list goes on, and not where`, {
      hint: 'the S3 server, or a proxy before it, does not keep to the protocol: report it there',
    });
  }

  #digestIn(key: string | undefined): string | undefined {
    const sha256 = key?.slice(-64) ?? '';
    return /^[0-9a-f]{64}$/.test(sha256) && key === this.#place.prefix + storeKey(sha256) ? sha256 : undefined;
  }

  async remove(sha256: string): Promise<void> {
    await this.#doing(`remove ${storeKey(sha256)}`, () => this.#client.send(new DeleteObjectCommand(this.#at(sha256))));
  }

  async leftovers(before: Date, remove: boolean): Promise<readonly string[]> {
    return this.#doing('list uploads', async () => {
      const found: string[] = [];
      const { bucket: Bucket, prefix } = this.#place;
      for (let KeyMarker: string | undefined, UploadIdMarker: string | undefined; ;) {
        const input = { Bucket, Prefix: `${prefix}sha256/`, KeyMarker, UploadIdMarker };
        const page = await this.#client.send(new ListMultipartUploadsCommand(input));
        for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
          if (this.#digestIn(Key) === undefined || !Initiated || Initiated >= before) continue;
          found.push(`s3://${Bucket}/${Key} (upload ${UploadId})`);
          if (remove) await this.#abort({ Bucket, Key, UploadId });
        }
        if (!page.IsTruncated) return found;
        const { NextKeyMarker, NextUploadIdMarker } = page;
        if (!NextKeyMarker || (NextKeyMarker === KeyMarker && NextUploadIdMarker === UploadIdMarker)) {
          this.#brokenList();
        }
        [KeyMarker, UploadIdMarker] = [NextKeyMarker, NextUploadIdMarker];
      }
    });
  }

  async #abort(upload: { Bucket: string; Key: string | undefined; UploadId: string | undefined }): Promise<void> {
    try {
      await this.#client.send(new AbortMultipartUploadCommand(upload));
    } catch (error) {
      // Somebody else was faster.
      if (!isNotThere(error)) throw error;
    }
  }
}
