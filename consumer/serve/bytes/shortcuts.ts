import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fetchable } from '../../download/select-assets.ts';
import { EVERY_ANSWER, fileHeaders, limitTime } from './file-headers.ts';
import type { FileSender } from './files.ts';
import type { Limits } from '../limits.ts';
import type { Metrics } from '../metrics.ts';

export interface ShortcutOptions {
  readonly files: Pick<FileSender, 'kept'>;
  /** What verdicts are made by: a new one each time that the ledger was looked at. */
  readonly catalog: () => object;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly limits: Limits;
  readonly metrics: Metrics;
  /** Told of each request that is answered here, with the length of its body. */
  readonly log: ((request: IncomingMessage, response: ServerResponse, length: () => number) => void) | undefined;
}

interface Shortcut {
  readonly sha256: string;
  readonly size: number;
  readonly catalog: object;
  readonly until: number;
  readonly headers: string[];
}

/** How long an answer may be given again; what time does to a verdict is seen that much later. */
const GOOD_MS = 1000;
const MOST = 1024;
const LONGEST_URL = 1024;
/** A request with one of these is for the router: it may want something else than the whole file. */
const OTHERWISE = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
];

/**
 * Gives the whole of a small file again to those who ask for the same address within a second, by the same state of the
 * ledger, out of memory that was hashed when it was read: the router, the verdict and the hooks take four times as long
 * as that.
 */
export class Shortcuts {
  readonly #options: ShortcutOptions;
  readonly #known = new Map<string, Shortcut>();
  #stopped = false;

  constructor(options: ShortcutOptions) {
    this.#options = options;
  }

  /** That a GET of this address means the whole of this file, as `catalog` said. */
  remember(url: string, file: Fetchable, catalog: object): void {
    if (url.length > LONGEST_URL || this.#options.files.kept(file.sha256) === undefined) return;
    if (this.#known.size >= MOST) this.#known.clear();
    const headers = Object.entries({ ...EVERY_ANSWER, ...fileHeaders(file, 0, file.size) });
    this.#known.set(url, {
      sha256: file.sha256,
      size: file.size,
      catalog,
      until: this.#options.now() + GOOD_MS,
      headers: headers.flatMap(([name, value]) => [name, String(value)]),
    });
  }

  /** Answers, or says false where the router must. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '', headers, socket } = request;
    const { catalog, now, files, limits, metrics, log } = this.#options;
    const known = method === 'GET' && !this.#stopped ? this.#known.get(url) : undefined;
    if (known === undefined) return false;
    if (known.catalog !== catalog() || known.until <= now()) {
      this.#known.delete(url);
      return false;
    }
    const bytes = files.kept(known.sha256);
    if (bytes === undefined || OTHERWISE.some((name) => headers[name] !== undefined)) return false;
    metrics.began();
    log?.(request, response, () => known.size);
    response.writeHead(200, known.headers).end(bytes);
    // What the system has taken already needs no limit; one that waits for an earlier answer on its connection does.
    if (response.socket !== null && socket.writableLength === 0 && socket.errored === null) {
      metrics.ended('download', 200, known.size);
      return true;
    }
    response.once('close', () => metrics.ended('download', 200, response.writableFinished ? known.size : 0));
    socket.setTimeout(limits.idle);
    limitTime(response, known.size, limits);
    return true;
  }

  /** From now on the router answers, which tells clients that no further request is taken. */
  stop(): void {
    this.#stopped = true;
    this.#known.clear();
  }
}
