import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { openStore } from '../../store/open.ts';
import { openPublic, publicReader } from '../../store/public.ts';
import type { PublicStore } from '../../store/public.ts';
import { storeKey } from '../../store/store.ts';
import { file, startFlaky, status } from '../servers/flaky.ts';
import type { FlakyServer } from '../servers/flaky.ts';

const bytes = randomBytes(1000);
const wanted = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
const warnings: string[] = [];
const options = { baseDir: tmpdir(), env: {}, progress: { ...SILENT, warn: (text: string) => warnings.push(text) } };

let server: FlakyServer;
let folder: string;
beforeEach(async () => {
  warnings.length = 0;
  server = await startFlaky();
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-public-'));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function read(store: PublicStore, of = wanted): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of store.read(of)) parts.push(part);
  return Buffer.concat(parts).toString('hex');
}

async function fill(): Promise<string> {
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes;
  }
  await (await openStore(folder, options)).put({ ...wanted, name: 'f' }, body());
  return `file:${folder}`;
}

describe('a public store', () => {
  test.each(['', '/', '/base', '/base/'])('over HTTP at %j is read by the object’s key', async (path) => {
    server.answer(file(bytes));
    expect(await read(await openPublic(server.origin + path, options))).toBe(bytes.toString('hex'));
    expect(server.seen[0]?.url).toBe(`${path.replace(/\/$/, '')}/${storeKey(wanted.sha256)}`);
  });

  test('in a folder is read as it is', async () => {
    expect(await read(await openPublic(await fill(), options))).toBe(bytes.toString('hex'));
  });

  test.each([
    [401, 'E_CREDENTIAL', 'ask who runs the store'],
    [403, 'E_CREDENTIAL', 'ask who runs the store'],
    [200, 'E_SIZE', 'tell who runs the store'],
  ])('that answers %i with something else says who can help: not upstream', async (code, error, hint) => {
    server.answer((_, response) => response.writeHead(code).end('x'.repeat(2000)));
    const failed = openPublic(server.origin, options).then((store) => read(store));
    await expect(failed).rejects.toMatchObject({ code: error, hint: expect.stringContaining(hint) as string });
  });

  test('that lacks the object is E_STORE_MISSING', async () => {
    server.answer(status(404));
    await expect(async () => read(await openPublic(server.origin, options))).toFailWith('E_STORE_MISSING');
    await expect(async () => read(await openPublic(folder, options))).toFailWith('E_STORE_MISSING');
  });

  test('that sends too much is E_SIZE', async () => {
    server.answer(file(randomBytes(1001)));
    await expect(async () => read(await openPublic(server.origin, options))).toFailWith('E_SIZE');
  });

  test.each(['http://example.com', 'https://u:p@example.com', 'https://example.com/?a=b', 'https://example.com/#a'])(
    '%s is E_CONFIG',
    async (url) => {
      await expect(() => openPublic(url, options)).toFailWith('E_CONFIG');
    },
  );
});

describe('several public stores', () => {
  test('are asked in order, and the next one where one lacks the object or fails', async () => {
    const second = await fill();
    server.answer(status(404));
    expect(await read(await publicReader([server.origin, second], options))).toBe(bytes.toString('hex'));
    server.answer(status(500));
    expect(await read(await publicReader([server.origin, second], options))).toBe(bytes.toString('hex'));
    expect(warnings).toHaveLength(2);
    server.answer(file(bytes));
    await read(await publicReader([server.origin, second], options));
    expect(warnings).toHaveLength(2);
  });

  test('that all lack it say so, and none at all is E_NO_STORE', async () => {
    server.answer(status(404));
    await expect(async () => read(await publicReader([server.origin, folder], options))).toFailWith('E_STORE_MISSING');
    await expect(async () => read(await publicReader([], options))).toFailWith('E_NO_STORE');
  });
});

describe('a store’s URL', () => {
  test.each([
    ['file:./x', '/base/x'],
    ['./x', '/base/x'],
    ['x/y', '/base/x/y'],
    ['/abs', '/abs'],
    ['file:/abs', '/abs'],
    ['file:///abs/a%20b', '/abs/a b'],
  ])('%s is the folder %s', async (url, path) => {
    expect((await openStore(url, { ...options, baseDir: '/base' })).label).toBe(`file:${path}`);
  });

  test.each(['https://mirror.example', 'ftp://x', 'file:', 'file://host/x', ''])('%j is E_CONFIG', async (url) => {
    await expect(() => openStore(url, options)).toFailWith('E_CONFIG');
  });
});
