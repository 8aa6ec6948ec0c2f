import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PullthroughError } from '../../ledger-schema/error.ts';
import { openDownload } from '../../io/http/download/download.ts';
import { downloadToFile, startingOver } from '../../io/http/download/download-to-file.ts';
import type { DownloadRequest } from '../../io/http/download/download.ts';
import { file, redirect, startFlaky, status } from '../servers/flaky.ts';
import type { FlakyServer } from '../servers/flaky.ts';

const retry = { tries: 3, baseMs: 1, capMs: 5 };
const bytes = randomBytes(3_000_000);
/** Many blocks. */
const large = randomBytes(9_000_000);
const sha256 = digest(bytes);

/** Digests are compared in place of large buffers, which the runner compares one byte at a time. */
function digest(of: Uint8Array): string {
  return createHash('sha256').update(of).digest('hex');
}

let server: FlakyServer;
let folder: string;
beforeEach(async () => {
  server = await startFlaky();
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-download-'));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function read(request: Omit<DownloadRequest, 'url'> & { url?: string }): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of openDownload({ url: `${server.origin}/f`, retry, ...request })) parts.push(part);
  return Buffer.concat(parts);
}

describe('a whole download', () => {
  test('arrives byte for byte, and says how many came', async () => {
    server.answer(file(bytes));
    let told = 0;
    expect(digest(await read({ size: bytes.length, onBytes: (n) => (told += n) }))).toBe(digest(bytes));
    expect(told).toBe(bytes.length);
    expect(server.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('arrives without a declared size and without Content-Length', async () => {
    server.answer(file(bytes, { chunked: true }));
    expect(digest(await read({}))).toBe(digest(bytes));
  });

  test('of no bytes is right', async () => {
    server.answer(file(Buffer.alloc(0)));
    expect(await read({ size: 0 })).toHaveLength(0);
  });

  test.each(['gzip', 'aws-chunked', 'br'])('with a Content-Encoding is kept as it comes: %s', async (encoding) => {
    server.answer(file(bytes, { headers: { 'content-encoding': encoding } }));
    expect((await read({ size: bytes.length })).equals(bytes)).toBe(true);
    expect(server.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('that is withheld for legal reasons is said to be, and asked for once', async () => {
    server.answer(status(451));
    const failed: unknown = await read({}).catch((thrown: unknown) => thrown);
    expect(failed).toMatchObject({
      code: 'E_UPSTREAM_NOT_FOUND',
      message: expect.stringContaining('legal reasons (451)') as string,
    });
    expect(server.seen).toHaveLength(1);
  });
});

describe('a body of another size', () => {
  test('longer than declared is E_SIZE at its head, without another try', async () => {
    server.answer(file(bytes));
    await expect(() => read({ size: bytes.length - 1 })).toFailWith('E_SIZE');
    expect(server.seen).toHaveLength(1);
  });

  test('longer than declared is E_SIZE also where no length is said, and no byte too many is handed on', async () => {
    server.answer(file(bytes, { chunked: true }));
    let got = 0;
    await expect(() => read({ size: 1_000_000, onBytes: (n) => (got += n) })).toFailWith('E_SIZE');
    expect(got).toBeLessThanOrEqual(1_000_000);
    await expect(() => read({ maxSize: 1_000_000 })).toFailWith('E_SIZE');
  });

  test('shorter than declared is tried again, then E_TRUNCATED', async () => {
    server.answer(file(bytes));
    await expect(() => read({ size: bytes.length + 1 })).toFailWith('E_TRUNCATED');
    expect(server.seen).toHaveLength(3);
    server.answer(file(bytes, { chunked: true }), file(bytes, { chunked: true }), file(Buffer.alloc(1)));
    await expect(() => read({ size: bytes.length + 1 })).toFailWith('E_TRUNCATED');
  });
});

describe.each([
  ['a pooled', bytes],
  ['a direct', large],
])('%s connection that breaks', (_way, bytes) => {
  const end = bytes.length - 1;
  test('is resumed where it broke, with If-Range and a strong ETag', async () => {
    server.answer(file(bytes, { etag: '"a"', cutAfter: 1_500_000 }), file(bytes, { etag: '"a"' }));
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
    expect(server.seen).toHaveLength(2);
    expect(server.seen[1]?.headers['if-range']).toBe('"a"');
    expect(server.seen[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test('is resumed with Last-Modified where there is no ETag', async () => {
    const lastModified = new Date(Date.now() - 60_000).toUTCString();
    server.answer(file(bytes, { lastModified, cutAfter: 1_500_000 }), file(bytes, { lastModified }));
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
    expect(server.seen[1]?.headers['if-range']).toBe(lastModified);
  });

  const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
  test.each([
    ['a weak ETag', { etag: 'W/"a"' }],
    ['a Last-Modified that is not past', { lastModified: inAnHour }],
    ['no validator', {}],
  ])('with %s is not resumed by range, but read again and compared', async (_what, options) => {
    server.answer(file(bytes, { ...options, cutAfter: 1_500_000 }), file(bytes, options));
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
    expect(server.seen[1]?.headers.range).toBeUndefined();
  });

  test('is read again where the server ignores the range', async () => {
    const options = { etag: '"a"', ranges: false };
    server.answer(file(bytes, { ...options, cutAfter: 1_500_000 }), file(bytes, options));
    let told = 0;
    expect(digest(await read({ size: bytes.length, onBytes: (n) => (told += n) }))).toBe(digest(bytes));
    expect(told).toBe(bytes.length);
  });

  test('never joins two different files', async () => {
    const other = randomBytes(bytes.length);
    server.answer(file(bytes, { etag: '"a"', cutAfter: 1_500_000 }), file(other, { etag: '"b"' }));
    await expect(() => read({ size: bytes.length })).toFailWith('E_UPSTREAM_CHANGED');
    server.answer(file(bytes, { cutAfter: 1_500_000 }), file(other));
    await expect(() => read({ size: bytes.length })).toFailWith('E_UPSTREAM_CHANGED');
  });

  test.each([
    ['another place', `bytes 7-${end}/${end + 1}`],
    ['another total', `bytes 1500000-${end}/${end + 2}`],
    ['a part of the rest', `bytes 1500000-1600000/${end + 1}`],
    ['nonsense', 'bytes what'],
  ])('is not joined to a 206 for %s', async (_what, range) => {
    const etag = '"a"';
    server.answer(file(bytes, { etag, cutAfter: 1_500_000 }), (_request, response) => {
      response.writeHead(206, { etag, 'content-range': range }).end(bytes.subarray(1_500_000));
    });
    await expect(() => read({ size: bytes.length })).toFailWith('E_UPSTREAM_CHANGED');
  });

  test('ends with E_NETWORK when nothing more comes try after try', async () => {
    server.answer(file(bytes, { etag: '"a"', cutAfter: 1_500_000 }), (request) => request.destroy());
    await expect(() => read({ size: bytes.length })).toFailWith('E_NETWORK');
    expect(server.seen).toHaveLength(3);
  });

  test('may break more often than there are tries, as long as it moves', async () => {
    const options = { etag: '"a"', cutAfter: bytes.length > 8_000_000 ? 1_600_000 : 1_100_000 };
    server.answer(file(bytes, options));
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
    expect(server.seen.length).toBeGreaterThan(retry.tries - 1);
  });
});

test('a body without a length that comes back shorter is another file', async () => {
  const chunked = { chunked: true };
  server.answer(file(bytes, { ...chunked, cutAfter: 1_500_000 }), file(bytes.subarray(0, 1000), chunked));
  await expect(() => read({})).toFailWith('E_UPSTREAM_CHANGED');
});

describe('a slow server', () => {
  test('that stalls is given up, resumed, then E_TIMEOUT', async () => {
    server.answer(file(bytes, { etag: '"a"', stallAfter: 1_500_000 }), file(bytes, { etag: '"a"' }));
    expect(digest(await read({ size: bytes.length, stallMs: 300 }))).toBe(digest(bytes));
    server.answer(() => undefined);
    await expect(() => read({ stallMs: 100 })).toFailWith('E_TIMEOUT');
  });

  test('that moves is never cut, however long it takes', async () => {
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      let sent = 0;
      const timer = setInterval(() => {
        response.write('x');
        if (++sent === 10) clearInterval(timer);
      }, 100);
    });
    expect(await read({ size: 10, stallMs: 400 })).toHaveLength(10);
    expect(server.seen).toHaveLength(1);
  });

  test('is left when the caller aborts', async () => {
    server.answer(file(bytes, { stallAfter: 1000 }));
    const reason = new Error('enough');
    const signal = AbortSignal.timeout(200);
    await expect(read({ signal })).rejects.toBeDefined();
    const controller = new AbortController();
    controller.abort(reason);
    await expect(read({ signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('a status', () => {
  test.each([500, 502, 503, 429, 408])('%i is tried again', async (code) => {
    server.answer(status(code), file(bytes));
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
  });

  test.each([
    [404, 'E_UPSTREAM_NOT_FOUND'],
    [410, 'E_UPSTREAM_NOT_FOUND'],
    [401, 'E_CREDENTIAL'],
    [403, 'E_CREDENTIAL'],
    [400, 'E_HTTP'],
    [204, 'E_HTTP'],
  ] as const)('%i is not, and is %s', async (code, expected) => {
    server.answer(status(code));
    await expect(() => read({})).toFailWith(expected);
    expect(server.seen).toHaveLength(1);
  });

  test('503 for ever ends with E_HTTP', async () => {
    server.answer(status(503));
    await expect(() => read({})).toFailWith('E_HTTP');
    expect(server.seen).toHaveLength(3);
  });

  test('a short Retry-After is waited for, a long one is E_RATE_LIMIT at once', async () => {
    server.answer(status(429, { 'retry-after': '1' }), file(bytes));
    const start = Date.now();
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
    expect(Date.now() - start).toBeGreaterThanOrEqual(990);
    server.answer(status(403, { 'retry-after': '3600' }));
    await expect(() => read({})).toFailWith('E_RATE_LIMIT');
    server.answer(status(403, { 'x-ratelimit-remaining': '0' }));
    await expect(() => read({})).toFailWith('E_RATE_LIMIT');
  });

  test("a reset of GitHub's limit is waited for as well, and told where it is far", async () => {
    const used = (seconds: number) => ({
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + seconds),
    });
    server.answer(status(403, used(0)), file(bytes));
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
    server.answer(status(403, used(1800)));
    const error: unknown = await read({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_RATE_LIMIT' });
    const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec((error as PullthroughError).hint ?? '')?.[0] ?? '';
    expect(Math.abs(Date.parse(time) - (Date.now() + 1_800_000))).toBeLessThan(5000);
  });
});

describe('a redirect', () => {
  test('to another origin is followed without the token', async () => {
    const cdn = await startFlaky();
    try {
      cdn.answer(file(bytes));
      server.answer(redirect('/moved'), redirect(`${cdn.origin}/f?signature=secret`));
      const authorization = { origin: server.origin, value: 'Bearer t0ken' };
      expect(digest(await read({ size: bytes.length, authorization }))).toBe(digest(bytes));
      expect(server.seen.map((seen) => seen.headers.authorization)).toEqual(['Bearer t0ken', 'Bearer t0ken']);
      expect(cdn.seen.map((seen) => seen.headers.authorization)).toEqual([undefined]);
    } finally {
      await cdn.close();
    }
  });

  test('whose target fails never has its query in the message', async () => {
    for (const reply of [status(404), status(503), file(bytes), status(403), redirect('http://example.com/?s3cret')]) {
      server.answer(redirect(`/moved?signature=s3cret`), reply, reply);
      const error: unknown = await read({ size: 1, retry: { ...retry, tries: 1 } }).catch((thrown: unknown) => thrown);
      expect(String(error)).toContain('/moved');
      expect(String(error)).not.toContain('s3cret');
    }
  });

  test('to anything but https, or in a circle, or to nowhere, is E_HTTP', async () => {
    for (const target of [
      'http://example.com/f',
      'ftp://127.0.0.1/f',
      'file:///etc/passwd',
      'https://u:p@127.0.0.1/',
    ]) {
      server.answer(redirect(target));
      await expect(() => read({})).toFailWith('E_HTTP');
    }
    server.answer(redirect('/f'));
    await expect(() => read({})).toFailWith('E_HTTP');
    server.answer(status(302));
    await expect(() => read({})).toFailWith('E_HTTP');
  });

  test('is asked anew when a download is resumed: its signature may have expired', async () => {
    const part = file(bytes, { etag: '"a"', cutAfter: 1_500_000 });
    server.answer(redirect('/1'), part, redirect('/2'), file(bytes, { etag: '"a"' }));
    expect(digest(await read({ size: bytes.length }))).toBe(digest(bytes));
    expect(server.seen.map((seen) => seen.url)).toEqual(['/f', '/1', '/f', '/2']);
  });
});

describe('a URL', () => {
  test.each(['http://example.com/f', 'ftp://example.com/f', 'https://user:secret@example.com/f', 'nonsense'])(
    '%s is refused before any request',
    async (url) => {
      await expect(() => read({ url })).toFailWith('E_CONFIG');
    },
  );

  test('that nobody answers is E_NETWORK', async () => {
    await server.close();
    await expect(() => read({})).toFailWith('E_NETWORK');
    server = await startFlaky();
  });
});

describe('a download to a file', () => {
  const request = (): DownloadRequest => ({ url: `${server.origin}/f`, size: bytes.length, retry });

  test('appears under its name with its digest', async () => {
    server.answer(file(bytes));
    const path = join(folder, 'new', 'f');
    expect(await downloadToFile({ ...request(), sha256 }, path)).toEqual({ size: bytes.length, sha256 });
    expect(digest(await readFile(path))).toBe(digest(bytes));
    expect(await readdir(join(folder, 'new'))).toEqual(['f']);
  });

  test('of a file that changes under it begins again', async () => {
    const old = file(randomBytes(bytes.length), { etag: '"a"', cutAfter: 1_500_000 });
    server.answer(old, file(bytes, { etag: '"b"' }));
    expect(await downloadToFile({ ...request(), sha256 }, join(folder, 'f'))).toEqual({ size: bytes.length, sha256 });
    expect(digest(await readFile(join(folder, 'f')))).toBe(digest(bytes));
  });

  test('that fails leaves nothing, and what lay there before stays', async () => {
    const path = join(folder, 'f');
    await writeFile(path, 'before');
    server.answer(file(randomBytes(bytes.length)));
    await expect(() => downloadToFile({ ...request(), sha256 }, path)).toFailWith('E_DIGEST_MISMATCH');
    server.answer(file(randomBytes(bytes.length + 1)));
    await expect(() => downloadToFile({ ...request(), sha256 }, path)).toFailWith('E_SIZE');
    server.answer(file(bytes, { cutAfter: 5 }));
    await expect(() => downloadToFile({ ...request(), sha256 }, path)).toFailWith('E_NETWORK');
    expect(await readdir(folder)).toEqual(['f']);
    expect(await readFile(path, 'utf8')).toBe('before');
  });

  test('is executable where that is asked for', async () => {
    server.answer(file(bytes));
    await downloadToFile({ ...request(), mode: 0o755 }, join(folder, 'f'));
    const { stat } = await import('node:fs/promises');
    expect((await stat(join(folder, 'f'))).mode & 0o777).toBe(0o755);
  });
});

test('starting over gives up after three runs, and at once for anything else', async () => {
  let runs = 0;
  const changing = async (): Promise<void> => {
    runs++;
    const options = { etag: `"${runs}"`, cutAfter: 1_500_000 };
    server.answer(file(bytes, options), file(bytes, { etag: '"other"' }));
    await read({ size: bytes.length });
  };
  await expect(() => startingOver(changing)).toFailWith('E_UPSTREAM_CHANGED');
  expect(runs).toBe(3);
});
