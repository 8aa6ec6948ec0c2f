import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { Body } from '../../io/body/body.ts';
import type { Gathered } from '../../io/body/gathered.ts';
import { HashJob } from '../../io/files/hash-thread.ts';
import { fail } from '../../ledger-schema/error.ts';
import { refusesHeader, waysToPut } from './habits.ts';
import type { Habits } from './habits.ts';
import type { PartPool } from './part-pool.ts';

/** Parts of one upload in flight at once. */
const AT_ONCE = 4;

export interface UploadTarget {
  readonly client: S3Client;
  readonly pool: PartPool;
  readonly bucket: string;
  readonly key: string;
  /** For Content-Disposition. */
  readonly name: string;
  readonly habits: Habits;
}

/** What every object is served with: its bytes never change. */
function headers(name: string): Pick<PutObjectCommandInput, 'ContentType' | 'CacheControl' | 'ContentDisposition'> {
  return {
    ContentType: 'application/octet-stream',
    CacheControl: 'public, max-age=31536000, immutable',
    ContentDisposition: contentDisposition(name),
  };
}

/** RFC 6266; names are printable ASCII by the format, whatever else is replaced. */
function contentDisposition(name: string): string {
  return `attachment; filename="${name.replace(/[^\x20-\x7e]|["\\%]/g, '_')}"`;
}

/** Fills parts of `size` bytes from a body; each goes to `full`, which gives it back to the pool. */
async function inParts(
  body: AsyncIterable<Uint8Array>,
  pool: PartPool,
  size: number,
  full: (part: Part) => Promise<void>,
): Promise<void> {
  let part: Part | undefined;
  try {
    await Body.from(body).each(async (chunk) => {
      for (let at = 0; at < chunk.length;) {
        part ??= new Part(await pool.take(size));
        const end = Math.min(chunk.length, at + size - part.bytes.length);
        await part.add(chunk, at, end);
        at = end;
        if (part.bytes.length < size) continue;
        const ready = part;
        part = undefined;
        await full(ready);
      }
    });
    if (part) {
      const ready = part;
      part = undefined;
      await full(ready);
    }
  } finally {
    part?.drop(pool);
  }
}

/** A part, hashed as it is filled. */
class Part {
  readonly bytes: Gathered;
  readonly #hash = new HashJob('sha256');

  constructor(bytes: Gathered) {
    this.bytes = bytes;
  }

  async add(chunk: Uint8Array, from: number, to: number): Promise<void> {
    for (const piece of this.bytes.add(chunk, from, to)) await this.#hash.update(piece);
  }

  /** Lower-case hex. */
  digest(): Promise<string> {
    return this.#hash.digest();
  }

  drop(pool: PartPool): void {
    this.#hash.drop();
    pool.give(this.bytes);
  }
}

/**
 * Puts a small object in one request. The server checks the bytes against `sha256` (AWS Signature Version 4,
 * x-amz-content-sha256) and may keep it as the object's own checksum. `onlyNew`: fails with 412 where one is there. A
 * server that doesn't take one of the headers gets the object without it, and so do the next ones.
 */
export async function putSmall(target: UploadTarget, bytes: Gathered, sha256: string, onlyNew: boolean): Promise<void> {
  const { habits } = target;
  const ways = waysToPut(habits, onlyNew);
  for (const [at, way] of ways.entries()) {
    try {
      await putOnce(target, bytes, sha256, way);
      habits.checksums &&= way.checksum;
      if (onlyNew) habits.conditions &&= way.condition;
      return;
    } catch (error) {
      if (at === ways.length - 1 || !refusesHeader(error)) throw error;
    }
  }
}

async function putOnce(
  target: UploadTarget,
  bytes: Gathered,
  sha256: string,
  { checksum, condition }: { readonly checksum: boolean; readonly condition: boolean },
): Promise<void> {
  const command = new PutObjectCommand({
    Bucket: target.bucket,
    Key: target.key,
    ContentLength: bytes.length,
    ...(checksum ? { ChecksumSHA256: base64(sha256) } : { ContentMD5: base64(await md5Of(bytes)) }),
    ...(condition ? { IfNoneMatch: '*' } : {}),
    ...headers(target.name),
  });
  await target.client.send(withBody(command, bytes, sha256));
}

/**
 * Puts a large object in parts, several at once. Each part is signed with its own SHA-256, which the server checks.
 * `isRight` is asked when all parts are there; if it throws, as after any other failure, the whole upload is aborted.
 */
export async function putLarge(
  target: UploadTarget,
  size: number,
  body: AsyncIterable<Uint8Array>,
  isRight: () => void,
): Promise<void> {
  const partSize =
    target.pool.partOf(size) ??
    fail('E_STORE', `${target.name} is too large for S3: ${size} bytes`, { hint: 'leave it out with exclude[]' });
  const { client, bucket: Bucket, key: Key } = target;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...headers(target.name) }));
  const upload = new Upload(target, UploadId ?? fail('E_STORE', 'the S3 server began an upload without an id'));
  try {
    await inParts(body, target.pool, partSize, (part) => upload.add(part));
    const Parts = await upload.finish();
    isRight();
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  } catch (error) {
    // A part that arrives after the abort would stay, and cost, for ever.
    await upload.settle();
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => undefined);
    throw error;
  }
}

/** Begins an upload and aborts it: anyone who may do that may also put objects, and nothing is left behind. */
export async function probeUpload(target: UploadTarget): Promise<void> {
  const { client, bucket: Bucket, key: Key } = target;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...headers(target.name) }));
  if (UploadId === undefined) return;
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => undefined);
}

class Upload {
  readonly #target: UploadTarget;
  readonly #id: string;
  readonly #running = new Set<Promise<void>>();
  readonly #parts: CompletedPart[] = [];
  #failure: { readonly error: unknown } | undefined;
  #count = 0;

  constructor(target: UploadTarget, id: string) {
    this.#target = target;
    this.#id = id;
  }

  /** Sends a part, and returns when there is room for another. */
  async add(part: Part): Promise<void> {
    const number = ++this.#count;
    const run: Promise<void> = this.#send(part, number)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        part.drop(this.#target.pool);
        this.#running.delete(run);
      });
    this.#running.add(run);
    while (this.#running.size >= AT_ONCE) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure.error;
  }

  async finish(): Promise<CompletedPart[]> {
    await this.settle();
    if (this.#failure) throw this.#failure.error;
    return this.#parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
  }

  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #send(part: Part, number: number): Promise<void> {
    const { habits } = this.#target;
    const { bytes } = part;
    const sha256 = await part.digest();
    // Another part may find out while this one is on its way.
    const { partDigests } = habits;
    try {
      await this.#sendOnce(bytes, number, sha256, partDigests);
    } catch (error) {
      if (partDigests || !refusesHeader(error)) throw error;
      await this.#sendOnce(bytes, number, sha256, true);
      habits.partDigests = true;
    }
  }

  async #sendOnce(bytes: Gathered, number: number, sha256: string, withMd5: boolean): Promise<void> {
    const { client, bucket, key } = this.#target;
    const command = new UploadPartCommand({
      Bucket: bucket,
      Key: key,
      UploadId: this.#id,
      PartNumber: number,
      ContentLength: bytes.length,
      ...(withMd5 ? { ContentMD5: base64(await md5Of(bytes)) } : {}),
    });
    const { ETag } = await client.send(withBody(command, bytes, sha256));
    this.#parts.push({ ETag, PartNumber: number });
  }
}

/** Lower-case hex, made in another thread. */
async function md5Of({ pieces }: Gathered): Promise<string> {
  const job = new HashJob('md5');
  for (const piece of pieces) await job.update(piece);
  return job.digest();
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

interface WithMiddleware {
  readonly middlewareStack: PutObjectCommand['middlewareStack'] | UploadPartCommand['middlewareStack'];
}

/**
 * Sends a body in its pieces, signed by the digest that was made in another thread; the SDK alone would leave it out
 * over TLS, or hash here, and take a body in pieces for one that can be sent only once.
 */
function withBody<C extends WithMiddleware>(command: C, { pieces }: Gathered, sha256: string): C {
  const stack = command.middlewareStack as PutObjectCommand['middlewareStack'];
  stack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string>; body?: unknown };
      request.headers['x-amz-content-sha256'] = sha256;
      request.body = pieces;
      return next(args);
    },
    { step: 'build', name: 'withBody' },
  );
  return command;
}
