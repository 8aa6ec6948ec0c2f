import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { PART } from '../../store/s3/part-pool.ts';
import { storeKey } from '../../store/store.ts';
import { status } from '../servers/flaky.ts';
import type { Reply } from '../servers/flaky.ts';
import { body, error, methods, ok, open, server, sha256, useServer } from './flaky-s3.ts';

useServer();

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
