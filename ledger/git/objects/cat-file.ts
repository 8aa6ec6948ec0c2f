import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Socket } from 'node:net';
import { PullthroughError } from '../../../ledger-schema/error.ts';

/** What git knows of one object. */
export interface ObjectInfo {
  readonly type: string;
  /** Bytes. */
  readonly size: number;
}

/** One object's bytes; `undefined` where it has more than was asked for. */
export interface ObjectContents extends ObjectInfo {
  readonly bytes: Uint8Array | undefined;
}

interface Request {
  readonly oid: string;
  /** Undefined: only type and size are wanted. */
  readonly limit: number | undefined;
  /** Its size is asked for first; the bytes are asked for when the answer is within the limit. */
  readonly sizeFirst: boolean;
  readonly resolve: (answer: ObjectContents | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** How many requests are under way at once; the rest wait here, so git's answers don't pile up. */
const IN_FLIGHT = 1000;
const LONGEST_HEADER = 200;
/** Anything else could be a second command, or another name for an object. */
const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * One `git cat-file --batch-command` that lives as long as its repository is open. Requests are answered in order and
 * many are under way at once. It doesn't keep this process alive: while idle it is unreferenced, and it ends when its
 * stdin does.
 */
export class CatFile {
  readonly #directory: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #died: () => void;
  #child: ChildProcessWithoutNullStreams | undefined;
  #waiting: Request[] = [];
  #asked: Request[] = [];
  #scheduled = false;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #header: (ObjectInfo & { readonly oid: string }) | undefined;
  #skip = 0;
  #stderr = '';

  /** `died` is called where git ended by itself, as it does over an object that it can't read. */
  constructor(directory: string, env: Readonly<Record<string, string>>, died: () => void = () => undefined) {
    this.#directory = directory;
    this.#env = env;
    this.#died = died;
  }

  /** Type and size of an object, or undefined where it isn't here. */
  info(oid: string): Promise<ObjectInfo | undefined> {
    return this.#ask(oid, undefined, false);
  }

  /**
   * An object's bytes, or undefined where it isn't here; without bytes where it has more than `limit`. By `asked` git reads
   * it only once its size is known.
   */
  contents(oid: string, limit: number, asked?: 'size first'): Promise<ObjectContents | undefined> {
    return this.#ask(oid, limit, asked !== undefined);
  }

  /** The contents of many objects, each asked for once its size is known; `found` gets those that are here. */
  contentsOfMany(
    oids: readonly string[],
    limit: number,
    found: (oid: string, answer: ObjectContents) => void,
  ): Promise<void> {
    const wrong = oids.find((oid) => !OID.test(oid));
    if (wrong !== undefined) return Promise.reject(notAnId(wrong));
    if (oids.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let left = oids.length;
      for (const oid of oids) {
        const answer = (contents: ObjectContents | undefined): void => {
          if (contents !== undefined) found(oid, contents);
          if (--left === 0) resolve();
        };
        this.#waiting.push({ oid, limit, sizeFirst: true, resolve: answer, reject });
      }
      this.#sendSoon();
    });
  }

  /** Ends the process; a later request starts another. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    this.#failAll(new PullthroughError('E_GIT', 'the repository was closed while it was being read'));
    await new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      this.#reference(child, true);
      child.stdin.end();
      child.stdout.resume();
      child.kill();
    });
  }

  #ask(oid: string, limit: number | undefined, sizeFirst: boolean): Promise<ObjectContents | undefined> {
    if (!OID.test(oid)) return Promise.reject(notAnId(oid));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ oid, limit, sizeFirst, resolve, reject });
      this.#sendSoon();
    });
  }

  #sendSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#waiting.length === 0 || this.#asked.length > IN_FLIGHT / 2) return;
    const child = (this.#child ??= this.#start());
    if (this.#asked.length === 0) this.#reference(child, true);
    const batch = this.#waiting.splice(0, IN_FLIGHT - this.#asked.length);
    for (const request of batch) this.#asked.push(request);
    const lines = batch.map(
      ({ oid, limit, sizeFirst }) => `${limit === undefined || sizeFirst ? 'info' : 'contents'} ${oid}\n`,
    );
    child.stdin.write(`${lines.join('')}flush\n`);
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = spawn('git', ['cat-file', '--batch-command', '--buffer'], { cwd: this.#directory, env: this.#env });
    this.#chunks = [];
    this.#buffered = 0;
    this.#header = undefined;
    this.#skip = 0;
    this.#stderr = '';
    const ended = (cause?: Error): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      const said = this.#stderr.trim().split('\n')[0] ?? '';
      this.#died();
      const message = `git stopped while objects were being read${said === '' ? '' : `: ${said}`}`;
      const hint = /unknown (option|switch)/.test(said) ? 'git 2.39 or later is needed' : 'run it again';
      this.#failAll(new PullthroughError('E_GIT', message, { hint, cause }));
    };
    child.once('error', ended);
    child.once('close', () => ended());
    // A git that has gone is noticed by its end; the broken pipe adds nothing.
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (chunk: Buffer) => {
      if (this.#stderr.length < 2000) this.#stderr += chunk.toString('utf8');
    });
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#child !== child) return;
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      try {
        this.#read();
      } catch (error) {
        ended(error instanceof Error ? error : undefined);
        child.kill();
        return;
      }
      this.#send();
      if (this.#asked.length === 0) this.#reference(child, false);
    });
    return child;
  }

  #reference(child: ChildProcessWithoutNullStreams, wanted: boolean): void {
    // The streams of a child are sockets; their types don't say so.
    for (const part of [child, child.stdin, child.stdout, child.stderr] as unknown as Socket[]) {
      if (wanted) part.ref();
      else part.unref();
    }
  }

  #failAll(error: Error): void {
    const requests = [...this.#asked, ...this.#waiting];
    this.#asked = [];
    this.#waiting = [];
    for (const request of requests) request.reject(error);
  }

  /** Takes every answer that has arrived whole. */
  #read(): void {
    let done = 0;
    for (;;) {
      if (this.#skip > 0) {
        if (this.#buffered === 0) break;
        this.#skip -= this.#take(Math.min(this.#skip, this.#buffered)).length;
        continue;
      }
      const request = this.#asked[done];
      if (this.#header) {
        // The newline after the bytes belongs to the answer.
        if (this.#buffered < this.#header.size + 1) break;
        const { type, size } = this.#header;
        this.#header = undefined;
        request?.resolve({ type, size, bytes: this.#take(size + 1).subarray(0, size) });
        done++;
        continue;
      }
      const line = this.#line();
      if (line === undefined) break;
      if (!request) throw new Error(`an answer that nobody asked for: ${line}`);
      const { oid } = request;
      if (!line.startsWith(`${oid} `)) throw new Error(`an answer for another object: ${line}`);
      const space = line.indexOf(' ', oid.length + 1);
      const type = line.slice(oid.length + 1, space < 0 ? undefined : space);
      if (type === 'missing') {
        request.resolve(undefined);
        done++;
        continue;
      }
      const found = { oid, type, size: space < 0 ? Number.NaN : Number(line.slice(space + 1)) };
      if (!Number.isSafeInteger(found.size)) throw new Error(`an answer without a size: ${line}`);
      if (request.limit === undefined) {
        request.resolve({ ...found, bytes: undefined });
        done++;
      } else if (request.sizeFirst && found.size <= request.limit) {
        this.#waiting.push({ ...request, sizeFirst: false });
        done++;
      } else if (found.size > request.limit) {
        if (!request.sizeFirst) this.#skip = found.size + 1;
        request.resolve({ ...found, bytes: undefined });
        done++;
      } else {
        this.#header = found;
      }
    }
    this.#asked.splice(0, done);
  }

  #line(): string | undefined {
    let before = 0;
    for (const chunk of this.#chunks) {
      const end = chunk.indexOf(10);
      if (end >= 0) return this.#take(before + end + 1).toString('latin1', 0, before + end);
      before += chunk.length;
      if (before > LONGEST_HEADER) throw new Error('an answer without an end');
    }
    return undefined;
  }

  #take(length: number): Buffer {
    const first = this.#chunks[0];
    if (first && first.length >= length) {
      this.#buffered -= length;
      if (first.length === length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all.subarray(length)];
    this.#buffered = all.length - length;
    return all.subarray(0, length);
  }
}

function notAnId(oid: string): PullthroughError {
  return new PullthroughError('E_GIT', `not an object id: ${JSON.stringify(oid.slice(0, 80))}`);
}
