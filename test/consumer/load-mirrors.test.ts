import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { loadMirrors } from '../../consumer/download/mirrors.ts';

test('what asks a store is loaded without asking it anything, not even for a connection', async () => {
  let connections = 0;
  const server = createServer(() => connections++).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  await loadMirrors([`http://127.0.0.1:${port}/store/`, 'HTTPS://store.invalid/', 'file:./store', './store']);
  await new Promise((done) => server.close(done));
  expect(connections).toBe(0);
});
