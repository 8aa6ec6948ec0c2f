import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { S3Store } from '../../store/s3/s3-store.ts';
import { status } from '../servers/flaky.ts';
import type { Reply } from '../servers/flaky.ts';
import { base64, body, bytes, error, methods, ok, open, reset, server, sha256, useServer } from './flaky-s3.ts';

useServer();

describe('an S3 server that fails for a moment', () => {
  test.each([
    ['503', error(503, 'ServiceUnavailable')],
    ['500', error(500, 'InternalError')],
    ['SlowDown', error(503, 'SlowDown')],
    ['429', error(429, 'TooManyRequests')],
    ['a reset', reset],
    ['200 with an error in it', error(200, 'InternalError')],
    [
      'an answer that breaks off',
      (request: IncomingMessage, response: Parameters<Reply>[1]) => {
        request.resume();
        response.writeHead(200, { 'content-length': '1000' }).write('<?xml');
        setTimeout(() => response.destroy(), 50);
      },
    ],
  ] as [string, Reply][])('%s is tried again', async (_what, reply) => {
    server.answer(status(404), reply, ok());
    expect(await open().put({ size: bytes.length, sha256, name: 'f' }, body())).toEqual({ sha256, repaired: false });
    expect(methods()).toEqual(['HEAD', 'PUT', 'PUT']);
  });

  test.each([
    ['503', 'E_STORE', 3, error(503, 'ServiceUnavailable')],
    ['SlowDown', 'E_STORE', 3, error(503, 'SlowDown')],
    ['a reset', 'E_STORE', 3, reset],
    ['200 with an error in it', 'E_STORE', 3, error(200, 'InternalError')],
    ['403', 'E_CREDENTIAL', 1, error(403, 'AccessDenied')],
    ['a wrong key', 'E_CREDENTIAL', 1, error(403, 'InvalidAccessKeyId')],
    ['a wrong secret', 'E_CREDENTIAL', 1, error(403, 'SignatureDoesNotMatch')],
    ['an expired token', 'E_CREDENTIAL', 1, error(400, 'ExpiredToken')],
    ['no such bucket', 'E_STORE', 1, error(404, 'NoSuchBucket')],
    ['another region', 'E_STORE', 1, error(301, 'PermanentRedirect')],
  ] as const)('%s for ever is %s after %i tries', async (_what, code, tries, reply) => {
    server.answer(reply);
    const failed: unknown = await open()
      .remove(sha256)
      .catch((thrown: unknown) => thrown);
    expect(failed).toBeInstanceOf(PullthroughError);
    expect(failed).toMatchObject({ code, hint: expect.any(String) as string });
    expect(String(failed)).not.toContain('secret words');
    expect(server.seen).toHaveLength(tries);
  });
});

test.each([
  [403, 'E_CREDENTIAL', 'refuses (403)'],
  [500, 'E_STORE', 'answered 500'],
])('an answer to HEAD says no more than its status: %i', async (code, expected, said) => {
  server.answer(status(code));
  const failed: unknown = await open('', 1)
    .verify(sha256, 1)
    .catch((thrown: unknown) => thrown);
  expect(failed).toMatchObject({ code: expected, message: expect.stringContaining(said) as string });
  if (code !== 403) return;
  // Without s3:ListBucket, AWS says 403 of an object that is not there.
  expect(failed).toMatchObject({ hint: expect.stringMatching(/AWS_ACCESS_KEY_ID.*s3:ListBucket/) as string });
});

describe('what is believed of an object', () => {
  const head = (headers: Record<string, string>): Reply => ok({ 'content-length': String(bytes.length), ...headers });
  const get: Reply = (_request, response) => {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  };
  const checksum = { 'x-amz-checksum-sha256': base64, 'x-amz-checksum-type': 'FULL_OBJECT' };

  test('a checksum of the whole object by the server is enough', async () => {
    server.answer(head(checksum));
    expect(await open().verify(sha256, bytes.length)).toBe('present');
    expect(methods()).toEqual(['HEAD']);
    server.answer(head({ ...checksum, 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') }));
    expect(await open().verify(sha256, bytes.length)).toBe('damaged');
  });

  test.each([
    ['a checksum of parts', { ...checksum, 'x-amz-checksum-type': 'COMPOSITE' }],
    ['a checksum of unknown type', { 'x-amz-checksum-sha256': base64 }],
    ['an ETag that looks like the digest', { etag: `"${sha256}"`, 'x-amz-meta-sha256': sha256 }],
  ])('%s is not: the bytes are read', async (_what, headers) => {
    server.answer(head(headers), get);
    expect(await open().verify(sha256, bytes.length)).toBe('present');
    expect(methods()).toEqual(['HEAD', 'GET']);
    server.answer(head(headers), (_request, response) => response.writeHead(200).end(randomBytes(bytes.length)));
    expect(await open().verify(sha256, bytes.length)).toBe('damaged');
  });

  test('reading goes on where it broke', async () => {
    const broken: Reply = (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"e"' }).write(bytes.subarray(0, 600));
      setTimeout(() => response.destroy(), 50);
    };
    const rest: Reply = (_request, response) => {
      response.writeHead(206, { 'content-length': 400, etag: '"e"' }).end(bytes.subarray(600));
    };
    server.answer(broken, rest);
    const parts: Uint8Array[] = [];
    for await (const part of open().read(sha256)) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(server.seen[1]?.headers).toMatchObject({ range: 'bytes=600-', 'if-match': '"e"' });
  });

  test('reading goes on also where the server sends it all again', async () => {
    const broken: Reply = (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"e"' }).write(bytes.subarray(0, 600));
      setTimeout(() => response.destroy(), 50);
    };
    server.answer(head({}), broken, get);
    expect(await open().verify(sha256, bytes.length)).toBe('present');
    expect(methods()).toEqual(['HEAD', 'GET', 'GET']);
  });

  test('one that trickles is left, and its reader can leave it too', async () => {
    const trickle: Reply = (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"e"' });
      const timer = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(timer));
    };
    server.answer(trickle);
    const read = async (options: Parameters<S3Store['read']>[1]): Promise<void> => {
      for await (const part of open().read(sha256, options)) expect(part.length).toBeGreaterThan(0);
    };
    await expect(() => read({ pace: { graceMs: 200, bytesPerSecond: 16_000 } })).toFailWith('E_STORE');
    expect(server.seen).toHaveLength(1);
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(new PullthroughError('E_INTERRUPTED', 'enough')), 150);
    await expect(() => read({ signal: leaving.signal })).toFailWith('E_INTERRUPTED');
  });

  test('one that changes while it is read is not joined', async () => {
    const broken: Reply = (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"e"' }).write(bytes.subarray(0, 600));
      setTimeout(() => response.destroy(), 50);
    };
    server.answer(broken, error(412, 'PreconditionFailed'));
    await expect(async () => {
      for await (const part of open().read(sha256)) expect(part.length).toBeLessThanOrEqual(600);
    }).toFailWith('E_STORE');
  });
});

test('an object whose bytes are gone though its name is there is put again', async () => {
  const named = ok({ 'content-length': String(bytes.length) });
  server.answer(named, error(404, 'NoSuchKey'), ok());
  expect(await open().put({ size: bytes.length, sha256, name: 'f' }, body())).toEqual({ sha256, repaired: false });
  expect(methods()).toEqual(['HEAD', 'GET', 'PUT']);
});

describe('a list that goes on', () => {
  const list = (name: string, more = ''): Reply => {
    const xml = `<${name}><IsTruncated>true</IsTruncated>${more}</${name}>`;
    return (_request, response) => response.writeHead(200, { 'content-type': 'application/xml' }).end(xml);
  };

  test.each(['', '<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>'])(
    'and does not say where is E_STORE, not a list without an end: uploads %s',
    async (more) => {
      server.answer(list('ListMultipartUploadsResult', more));
      await expect(() => open().leftovers(new Date(), false)).toFailWith('E_STORE');
      expect(server.seen.length).toBeLessThanOrEqual(2);
    },
  );

  test('and does not say where is E_STORE, not the end of it: objects', async () => {
    server.answer(list('ListBucketResult'));
    await expect(async () => {
      for await (const object of open().list()) expect(object).toBeUndefined();
    }).toFailWith('E_STORE');
  });
});

describe('a web page instead of S3', () => {
  const page: Reply = (request, response) => {
    const html = '\n<!DOCTYPE html><html><body>Log in</body></html>';
    response.writeHead(200, { 'content-type': 'text/html' }).end(request.method === 'HEAD' ? undefined : html);
  };
  const empty: Reply = (_request, response) => response.writeHead(200).end();

  test.each([
    ['a page', page],
    ['nothing', empty],
  ])('is not an empty list: %s', async (_what, reply) => {
    server.answer(reply);
    const objects = async () => {
      for await (const object of open().list()) expect(object).toBeUndefined();
    };
    await expect(objects).toFailWith('E_STORE');
    await expect(() => open().leftovers(new Date(), false)).toFailWith('E_STORE');
    expect(server.seen).toHaveLength(2);
  });

  test('has stored and removed nothing', async () => {
    server.answer(page);
    await expect(() => open().put({ size: bytes.length, sha256, name: 'f' }, body())).toFailWith('E_STORE');
    await expect(() => open().remove(sha256)).toFailWith('E_STORE');
    expect(server.seen.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'DELETE']);
  });
});

test('what a killed run left where a body waited for its digest is removed after a day', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pullthrough-s3-'));
  try {
    vi.stubEnv('TMPDIR', folder);
    const names = ['old', 'young', 'foreign'].map((name) =>
      name === 'foreign'
        ? 'foreign.part'
        : `.pullthrough-${createHash('md5').update(name).digest('hex').slice(0, 24)}.part`,
    );
    const day = 86_400_000;
    for (const [at, name] of names.entries()) {
      await writeFile(join(folder, name), 'bytes');
      if (at !== 1) await utimes(join(folder, name), new Date(), new Date(Date.now() - day - 60_000));
    }
    server.answer(status(403));
    const large = Buffer.alloc(9_000_000);
    await expect(() => open().put({ size: large.length, name: 'f' }, body(large))).toFailWith('E_CREDENTIAL');
    expect((await readdir(folder)).sort()).toEqual(names.slice(1).sort());
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('If-None-Match', () => {
  test('is asked for, and 412 is looked into', async () => {
    const there = { 'content-length': String(bytes.length), 'x-amz-checksum-sha256': base64 };
    server.answer(
      status(404),
      error(412, 'PreconditionFailed'),
      ok({ ...there, 'x-amz-checksum-type': 'FULL_OBJECT' }),
    );
    expect(await open().put({ size: bytes.length, sha256, name: 'f' }, body())).toEqual({ sha256, repaired: false });
    expect(methods()).toEqual(['HEAD', 'PUT', 'HEAD']);
    expect(server.seen[1]?.headers['if-none-match']).toBe('*');
    expect(server.seen[1]?.headers['x-amz-content-sha256']).toBe(sha256);
  });

  test('that put a wrong object in our way is put right', async () => {
    const wrong = ok({ 'content-length': '7' });
    server.answer(status(404), error(412, 'PreconditionFailed'), wrong, ok());
    expect(await open().put({ size: bytes.length, sha256, name: 'f' }, body())).toEqual({ sha256, repaired: true });
    expect(server.seen[3]?.headers['if-none-match']).toBeUndefined();
  });

  test.each([
    [501, 'NotImplemented'],
    [400, 'InvalidArgument'],
  ])('is done without where the server does not know it (%i)', async (code, name) => {
    server.answer(status(404), error(code, name), ok());
    expect(await open('', 1).put({ size: bytes.length, sha256, name: 'f' }, body())).toEqual({
      sha256,
      repaired: false,
    });
    expect(server.seen[2]?.headers['if-none-match']).toBeUndefined();
  });
});

describe('a server that takes no x-amz-checksum-*', () => {
  const refuses =
    (code: number, name: string): Reply =>
    (request, response) => {
      const refused = Object.keys(request.headers).some((header) => header.startsWith('x-amz-checksum'));
      if (refused) error(code, name)(request, response);
      else if (request.method === 'HEAD') response.writeHead(404).end();
      else ok()(request, response);
    };

  test.each([
    [501, 'NotImplemented'],
    [400, 'InvalidArgument'],
    [400, 'InvalidRequest'],
  ])('gets an object without, with a digest that it knows, and the next one at once (%i %s)', async (code, name) => {
    server.answer(refuses(code, name));
    const store = open('', 1);
    for (let round = 0; round < 2; round++) {
      expect(await store.put({ size: bytes.length, sha256, name: 'f' }, body())).toEqual({ sha256, repaired: false });
    }
    const puts = server.seen.filter(({ method }) => method === 'PUT');
    expect(puts.filter(({ headers }) => headers['x-amz-checksum-sha256'] !== undefined).length).toBeLessThanOrEqual(2);
    const last = server.seen.slice(-2);
    expect(last.map(({ method }) => method)).toEqual(['HEAD', 'PUT']);
    expect(last[1]?.headers['content-md5']).toBe(createHash('md5').update(bytes).digest('base64'));
    expect(last[1]?.headers['if-none-match']).toBe('*');
  });
});

describe('what a refusal is', () => {
  const refusal = async (): Promise<unknown> =>
    open('', 1)
      .put({ size: bytes.length, sha256, name: 'f' }, body())
      .catch((thrown: unknown) => thrown);
  const xml = (name: string, more = ''): string => `<Error><Code>${name}</Code>${more}</Error>`;
  const says =
    (code: number, text: string, headers: Record<string, string> = {}): Reply =>
    (request, response) => {
      request.resume();
      response.writeHead(code, { 'content-type': 'application/xml', ...headers });
      response.end(request.method === 'HEAD' ? undefined : text);
    };

  test.each([
    ['a full bucket', says(403, xml('QuotaExceeded')), 'E_STORE', /bucket is full \(QuotaExceeded\)/],
    [
      'another region, in words',
      says(400, xml('AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>')),
      'E_STORE',
      /in the region eu-west-3/,
    ],
    ['another region', says(301, xml('PermanentRedirect')), 'E_STORE', /in another region/],
    ['another region, in a header', says(400, '', { 'x-amz-bucket-region': 'eu-west-3' }), 'E_STORE', /eu-west-3/],
    ['an expired token', says(400, xml('ExpiredToken')), 'E_CREDENTIAL', /have expired/],
    ['a wrong clock', says(403, xml('RequestTimeTooSkewed')), 'E_CREDENTIAL', /clock is wrong/],
    ['something it cannot do', says(501, xml('NotImplemented')), 'E_STORE', /NotImplemented \(501\)/],
  ] as const)('%s is said, though HEAD has no words for it', async (_what, reply, code, message) => {
    server.answer(reply);
    const failed = await refusal();
    expect(failed).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect((failed as PullthroughError).hint).not.toMatch(/try again later/);
  });
});
