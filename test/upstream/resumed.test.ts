import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GitHubClient } from '../../github/client.ts';
import type { Asset } from '../../github/types.ts';
import { sweepBegun } from '../../io/files/begun.ts';
import { Limit } from '../../io/limit.ts';
import { SILENT } from '../../io/progress.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { FileStore } from '../../store/file-store.ts';
import { storeAsset, storeExternal } from '../../upstream/transfer.ts';
import type { Transfer } from '../../upstream/transfer.ts';
import { file, startFlaky, status } from '../servers/flaky.ts';
import type { FlakyServer, Reply } from '../servers/flaky.ts';

const MIB = 1 << 20;
const bytes = randomBytes(5 * MIB);
const others = randomBytes(5 * MIB);
const digest = (of: Uint8Array): string => createHash('sha256').update(of).digest('hex');
const sha256 = digest(bytes);

let server: FlakyServer;
let folder: string;
let stop: AbortController;
let told: number;
/** Told of all bytes that came so far. */
let onTold: (total: number) => void;
beforeEach(async () => {
  server = await startFlaky();
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-resumed-'));
  stop = new AbortController();
  told = 0;
  onTold = () => undefined;
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const partials = async (): Promise<string[]> => readdir(join(folder, 'cache', 'partial')).catch(() => []);

function transfer(): Transfer {
  const advance = (count: number): void => {
    told += count;
    onTold(told);
  };
  const progress = { ...SILENT, start: () => ({ advance, done: () => undefined }) };
  return {
    client: new GitHubClient({ api: `${server.origin}/api`, progress }),
    store: new FileStore({ root: join(folder, 'store'), progress }),
    limit: new Limit(1),
    progress,
    signal: stop.signal,
    privateHosts: ['127.0.0.1'],
    spool: join(folder, 'cache', 'spool'),
    partials: join(folder, 'cache', 'partial'),
    label: 'acme/tool v1',
  };
}

function asset(changes: Partial<Asset> = {}): Asset {
  return {
    id: 7,
    name: 'tool',
    size: bytes.length,
    sha256,
    state: 'uploaded',
    uploader: 'bot',
    browserUrl: `${server.origin}/tool`,
    apiUrl: `${server.origin}/api/tool`,
    updatedAt: new Date('2026-01-01T00:00:00Z'),
    ...changes,
  } as Asset;
}

/** Interrupts the run when a part came and the rest is missing. */
async function interrupted(run: () => Promise<unknown>, etag?: string): Promise<void> {
  server.answer(file(bytes, { stallAfter: 3 * MIB, ...(etag === undefined ? {} : { etag }) }));
  onTold = (total) => {
    if (total > 2 * MIB) stop.abort(new PullthroughError('E_INTERRUPTED', 'interrupted by SIGINT'));
  };
  await expect(run).toFailWith('E_INTERRUPTED');
  stop = new AbortController();
  onTold = () => undefined;
  told = 0;
}

const rangeOf = (at: number): string | undefined => server.seen.at(at)?.headers.range;
const stored = (): Promise<Buffer> => readFile(join(folder, 'store', 'sha256', sha256.slice(0, 2), sha256));
/** As `file`, for a client that knows no validator. */
const rest: Reply = (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { 'content-length': bytes.length - from, 'content-range': range });
  response.end(bytes.subarray(from));
};

describe('an interrupted download from upstream into a folder', () => {
  const said = [{ by: 'github', algorithm: 'sha256', digest: sha256 }] as const;

  test('leaves nothing unfinished in the store, and goes on where it was', async () => {
    await interrupted(() => storeAsset(transfer(), asset(), said), '"1"');
    expect(await readdir(join(folder, 'store', '.tmp'))).toEqual([]);
    const [name = ''] = (await partials()).filter((one) => one.endsWith('.part'));
    const { length } = await readFile(join(folder, 'cache', 'partial', name));
    expect(length).toBeGreaterThan(MIB);
    server.answer(file(bytes, { etag: '"1"' }));
    await storeAsset(transfer(), asset(), said);
    expect(rangeOf(-1)).toBe(`bytes=${length}-`);
    expect(server.seen.at(-1)?.headers['if-range']).toBe('"1"');
    expect(digest(await stored())).toBe(sha256);
    expect(await partials()).toEqual([]);
    expect(told).toBe(bytes.length);
  });

  test('goes on where the server has no ETag, since the digest is known', async () => {
    await interrupted(() => storeAsset(transfer(), asset(), said));
    server.answer(rest);
    await storeAsset(transfer(), asset(), said);
    expect(rangeOf(-1)).toMatch(/^bytes=\d{7}-$/);
    expect(digest(await stored())).toBe(sha256);
  });

  test('begins at the beginning where what was kept is damaged', async () => {
    await interrupted(() => storeAsset(transfer(), asset(), said));
    const [name = ''] = await partials();
    await writeFile(join(folder, 'cache', 'partial', name), randomBytes(2 * MIB));
    server.answer((request, response) => (request.headers.range === undefined ? file(bytes) : rest)(request, response));
    await storeAsset(transfer(), asset(), said);
    expect(rangeOf(-2)).toBe(`bytes=${2 * MIB}-`);
    expect(rangeOf(-1)).toBeUndefined();
    expect(digest(await stored())).toBe(sha256);
    expect(await partials()).toEqual([]);
  });

  test('begins at the beginning where upstream replaced the file', async () => {
    await interrupted(() => storeAsset(transfer(), asset(), said), '"1"');
    const now = { id: 8, sha256: digest(others), updatedAt: new Date('2026-01-02T00:00:00Z') };
    server.answer(file(others, { etag: '"2"' }));
    await storeAsset(transfer(), asset(now), [{ ...said[0], digest: digest(others) }]);
    expect(rangeOf(-1)).toBeUndefined();
  });

  test('keeps what came when the connection breaks for good', async () => {
    server.answer(file(bytes, { cutAfter: 3 * MIB, etag: '"1"' }), status(403));
    await expect(() => storeAsset(transfer(), asset(), said)).toFailWith('E_CREDENTIAL');
    expect(await partials()).toEqual([]);
    server.answer(file(bytes, { cutAfter: 3 * MIB, etag: '"1"' }), status(429, { 'retry-after': '3600' }));
    await expect(() => storeAsset(transfer(), asset(), said)).toFailWith('E_RATE_LIMIT');
    expect(await partials()).toHaveLength(2);
  });
});

describe('an interrupted download whose digest nobody knows', () => {
  const unknown = { sha256: undefined };

  test('goes on where the server says that it is the same version', async () => {
    await interrupted(() => storeAsset(transfer(), asset(unknown), []), '"1"');
    server.answer(file(bytes, { etag: '"1"' }));
    const { digests } = await storeAsset(transfer(), asset(unknown), []);
    expect(rangeOf(-1)).toMatch(/^bytes=\d{7}-$/);
    expect(digests.sha256).toBe(sha256);
  });

  test('never joins bytes of two versions', async () => {
    await interrupted(() => storeAsset(transfer(), asset(unknown), []), '"1"');
    server.answer(file(others, { etag: '"2"' }));
    const { digests } = await storeAsset(transfer(), asset(unknown), []);
    expect(digests.sha256).toBe(digest(others));
    expect(await partials()).toEqual([]);
  });

  test('never joins them where the server ignores what it was asked', async () => {
    await interrupted(() => storeAsset(transfer(), asset(unknown), []), '"1"');
    server.answer((request, response) => {
      if (request.headers.range === undefined) return file(others, { etag: '"2"' })(request, response);
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range)?.[1]);
      const range = `bytes ${from}-${others.length - 1}/${others.length}`;
      response.writeHead(206, { 'content-range': range, 'content-length': others.length - from, etag: '"2"' });
      response.end(others.subarray(from));
    });
    expect((await storeAsset(transfer(), asset(unknown), [])).digests.sha256).toBe(digest(others));
  });

  test('begins at the beginning where what was kept was changed, or no version is known', async () => {
    await interrupted(() => storeAsset(transfer(), asset(unknown), []), '"1"');
    const name = (await partials()).find((one) => one.endsWith('.part')) ?? '';
    const path = join(folder, 'cache', 'partial', name);
    const begun = await readFile(path);
    begun[9] = (begun[9] ?? 0) ^ 1;
    await writeFile(path, begun);
    server.answer(file(bytes, { etag: '"1"' }));
    expect((await storeAsset(transfer(), asset(unknown), [])).digests.sha256).toBe(sha256);
    expect(rangeOf(-1)).toBeUndefined();
    await rm(join(folder, 'store'), { recursive: true });
    await rm(join(folder, 'cache'), { recursive: true });
    await interrupted(() => storeAsset(transfer(), asset(unknown), []));
    expect(await partials()).toEqual([]);
  });
});

test('a file elsewhere goes on too, and leaves nothing in the spool', async () => {
  const external = { name: 'tool', url: `${server.origin}/elsewhere/tool` };
  await interrupted(() => storeExternal(transfer(), external, []), '"1"');
  expect(await readdir(join(folder, 'cache', 'spool'))).toEqual([]);
  server.answer(file(bytes, { etag: '"1"' }));
  const { digests } = await storeExternal(transfer(), external, []);
  expect(rangeOf(-1)).toMatch(/^bytes=\d{7}-$/);
  expect(digests.sha256).toBe(sha256);
  expect(await partials()).toEqual([]);
});

test('what nobody came back for within three days is removed', async () => {
  await interrupted(() => storeAsset(transfer(), asset(), []), '"1"');
  const age = async (days: number): Promise<void> => {
    const then = new Date(Date.now() - days * 86_400_000);
    for (const name of await partials()) await utimes(join(folder, 'cache', 'partial', name), then, then);
    await sweepBegun(join(folder, 'cache', 'partial'));
  };
  await age(2.9);
  expect(await partials()).toHaveLength(2);
  await age(3.1);
  expect(await partials()).toEqual([]);
});
