import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { runModule } from '../kit/processes/program.ts';

// In a process of its own: where anything else has loaded all of undici, its parts are more than they are alone.
test('a proxy is asked for a tunnel to an https host, and its no is told', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(request.url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const program = `
    import { openDownload } from './io/http/download/download.ts';
    import { httpFetch } from './io/http/http.ts';
    const retry = { tries: 1, baseMs: 1, capMs: 1 };
    const download = async () => { for await (const _ of openDownload({ url: 'https://host.example/x', size: 1, retry })) break; };
    for (const one of [download, () => httpFetch('https://host.example/x')])
      await one().catch((error) => console.log(error.message));
  `;
  const { stdout } = await runModule(program, { HTTPS_PROXY: url });
  proxy.close();
  expect(stdout).toBe('the proxy does not let us reach https://host.example (403)\n'.repeat(2));
  expect(asked).toEqual(['host.example:443', 'host.example:443']);
});
