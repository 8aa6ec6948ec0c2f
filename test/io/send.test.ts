import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { isBlock } from '../../io/body/blocks.ts';
import { send } from '../../io/http/send.ts';

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const GET = { method: 'GET', headers: { 'x-own': 'mine' }, timeoutMs: 600_000, large: true };

test('a large answer comes in blocks, for exactly the path that was signed', async () => {
  const bytes = randomBytes(3_000_000);
  let asked: IncomingMessage | undefined;
  const origin = await serve((request, response) => {
    asked = request;
    response.writeHead(206, { etag: '"e"', 'x-two': ['a', 'b'] }).end(bytes);
  });
  const { status, headers, body } = await send({ ...GET, origin, path: "/a/../b//c'd?x-id=GetObject" });
  expect({ status, headers }).toMatchObject({ status: 206, headers: { etag: '"e"', 'x-two': 'a, b' } });
  expect(asked?.url).toBe("/a/../b//c'd?x-id=GetObject");
  expect(asked?.headers['x-own']).toBe('mine');
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  expect(chunks.every(isBlock)).toBe(true);
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
});

test('a large answer that is given up ends its connection at once, though nothing comes any more', async () => {
  let gone: (() => void) | undefined;
  const ended = new Promise<void>((resolve) => (gone = resolve));
  const origin = await serve((_, response) => {
    response.once('close', () => gone?.());
    response.writeHead(200, { 'content-length': '1000' }).write('begun');
  });
  const { body } = await send({ ...GET, origin, path: '/' });
  const failed = new Promise((resolve) => body.once('error', resolve));
  body.resume();
  setImmediate(() => body.destroy(new Error('enough')));
  expect(await failed).toMatchObject({ message: 'enough' });
  await ended;
});
