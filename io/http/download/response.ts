import type { Dispatcher } from 'undici';
import { BLOCK, keep, placeInBlock, release, takeBlock } from '../../body/blocks.ts';
import { Body } from '../../body/body.ts';
import { copyInto } from '../../body/copy-into.ts';
import type { GetOptions, HttpResponse } from '../http-response.ts';
import { networkError } from '../network-error.ts';
import { shownUrl } from '../url.ts';

/** Blocks that wait for the reader before the connection is held back. */
const AHEAD = 1;
/** A reader who waits gets what is there, full block or not, after this many milliseconds, or when a piece this short comes. */
const PATIENCE_MS = 20;
const SHORT = 4096;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One GET through `dispatcher`. Throws `E_NETWORK` and `E_TIMEOUT`, or the signal's reason. */
export async function dispatchGet(dispatcher: Dispatcher, url: URL, options: GetOptions): Promise<HttpResponse> {
  const { headers, signal, stallMs } = options;
  signal?.throwIfAborted();
  const body = new ResponseBody(options.where ?? shownUrl(url), signal);
  const { path = url.pathname + url.search } = options;
  dispatcher.dispatch(
    { origin: url.origin, path, method: 'GET', headers, headersTimeout: stallMs, bodyTimeout: stallMs },
    body,
  );
  const { status, fields } = await body.head;
  const header = (name: string): string | undefined => {
    const value = fields[name];
    return typeof value === 'object' ? value.join(', ') : value;
  };
  return {
    status,
    header,
    headers: () => Object.fromEntries(Object.keys(fields).map((name) => [name, header(name) ?? ''])),
    body: new Body(body.chunks()),
    abandon: () => body.abandon(),
  };
}

/**
 * Gathers a body in blocks as it arrives: it is copied once, so that its reader, a hashing thread and a file may hold
 * it while the connection's own memory is used again.
 */
class ResponseBody implements Dispatcher.DispatchHandler {
  readonly #where: string;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.abandon();
  #controller: Dispatcher.DispatchController | undefined;
  #begun: ((head: { status: number; fields: Headers }) => void) | undefined;
  #failed: ((error: unknown) => void) | undefined;
  #ready: Uint8Array[] = [];
  #block: Uint8Array | undefined;
  /** Which part of the block is filled. */
  #from = 0;
  #to = 0;
  #handedOn = 0;
  #flushed = 0;
  #over: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  readonly head = new Promise<{ status: number; fields: Headers }>((resolve, reject) => {
    this.#begun = resolve;
    this.#failed = reject;
  });

  constructor(where: string, signal: AbortSignal | undefined) {
    this.#where = where;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('given up'));
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, fields: Headers): void {
    // 103 announces the answer proper.
    if (status < 200) return;
    this.#flushed = performance.now();
    this.#begun?.({ status, fields });
  }

  /** The chunk is the connection's own: nothing of it may be kept. */
  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#over;) {
      if (this.#block === undefined) {
        this.#block = takeBlock();
        this.#from = placeInBlock(this.#handedOn);
        this.#to = this.#from;
      }
      const piece = chunk.subarray(at, at + BLOCK - this.#to);
      copyInto(this.#block, this.#to, piece);
      at += piece.length;
      this.#to += piece.length;
      if (this.#to === BLOCK) this.#flush();
    }
    const isLate = chunk.length < SHORT || performance.now() - this.#flushed > PATIENCE_MS;
    if (this.#wake !== undefined && isLate) this.#flush();
    if (this.#ready.length >= AHEAD) controller.pause();
  }

  onResponseEnd(): void {
    this.#end(undefined);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end(error);
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#ready.shift();
        if (chunk) {
          if (this.#ready.length <= AHEAD / 2) this.#controller?.resume();
          yield chunk;
        } else if (this.#over) {
          if (this.#over.error) throw this.#problem(this.#over.error);
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
        }
      }
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    const error = new Error('given up');
    if (!this.#over) {
      this.#end(error);
      this.#controller?.abort(error);
    }
    for (const chunk of this.#ready.splice(0)) release(chunk);
  }

  #end(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = { error };
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#flush();
    if (error) this.#failed?.(this.#problem(error));
    this.#wake?.();
  }

  /** Hands on what came since the last time. What is left of a block is filled next: a slow sender's bytes don't take one each. */
  #flush(): void {
    const block = this.#block;
    if (block === undefined) return;
    const isDone = this.#to === BLOCK || this.#over !== undefined;
    if (isDone) this.#block = undefined;
    if (this.#to === this.#from) {
      if (isDone) release(block);
      return;
    }
    if (!isDone) keep(block);
    this.#ready.push(block.subarray(this.#from, this.#to));
    this.#handedOn += this.#to - this.#from;
    this.#from = this.#to;
    this.#flushed = performance.now();
    this.#wake?.();
  }

  #problem(error: Error): Error {
    return this.#signal?.aborted ? (this.#signal.reason as Error) : networkError(error, this.#where);
  }
}
