import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verify } from '../../consumer/index.ts';
import type { ConsumerOptions } from '../../consumer/options.ts';
import { openLocalRepository } from '../../ledger/git/local.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import type { FetchLimits, LedgerRepository } from '../../ledger/git/repository.ts';
import { createGitHandler } from '../servers/git.ts';
import { BLOCK, FLUSH, PACK, PORTALS, band, endless, endlessBranches, page } from '../servers/hostile-git.ts';
import type { GitAnswer } from '../servers/hostile-git.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../kit/readers.ts';

let ledger: TestLedger;
let server: Server;
let url: string;
let honest: GitAnswer;
let answer: GitAnswer;

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

async function machine(): Promise<ConsumerOptions & { readonly cacheDir: string }> {
  const home = await temporaryFolder();
  return { ledger: url, pin: ledger.pin(), cacheDir: `${home}/cache`, stateDir: `${home}/state`, now: NOW };
}

/** A host that sends a little now and then, and never ends. */
const trickle = (piece: string): GitAnswer => {
  return (request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    const timer = setInterval(() => response.write(piece), 200);
    request.socket.on('close', () => clearInterval(timer));
  };
};

/** How many are connected, once those that have gone are noticed. */
async function connections(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  return promisify(server.getConnections.bind(server))();
}

/** What lies in a clone or beside it and was never finished. */
async function leftovers(cacheDir: string): Promise<string[]> {
  const names = await readdir(cacheDir, { recursive: true });
  return names.filter((name) => /\.tmp$|tmp_|shallow\.lock|\.temp$/.test(name));
}

describe('a host that is not a git host', () => {
  test.each(PORTALS)('is unreachable: %s, and the copy that is here stays', async (_, portal) => {
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

  test.each<[string, GitAnswer, FetchLimits]>([
    ['that talks', endless(FLUSH.subarray(4), band(2, 'counting, counting\n'.repeat(1000))), {}],
    ['that talks without a line’s end', endless(FLUSH.subarray(4), band(2, 'x'.repeat(60_000))), {}],
    ['that sends', endless(band(1, PACK), band(1, BLOCK)), { bytes: 20_000_000 }],
    ['that sends, by the clock', endless(band(1, PACK), band(1, BLOCK)), { ms: 1500 }],
    ['that says nothing', endless(FLUSH.subarray(4), Buffer.alloc(0)), { ms: 1500 }],
    ['whose list of branches has no end', endlessBranches(), {}],
    ['whose list of branches trickles', trickle('0'), { ms: 1500 }],
  ])('%s is stopped, and what it left is swept', async (_, host, limits) => {
    answer = host;
    const { repository, cacheDir } = await opened(limits);
    await expect(repository.update()).rejects.toMatchObject({ code: 'E_LEDGER_UNREACHABLE', exit: 1 });
    expect(await leftovers(cacheDir)).toEqual([]);
    // Neither git nor what it started outlives that: nobody is connected any more.
    expect(await connections()).toBe(0);
    await repository.close();
  });
});

test.each<readonly [string, GitAnswer]>([
  ...PORTALS,
  ['a host that sends without an end', endless(band(1, PACK), band(1, BLOCK))],
  ['a host that says nothing', endless(FLUSH.subarray(4), Buffer.alloc(0))],
])('what a partial clone of one’s own lacks is asked for once, in bounded time and bytes: %s', async (_, hostile) => {
  answer = honest;
  const clone = join(await temporaryFolder(), 'clone');
  await promisify(execFile)('git', ['clone', '--quiet', '--bare', '--filter=tree:0', url, clone]);
  await using local = await openLocalRepository(clone, process.env, { bytes: 20_000_000, ms: 3000 });
  const snapshot = local.snapshot(await local.resolve('main'));
  let requests = 0;
  answer = (request, response) => {
    requests++;
    hostile(request, response);
  };
  await expect(snapshot.list('packages')).rejects.toMatchObject({ code: 'E_LEDGER_UNREACHABLE', exit: 1 });
  expect(requests).toBeLessThan(30);
  expect(await leftovers(clone)).toEqual([]);
  answer = honest;
  expect(await snapshot.list('packages')).toHaveLength(1);
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
