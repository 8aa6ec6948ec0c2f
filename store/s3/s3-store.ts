import { tmpdir } from 'node:os';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { fail, PullthroughError } from '../../ledger-schema/error.ts';
import { Body } from '../../io/body/body.ts';
import type { Gathered } from '../../io/body/gathered.ts';
import { openPending, readBlocks } from '../../io/files/file.ts';
import { digestOf, hashing } from '../../io/files/hash.ts';
import { sweep } from '../../io/files/leftover.ts';
import type { Progress } from '../../io/progress.ts';
import { checkDigest, exactly } from '../exact-body.ts';
import { PartPool } from './part-pool.ts';
import { S3Bucket } from './bucket.ts';
import type { S3ClientOptions } from './client.ts';
import { s3Status } from './error.ts';
import { listObjects, listUploads } from './list.ts';
import { readObject } from './read.ts';
import { probeUpload, putLarge, putSmall } from './upload.ts';
import type { UploadTarget } from './upload.ts';
import type { S3Place } from './url.ts';
import { storeKey } from '../store.ts';
import type { PutRequest, ReadOptions, Store, StoredObject } from '../store.ts';

type Presence = 'present' | 'missing' | 'damaged';
type Digested = PutRequest & { readonly sha256: string };

/** The SHA-256 of nothing: the key that is probed. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** A store in an S3 bucket, below a prefix. Relies on as little of S3 as it can: servers differ. */
export class S3Store implements Store {
  readonly label: string;
  readonly #bucket: S3Bucket;
  readonly #progress: Progress;
  readonly #pool: PartPool;
  #swept: Promise<void> | undefined;

  constructor(place: S3Place, progress: Progress, options: S3ClientOptions = {}) {
    this.#bucket = new S3Bucket(place, options);
    this.#progress = progress;
    this.#pool = new PartPool(options.partSize, options.partSize);
    this.label = this.#bucket.label;
  }

  async put(request: PutRequest, body: AsyncIterable<Uint8Array>): Promise<{ sha256: string; repaired: boolean }> {
    const held = exactly(body, request);
    const { sha256 } = request;
    if (sha256 !== undefined) return this.#putKnown({ ...request, sha256 }, held);
    return request.size <= this.#pool.whole ? this.#putSmall(request, held) : this.#putSpooled(request, held);
  }

  async requireWritable(): Promise<void> {
    await this.#bucket.doing('write', async () => {
      try {
        await probeUpload(this.#target(EMPTY, { name: 'empty', size: 0 }));
      } catch (error) {
        // A server without multipart uploads may still take a plain put.
        if (s3Status(error) !== 501) throw error;
      }
    });
  }

  async #putKnown(request: Digested, body: AsyncIterable<Uint8Array>): Promise<{ sha256: string; repaired: boolean }> {
    const { sha256, size } = request;
    const before = await this.verify(sha256, size);
    if (before === 'present') return { sha256, repaired: false };
    if (size <= this.#pool.whole) return this.#putSmall(request, body, before);
    await this.#putLarge(request, body);
    return this.#done(sha256, before === 'damaged');
  }

  /** Holds the whole body in memory. */
  async #putSmall(
    request: PutRequest,
    body: AsyncIterable<Uint8Array>,
    known?: Presence,
  ): Promise<{ sha256: string; repaired: boolean }> {
    const bytes = await this.#pool.take(request.size);
    try {
      const hashed = hashing(body, ['sha256']);
      await hashed.body.each((chunk) => void bytes.add(chunk));
      const { sha256 } = hashed.digests();
      checkDigest(request, sha256);
      return await this.#putGathered({ ...request, sha256 }, bytes, known);
    } finally {
      this.#pool.give(bytes);
    }
  }

  async #putGathered(
    request: Digested,
    bytes: Gathered,
    known: Presence | undefined,
  ): Promise<{ sha256: string; repaired: boolean }> {
    const { sha256 } = request;
    let before = known ?? (await this.verify(sha256, request.size));
    if (before === 'missing') {
      const wasFirst = await this.#putNew(this.#target(sha256, request), bytes, sha256);
      if (wasFirst) return { sha256, repaired: false };
      // Somebody was faster; or it was ourselves, and the answer was lost.
      before = await this.verify(sha256, request.size);
    }
    if (before === 'present') return { sha256, repaired: false };
    const target = this.#target(sha256, request);
    await this.#bucket.doing(`store ${request.name}`, () => putSmall(target, bytes, sha256, false));
    return this.#done(sha256, before === 'damaged');
  }

  /** Puts an object where there is none yet; false where one appeared meanwhile. */
  async #putNew(target: UploadTarget, bytes: Gathered, sha256: string): Promise<boolean> {
    return this.#bucket.doing(`store ${target.name}`, async () => {
      try {
        await putSmall(target, bytes, sha256, true);
        return true;
      } catch (error) {
        const status = s3Status(error);
        // 412: it is there. 409: it is being put.
        if (status === 412 || status === 409) return false;
        throw error;
      }
    });
  }

  /** The key is the digest: until that is known, the bytes must wait on disk. */
  async #putSpooled(
    request: PutRequest,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ sha256: string; repaired: boolean }> {
    await (this.#swept ??= sweep(tmpdir()));
    const spool = await openPending({ folder: tmpdir() });
    try {
      const hashed = hashing(body, ['sha256']);
      await spool.append(hashed.body).catch(async (error: unknown) => {
        await request.unfinished?.(error, spool);
        throw error;
      });
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
    await this.#bucket.doing(`store ${request.name}`, async () => {
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
    // The server checked each part's bytes against their digest; did it put all the parts together?
    if (!(await this.has(sha256, size))) {
      await this.remove(sha256);
      fail('E_STORE', `${this.label} put ${request.name} together wrongly`, {
        hint: 'try again; if it keeps failing, report it',
      });
    }
  }

  #target(sha256: string, request: PutRequest): UploadTarget {
    const { Bucket, Key } = this.#bucket.at(sha256);
    return {
      client: this.#bucket.client,
      pool: this.#pool,
      bucket: Bucket,
      key: Key,
      name: request.name,
      habits: this.#bucket.habits,
    };
  }

  #done(sha256: string, repaired: boolean): { sha256: string; repaired: boolean } {
    if (repaired) this.#progress.warn(`${this.label} held damaged bytes under ${storeKey(sha256)}: repaired`);
    return { sha256, repaired };
  }

  async verify(sha256: string, size: number): Promise<Presence> {
    const head = await this.#bucket.head(sha256);
    if (head === undefined) return 'missing';
    if (head.size !== size) return 'damaged';
    if (head.sha256 !== undefined) return head.sha256 === sha256 ? 'present' : 'damaged';
    try {
      return (await digestOf(this.read(sha256))) === sha256 ? 'present' : 'damaged';
    } catch (error) {
      // It was removed meanwhile, or the server lost its bytes but still lists it.
      if (error instanceof PullthroughError && error.code === 'E_STORE_MISSING') return 'missing';
      throw error;
    }
  }

  async has(sha256: string, size: number): Promise<boolean> {
    return (await this.#bucket.head(sha256))?.size === size;
  }

  read(sha256: string, options: ReadOptions = {}): Body {
    return this.readFrom(sha256, 0, options);
  }

  readFrom(sha256: string, offset: number, options: ReadOptions = {}): Body {
    return new Body(readObject(this.#bucket, sha256, { ...options, offset, progress: this.#pool.size }));
  }

  list(): AsyncGenerator<StoredObject, void, undefined> {
    return listObjects(this.#bucket);
  }

  async remove(sha256: string): Promise<void> {
    const { client } = this.#bucket;
    const command = new DeleteObjectCommand(this.#bucket.at(sha256));
    await this.#bucket.doing(`remove ${storeKey(sha256)}`, () => client.send(command));
  }

  leftovers(before: Date, remove: boolean): Promise<readonly string[]> {
    return listUploads(this.#bucket, before, remove);
  }
}
