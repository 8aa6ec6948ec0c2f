import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFile as readFileCallback, stat as statCallback } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolders } from '../../io/files/file.ts';
import { prune, touch } from './etag-prune.ts';

const readFile = promisify(readFileCallback);
const stat = promisify(statCallback);

/** An answer that was kept: its body as it came, and what is needed to ask whether it is still current. */
export interface CachedAnswer {
  readonly etag: string;
  readonly link: string | undefined;
  readonly body: Uint8Array;
}

/** Larger answers are not kept. */
const MAX_ENTRY = 64 * 1024 * 1024;
const MAC_LENGTH = 64;

/**
 * Answers of the API with their ETags, one file a URL, below `<cacheDir>/github/`.
 *
 * Nothing in it is believed: a file counts when its checksum fits (keyed by the identity, so that another user's file
 * never fits) and then only when the server confirms its ETag; without a secret to key it with, when it confirms these
 * bytes. A file that is lost, damaged or can't be written costs a request, never correctness. What nobody asks for again
 * is removed after a month.
 */
export class EtagCache {
  readonly #directory: string;
  readonly #identity: string;
  #pruned: Promise<void> | undefined;

  /** `identity` says whose answers these are: see {@link cacheIdentity}. */
  constructor(cacheDir: string, identity: string) {
    this.#directory = join(cacheDir, 'github');
    this.#identity = identity;
  }

  async read(request: string): Promise<CachedAnswer | undefined> {
    const key = this.#key(request);
    let file: Buffer;
    try {
      file = await readSmall(this.#path(key));
    } catch {
      return undefined;
    }
    const content = file.subarray(MAC_LENGTH);
    const mac = Buffer.from(file.subarray(0, MAC_LENGTH).toString('latin1'), 'hex');
    const right = this.#mac(key, content);
    if (mac.length !== right.length || !timingSafeEqual(mac, right)) return undefined;
    const end = content.indexOf(0x0a);
    // The checksum says that write() below made this line.
    const head = JSON.parse(content.subarray(0, end).toString('utf8')) as { etag: string; link?: string };
    return { etag: head.etag, link: head.link, body: content.subarray(end + 1) };
  }

  async write(request: string, answer: CachedAnswer): Promise<void> {
    if (answer.body.length > MAX_ENTRY - 65536) return;
    const key = this.#key(request);
    const head = Buffer.from(JSON.stringify({ etag: answer.etag, link: answer.link }) + '\n');
    const content = Buffer.concat([head, answer.body]);
    const path = this.#path(key);
    const temporary = `${path}.${randomUUID()}`;
    try {
      await makeFolders(join(path, '..'), 0o700);
      // No fsync: after a crash a torn file fails its checksum.
      await writeFile(temporary, Buffer.concat([Buffer.from(this.#mac(key, content).toString('hex')), content]), {
        mode: 0o600,
        flag: 'wx',
      });
      await rename(temporary, path);
      await (this.#pruned ??= prune(this.#directory, `${this.#directory}.pruned`));
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  async drop(request: string): Promise<void> {
    await rm(this.#path(this.#key(request)), { force: true }).catch(() => undefined);
  }

  #key(request: string): string {
    return createHash('sha256').update(`${this.#identity}\n${request}`).digest('hex');
  }

  #path(key: string): string {
    return join(this.#directory, key.slice(0, 2), key.slice(2));
  }

  #mac(key: string, content: Uint8Array): Buffer {
    return createHmac('sha256', this.#identity).update(key).update('\n').update(content).digest();
  }
}

/** A file handle would cost five times the processor time of these, and there are thousands of files. */
async function readSmall(path: string): Promise<Buffer> {
  const { size, mtimeMs } = await stat(path);
  if (size > MAX_ENTRY) throw new RangeError('too large');
  await touch(path, mtimeMs);
  return readFile(path);
}

/** Tokens of GitHub App installations (and of workflows) live an hour or less; all others stay. */
function isShortLived(token: string | undefined): boolean {
  return token !== undefined && token.startsWith('ghs_');
}

/**
 * Whose answers the cache holds: a digest of the token, so that two users' answers never mix. All installation tokens
 * share one identity, or each run would begin with nothing; {@link ifNoneMatch} keeps them apart.
 */
export function cacheIdentity(api: string, token: string | undefined): string {
  const who = isShortLived(token) ? 'installation' : (token ?? 'anonymous');
  return createHash('sha256').update(`pullthrough etag cache 1\n${api}\n${who}`).digest('hex');
}

/**
 * The `If-None-Match` for a kept answer. GitHub's ETag is the SHA-256 of the request's Accept and Authorization and of
 * the body (not documented), so that another token's ETag never matches. For a token that lives an hour, and without
 * one, it is made from the kept body instead of remembered: a 304 then says that these very bytes would be given, whoever
 * wrote them into the cache. Where a server makes its ETags differently, the answer is a full one.
 */
export function ifNoneMatch(
  answer: CachedAnswer,
  token: string | undefined,
  headers: { accept: string; authorization?: string },
) {
  if (token !== undefined && !isShortLived(token)) return answer.etag;
  const hash = createHash('sha256').update(`${headers.accept}:`);
  if (headers.authorization !== undefined) hash.update(`${headers.authorization}:`);
  return `W/"${hash.update(answer.body).digest('hex')}"`;
}
