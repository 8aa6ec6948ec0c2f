import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RateLimit } from '../../io/http/answer-error.ts';
import { openDownload } from '../../io/http/download/download.ts';
import type { DownloadRequest } from '../../io/http/download/download.ts';
import { fail } from '../../ledger-schema/error.ts';
import { file, startFlaky, status } from '../servers/flaky.ts';
import type { FlakyServer, Reply } from '../servers/flaky.ts';

const waits: number[] = [];
vi.mock('../../io/http/retry.ts', async (original) => ({
  ...(await original()),
  pause: async (ms: number) => void waits.push(ms),
}));

const bytes = Buffer.from('some bytes');
const WORDS = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

let server: FlakyServer;
beforeEach(async () => {
  waits.length = 0;
  server = await startFlaky();
});
afterEach(() => server.close());

async function read(request: Partial<DownloadRequest> = {}): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of openDownload({ url: `${server.origin}/f`, ...request })) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** A 403 with GitHub's words, or others, in its body. */
function refusal(message: string, type = 'application/json; charset=utf-8'): Reply {
  return (_request, response) => {
    const text = JSON.stringify({ message });
    const headers = { 'content-type': type, 'content-length': text.length, 'x-ratelimit-remaining': '4000' };
    response.writeHead(403, headers).end(text);
  };
}

describe("GitHub's secondary limit without Retry-After", () => {
  test.each([
    ['a small file', bytes.length],
    ['a large one', 9_000_000],
  ])('is waited for once, a minute, and then told: %s', async (_what, size) => {
    server.answer(refusal(WORDS));
    await expect(() => read({ size })).toFailWith('E_RATE_LIMIT');
    expect(waits).toEqual([60_000]);
    server.answer(refusal(WORDS), file(bytes));
    expect(await read()).toBe('some bytes');
  });

  test.each([
    ['other words', refusal('Resource not accessible by personal access token')],
    ['no JSON', refusal(WORDS, 'text/html')],
    ['more words than anybody says', refusal(WORDS + ' '.repeat(70_000))],
    [
      'no end of words',
      (_request, response) => void response.writeHead(403, { 'content-type': 'application/json' }).write('{'),
    ],
  ] satisfies [string, Reply][])('is not seen in %s: a no is one, and asked for once', async (_what, reply) => {
    server.answer(reply);
    await expect(() => read({ stallMs: 200 })).toFailWith('E_CREDENTIAL');
    expect(server.seen).toHaveLength(1);
  });
});

test('a download waits a minute in all, however short each wait is', async () => {
  server.answer(status(403, { 'retry-after': '25' }));
  await expect(() => read()).toFailWith('E_RATE_LIMIT');
  expect(waits).toEqual([25_000, 25_000]);
});

test('who keeps the limits of its origin is asked before, and told after; of no other origin', async () => {
  const log: (string | RateLimit)[] = [];
  const limits = {
    origin: server.origin,
    pass: async () => void log.push('pass'),
    close: (limit: RateLimit) => {
      log.push(limit);
      if (log.length > 4) fail('E_RATE_LIMIT', 'enough');
    },
  };
  server.answer(status(429, { 'retry-after': '7' }), refusal(WORDS), file(bytes));
  expect(await read({ limits })).toBe('some bytes');
  const [first, second] = [
    { kind: 'secondary', wait: 7000 },
    { kind: 'secondary', wait: undefined },
  ];
  expect(log).toEqual(['pass', first, 'pass', second, 'pass']);
  server.answer(status(429, { 'retry-after': '7' }));
  await expect(() => read({ limits })).toFailWith('E_RATE_LIMIT');
  expect(server.seen).toHaveLength(4);
  expect(waits).toEqual([]);
  server.answer(status(429, { 'retry-after': '7' }), file(bytes));
  expect(await read({ limits: { ...limits, origin: 'https://api.github.com' } })).toBe('some bytes');
  expect(waits).toEqual([7000]);
});
