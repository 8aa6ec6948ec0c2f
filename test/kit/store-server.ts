import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { utf8 } from '../../ledger-schema/index.ts';
import { storeKey } from '../../store/store.ts';

/** A web server with content-addressed files, and a switch for each way that one can be wrong. */
export class StoreServer {
  readonly url: string;
  readonly objects = new Map<string, Uint8Array>();
  /** The paths that were asked for. */
  readonly requests: string[] = [];
  /** Answers in its own way, and says so. */
  fault: ((request: IncomingMessage, response: ServerResponse, body: Uint8Array | undefined) => boolean) | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/store`;
  }

  static async start(bodies: readonly (Uint8Array | string)[] = []): Promise<StoreServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const store = new StoreServer(server);
    for (const body of bodies) store.add(body);
    server.on('request', (request, response) => store.#answer(request, response));
    return store;
  }

  add(body: Uint8Array | string): string {
    const bytes = typeof body === 'string' ? utf8(body) : body;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.objects.set(`/store/${storeKey(sha256)}`, bytes);
    return sha256;
  }

  /** Other bytes under a key. */
  corrupt(sha256: string, body: Uint8Array | string): void {
    this.objects.set(`/store/${storeKey(sha256)}`, typeof body === 'string' ? utf8(body) : body);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(request.url ?? '');
    const body = this.objects.get(request.url ?? '');
    if (this.fault?.(request, response, body) === true) return;
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-length': body.length }).end(body);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
