import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { SILENT } from '../../io/progress.ts';
import { openStore } from '../../store/open.ts';
import { PART } from '../../store/s3/part-pool.ts';
import { S3Store } from '../../store/s3/s3-store.ts';
import { parseS3Url } from '../../store/s3/url.ts';
import { storeKey } from '../../store/store.ts';
import { startFlaky, status } from '../servers/flaky.ts';
import type { FlakyServer, Reply } from '../servers/flaky.ts';

const bytes = randomBytes(1000);
const digest = createHash('sha256').update(bytes);
const base64 = digest.copy().digest('base64');
const sha256 = digest.digest('hex');

let server: FlakyServer;
beforeEach(async () => {
  server = await startFlaky();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's3cret');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

function open(query = '', tries = 3): S3Store {
  return new S3Store(parseS3Url(`s3://bucket?endpoint=${server.origin}${query}`, {}), SILENT, { tries });
}

async function* body(of: Uint8Array = bytes): AsyncGenerator<Uint8Array, void, undefined> {
  yield of;
}

/** An answer with what S3 says in XML. */
function error(code: number, name: string): Reply {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${name}</Code><Message>secret words</Message></Error>`;
  return (request, response) => {
    request.resume();
    response.writeHead(code, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? undefined : text);
  };
}

const ok =
  (headers: Record<string, string> = {}): Reply =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(200, { etag: '"x"', ...headers }).end());
  };

const reset: Reply = (request) => {
  request.socket.destroy();
};

const methods = (): string[] => server.seen.map(({ method }) => method);

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

describe('uploads that were never completed', () => {
  const old = '<Initiated>2020-01-01T00:00:00.000Z</Initiated>';
  const key = storeKey(sha256);
  const listed = (keys: readonly string[]): string =>
    `<ListMultipartUploadsResult>${keys.map((name) => `<Upload><Key>${name}</Key><UploadId>u</UploadId>${old}</Upload>`).join('')}</ListMultipartUploadsResult>`;

  test('are found also where a prefix is answered only as a whole key', async () => {
    server.answer((request, response) => {
      const prefix = new URL(request.url ?? '', server.origin).searchParams.get('prefix');
      const keys = prefix === null ? [key, 'sha256/not-ours'] : [];
      response.writeHead(200, { 'content-type': 'application/xml' }).end(listed(keys));
    });
    expect(await open().leftovers(new Date(), false)).toEqual([`s3://bucket/${key} (upload u)`]);
  });

  test('are none where the server says NoSuchUpload', async () => {
    server.answer(error(404, 'NoSuchUpload'));
    expect(await open().leftovers(new Date(), true)).toEqual([]);
  });
});

describe('an upload in parts', () => {
  const large = randomBytes(9_000_000);
  const request = { size: large.length, name: 'f', sha256: createHash('sha256').update(large).digest('hex') };
  const created: Reply = (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
  };

  test('is not there because the server says 200: it must have its size', async () => {
    const completed: Reply = (request, response) => {
      request.resume();
      response.writeHead(200).end('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
    };
    server.answer(status(404), created, ok(), ok(), completed, ok({ 'content-length': '5' }), status(204));
    await expect(() => open().put(request, body(large))).toFailWith('E_STORE');
    expect(methods()).toEqual(['HEAD', 'POST', 'PUT', 'PUT', 'POST', 'HEAD', 'DELETE']);
  });

  test('goes with Content-MD5 on each part where a bucket with Object Lock asks for it', async () => {
    const put: string[] = [];
    const reply: Reply = (request, response) => {
      const url = request.url ?? '';
      if (request.method === 'HEAD') {
        // Nothing is there before, and all of it afterwards.
        response.writeHead(put.length === 0 ? 404 : 200, { 'content-length': String(large.length) }).end();
      } else if (url.includes('uploads')) created(request, response);
      else if (request.method === 'POST') {
        request.resume();
        response.writeHead(200).end('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
      } else if (request.headers['content-md5'] === undefined) error(400, 'InvalidRequest')(request, response);
      else {
        put.push(String(request.headers['content-md5']));
        ok()(request, response);
      }
    };
    server.answer(reply);
    await open('', 1).put(request, body(large));
    const part = PART;
    const digests = [large.subarray(0, part), large.subarray(part)].map((piece) =>
      createHash('md5').update(piece).digest('base64'),
    );
    expect(put.sort()).toEqual(digests.sort());
  });

  test('sends the same bytes again where a part broke, whatever chunks they came in', async () => {
    const parts = new Map<string, Buffer>();
    let broken = 0;
    const reply: Reply = (request, response) => {
      const url = request.url ?? '';
      if (request.method === 'HEAD') {
        response.writeHead(parts.size === 0 ? 404 : 200, { 'content-length': String(large.length) }).end();
      } else if (url.includes('uploads')) created(request, response);
      else if (request.method === 'POST') {
        request.resume();
        response.writeHead(200).end('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
      } else if (broken++ < 2) request.once('data', () => request.socket.destroy());
      else {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          parts.set(/partNumber=(\d+)/.exec(url)?.[1] ?? '', Buffer.concat(chunks));
          response.writeHead(200, { etag: '"x"' }).end();
        });
      }
    };
    server.answer(reply);
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000);
    }
    await open('', 4).put(request, chunks());
    expect([...parts.keys()].sort()).toEqual(['1', '2']);
    const whole = Buffer.concat(['1', '2'].map((number) => parts.get(number) ?? Buffer.alloc(0)));
    expect(whole.equals(large)).toBe(true);
  });

  test('with a wrong part is taken back, and the other parts first waited for', async () => {
    server.answer(status(404), created, error(400, 'XAmzContentSHA256Mismatch'), ok(), status(204));
    await expect(() => open().put(request, body(large))).toFailWith('E_STORE');
    expect(methods().at(-1)).toBe('DELETE');
    expect(server.seen.at(-1)?.url).toContain('uploadId=u');
  });
});

describe('credentials', () => {
  test('that are nowhere are E_CREDENTIAL, and what to set', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    const failed: unknown = await open()
      .remove(sha256)
      .catch((thrown: unknown) => thrown);
    expect(failed).toMatchObject({
      code: 'E_CREDENTIAL',
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID') as string,
    });
    expect(server.seen).toHaveLength(0);
  });

  test('come from a web identity, as in Actions, without being shown', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pullthrough-oidc-'));
    const sts = await startFlaky();
    try {
      await writeFile(join(folder, 'token'), 'oidc-token');
      vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
      vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', join(folder, 'token'));
      vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/mirror');
      vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.origin);
      const until = new Date(Date.now() + 3_600_000).toISOString();
      sts.answer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/xml' }).end(
          `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
            <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
            <SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>session</SessionToken>
            <Expiration>${until}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
          </AssumeRoleWithWebIdentityResponse>`,
        );
      });
      server.answer(status(204));
      await open().remove(sha256);
      expect(sts.seen).toHaveLength(1);
      expect(server.seen[0]?.headers['x-amz-security-token']).toBe('session');
      expect(server.seen[0]?.headers.authorization).toContain('Credential=ASIAROLE/');
    } finally {
      await sts.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('an s3:// URL', () => {
  const parse = (query: string, env = {}): unknown => parseS3Url(`s3://${query}`, env);

  test.each([
    ['b', { bucket: 'b1', prefix: '', endpoint: undefined, region: undefined, pathStyle: false }],
    ['/x//y/', { bucket: 'b1', prefix: 'x/y/', endpoint: undefined, region: undefined, pathStyle: false }],
    ['?region=eu-west-1', { bucket: 'b1', prefix: '', endpoint: undefined, region: 'eu-west-1', pathStyle: false }],
    [
      '/p?endpoint=https://minio.example:9000',
      { bucket: 'b1', prefix: 'p/', endpoint: 'https://minio.example:9000', region: 'us-east-1', pathStyle: true },
    ],
    [
      '?endpoint=https%3A%2F%2Fs3.example&style=virtual&region=x',
      { bucket: 'b1', prefix: '', endpoint: 'https://s3.example', region: 'x', pathStyle: false },
    ],
    ['?style=path', { bucket: 'b1', prefix: '', endpoint: undefined, region: undefined, pathStyle: true }],
  ])('%s', (query, place) => {
    expect(parse(query === 'b' ? 'b1' : `b1${query}`)).toEqual(place);
  });

  test('takes the region from the environment where it names none', () => {
    expect(parse('b1', { AWS_REGION: 'eu-1' })).toMatchObject({ region: 'eu-1' });
    expect(parse('b1', { AWS_DEFAULT_REGION: 'eu-2' })).toMatchObject({ region: 'eu-2' });
    expect(parse('b1?region=eu-3', { AWS_REGION: 'eu-1' })).toMatchObject({ region: 'eu-3' });
  });

  test.each([
    '',
    '/x',
    'b1/../x',
    'b1/./x',
    'b1/a b',
    'b1/%2e%2e/x',
    'key:secret@b1',
    'b1:9000',
    'b1?endpoint=http://minio.example',
    'b1?endpoint=https://minio.example/path',
    'b1?endpoint=https://u:p@minio.example',
    'b1?style=other',
    'b1?secret=x',
    'b1?region=a&region=b',
    'b1#x',
  ])('s3://%s is E_CONFIG', async (query) => {
    const failed: unknown = await openStore(`s3://${query}`, { baseDir: '/', env: {}, progress: SILENT }).catch(
      (thrown: unknown) => thrown,
    );
    expect(failed).toMatchObject({ code: 'E_CONFIG' });
    expect(String(failed)).not.toContain('secret@');
  });

  test('puts objects below its prefix, the bucket in the path or in the host', async () => {
    server.answer(status(204));
    await open('&style=path').remove(sha256);
    expect(server.seen[0]?.url).toBe(`/bucket/${storeKey(sha256)}?x-id=DeleteObject`);
  });
});
