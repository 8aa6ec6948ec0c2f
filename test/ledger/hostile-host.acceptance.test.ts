import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verify } from '../../consumer/index.ts';
import type { ConsumerOptions } from '../../consumer/options.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import type { FetchLimits, LedgerRepository } from '../../ledger/git/repository.ts';
import { createGitHandler } from '../servers/git.ts';
import { TestLedger } from '../kit/ledger-maker.ts';
import { NOW, temporaryFolder } from '../kit/readers.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let ledger: TestLedger;
let server: Server;
let url: string;
let honest: Answer;
let answer: Answer;

beforeAll(async () => {
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { tool: 'bytes' } });
  await ledger.commit();
  honest = createGitHandler({ root: dirname(ledger.directory) });
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ledger.git`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const page = (type: string, body: string, status = 200): Answer => {
  return (_, response) => void response.writeHead(status, { 'content-type': type }).end(body);
};

const packet = (text: string | Buffer): Buffer => {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
};
const FLUSH = Buffer.from('0000');
const TIP = 'a'.repeat(40);

/** A host that speaks git until it sends what was asked for: then it sends `chunks`, for ever. */
function endless(first: Buffer, chunks: Buffer): Answer {
  const capabilities = ['version 2\n', 'ls-refs\n', 'fetch=shallow filter\n', 'object-format=sha1\n'].map(packet);
  return (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      response.end(Buffer.concat([packet('# service=git-upload-pack\n'), FLUSH, ...capabilities, FLUSH]));
      return;
    }
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      if (Buffer.concat(parts).includes('command=ls-refs')) {
        response.end(Buffer.concat([packet(`${TIP} refs/heads/main\n`), FLUSH]));
        return;
      }
      response.on('error', () => undefined);
      response.write(Buffer.concat([packet('packfile\n'), first]));
      const more = (): void => {
        while (chunks.length > 0 && !response.destroyed) {
          if (!response.write(chunks)) return void response.once('drain', more);
        }
      };
      more();
    });
  };
}

const band = (number: number, bytes: string | Buffer) =>
  packet(Buffer.concat([Buffer.from([number]), Buffer.from(bytes)]));
/** A pack of one file of 2^39 bytes; what follows are blocks of it that nobody compressed. */
const PACK = Buffer.concat([
  Buffer.from('PACK'),
  Buffer.from([0, 0, 0, 2, 0, 0, 0, 1]),
  Buffer.from([0xb0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x78, 0x01]),
]);
const BLOCK = Buffer.concat([Buffer.from([0, 0x00, 0x80, 0xff, 0x7f]), Buffer.alloc(0x8000, 'x')]);

async function machine(): Promise<ConsumerOptions & { readonly cacheDir: string }> {
  const home = await temporaryFolder();
  return { ledger: url, pin: ledger.pin(), cacheDir: `${home}/cache`, stateDir: `${home}/state`, now: NOW };
}

/** What lies in a clone or beside it and was never finished. */
async function leftovers(cacheDir: string): Promise<string[]> {
  const names = await readdir(cacheDir, { recursive: true });
  return names.filter((name) => /\.tmp$|tmp_|shallow\.lock|\.temp$/.test(name));
}

describe('a host that is not a git host', () => {
  test.each<[string, Answer]>([
    ["a captive portal's page", page('text/html', '<html>\n<body>Log in\there</body>\n</html>\n')],
    ['a page of one line', page('text/html', '<html>Log in here</html>')],
    ['JSON', page('application/json', '{"error":"who are you?"}')],
    ['an empty answer', page('text/plain', '')],
    ['a page under the right name', page('application/x-git-upload-pack-advertisement', '<html>Log in</html>\n')],
    ['a page with a status of its own', page('text/html', 'authenticate', 511)],
    ['a connection that ends', (request) => void request.socket.destroy()],
  ])('is unreachable: %s, and the copy that is here stays', async (_, portal) => {
    const options = await machine();
    answer = portal;
    await expect(verify('acme/tool@v1.0.0', options)).rejects.toMatchObject({ code: 'E_LEDGER_UNREACHABLE', exit: 1 });
    answer = honest;
    await verify('acme/tool@v1.0.0', options);
    answer = portal;
    await expect(verify('acme/tool@v1.0.0', options)).rejects.toMatchObject({ code: 'E_LEDGER_UNREACHABLE', exit: 1 });
    expect(await verify('acme/tool@v1.0.0', { ...options, offline: true })).toMatchObject({ tag: 'v1.0.0' });
    await using all = await openLedger({ url, branch: 'main', cacheDir: options.cacheDir, refs: 'all' });
    await expect(all.update()).toFailWith('E_LEDGER_UNREACHABLE');
    expect(await leftovers(options.cacheDir)).toEqual([]);
    answer = honest;
    expect(await verify('acme/tool@v1.0.0', options)).toMatchObject({ tag: 'v1.0.0' });
  });

  test('a repository without a branch is one', async () => {
    answer = honest;
    const options = { ...(await machine()), branch: 'none' };
    await expect(verify('acme/tool@v1.0.0', options)).toFailWith('E_POLICY_MISSING');
  });
});

describe('a host without an end', () => {
  const opened = async (limits: FetchLimits): Promise<{ repository: LedgerRepository; cacheDir: string }> => {
    const cacheDir = await temporaryFolder();
    return { repository: await openLedger({ url, branch: 'main', cacheDir, refs: 'branch', limits }), cacheDir };
  };

  test.each<[string, Answer, FetchLimits]>([
    ['that talks', endless(FLUSH.subarray(4), band(2, 'counting, counting\n'.repeat(1000))), {}],
    ['that talks without a line’s end', endless(FLUSH.subarray(4), band(2, 'x'.repeat(60_000))), {}],
    ['that sends', endless(band(1, PACK), band(1, BLOCK)), { bytes: 20_000_000 }],
    ['that sends, by the clock', endless(band(1, PACK), band(1, BLOCK)), { ms: 1500 }],
    ['that says nothing', endless(FLUSH.subarray(4), Buffer.alloc(0)), { ms: 1500 }],
  ])('%s is stopped, and what it left is swept', async (_, host, limits) => {
    answer = host;
    const { repository, cacheDir } = await opened(limits);
    await expect(repository.update()).rejects.toMatchObject({ code: 'E_LEDGER_UNREACHABLE', exit: 1 });
    expect(await leftovers(cacheDir)).toEqual([]);
    await repository.close();
  });
});

test('a clone that git cannot read is used until a new one is complete', async () => {
  answer = honest;
  const options = await machine();
  await verify('acme/tool@v1.0.0', options);
  const [clone = ''] = await readdir(join(options.cacheDir, 'ledgers'));
  await using before = await openLedger({ url, branch: 'main', cacheDir: options.cacheDir, refs: 'branch' });
  await writeFile(join(options.cacheDir, 'ledgers', clone, 'pullthrough-condemned'), '');
  answer = page('text/html', '<html>');
  await expect(before.update()).toFailWith('E_LEDGER_UNREACHABLE');
  expect(await verify('acme/tool@v1.0.0', { ...options, offline: true })).toMatchObject({ tag: 'v1.0.0' });
  answer = honest;
  await before.update();
  expect(await readdir(join(options.cacheDir, 'ledgers', clone))).not.toContain('pullthrough-condemned');
});
