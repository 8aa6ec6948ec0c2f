import { mkdtemp, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweep } from '../../io/files/leftover.ts';
import { Body } from '../../io/body/body.ts';
import { readBlocks } from '../../io/files/file.ts';
import type { FileBytes } from '../../inspect/member.ts';

/** What a review's folder is called. */
export const REVIEW_FOLDER = /^pullthrough-review-[A-Za-z0-9]{6}$/;

/** Takes the bytes of one file as they come. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/**
 * Files of a review while they are looked into: in a folder of this user's alone, which is removed at the end. What lies
 * there was compared equal first; nothing of it is ever run here.
 */
export class Spool implements AsyncDisposable {
  readonly folder: string;
  readonly #handles: FileHandle[] = [];

  readonly #signal: AbortSignal | undefined;

  private constructor(folder: string, signal: AbortSignal | undefined) {
    this.folder = folder;
    this.#signal = signal;
  }

  /** After `signal` reading what was written throws its reason. */
  static async open(signal?: AbortSignal): Promise<Spool> {
    // Runs that were killed left theirs.
    await sweep(tmpdir(), REVIEW_FOLDER);
    return new Spool(await mkdtemp(join(tmpdir(), 'pullthrough-review-')), signal);
  }

  path(sha256: string): string {
    return join(this.folder, sha256);
  }

  /** A file to be written from its beginning. */
  async sink(sha256: string): Promise<Sink> {
    const handle = await open(this.path(sha256), 'w', 0o600);
    return {
      async write(chunk) {
        await handle.write(chunk);
      },
      end: () => handle.close(),
    };
  }

  /** What was written, as it is looked into. */
  async bytes({ name, size, sha256 }: { name: string; size: number; sha256: string }): Promise<FileBytes> {
    const path = this.path(sha256);
    const signal = this.#signal;
    const handle = await open(path, 'r');
    this.#handles.push(handle);
    return {
      name,
      size,
      async read(offset, length) {
        signal?.throwIfAborted();
        const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
        return buffer.subarray(0, bytesRead);
      },
      stream: (offset) => new Body(blocksOf(path, offset, signal)),
    };
  }

  /** Closes what is open, and leaves the files where they are. */
  async close(): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function* blocksOf(path: string, offset: number | undefined, signal: AbortSignal | undefined) {
  for await (const chunk of readBlocks(path, offset).chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
