import { expect, test, vi } from 'vitest';
import { SYSTEM_CLOCK } from '../../github/http/fetch.ts';
import { getRepository } from '../../github/releases.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { clientOf, fakeClock, github } from './setup.ts';

async function errorOf(action: () => Promise<unknown>): Promise<PullthroughError> {
  const error = await action().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PullthroughError);
  return error as PullthroughError;
}

test.each([403, 429] as const)(
  'primary rate limit (%i) with a near reset: waits once, then goes on',
  async (status) => {
    const server = await github();
    server.addRepository('cli/cli');
    const clock = fakeClock();
    const notes: string[] = [];
    const progress = { start: () => ({ advance: () => undefined, done: () => undefined }), warn: () => undefined };
    const client = clientOf(server, { clock, progress: { ...progress, note: (note) => notes.push(note) } });
    server.faults.primaryLimit({ seconds: 20, status });
    await getRepository(client, 'cli/cli');
    expect(clock.slept).toHaveLength(1);
    expect(clock.slept[0]).toBeGreaterThan(18_000);
    expect(clock.slept[0]).toBeLessThan(22_000);
    expect(notes).toHaveLength(1);
    expect(client.counts.waited).toBe(clock.slept[0]);
  },
);

test('primary rate limit with a far reset: E_RATE_LIMIT with the reset time, and no further request', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const clock = fakeClock();
  const client = clientOf(server, { clock });
  server.faults.primaryLimit({ seconds: 1800 });
  const error = await errorOf(() => getRepository(client, 'cli/cli'));
  expect(error.code).toBe('E_RATE_LIMIT');
  expect(error.exit).toBe(1);
  const reset = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/.exec(error.message)?.[0] ?? '';
  expect(Math.abs(Date.parse(reset) - (clock.now() + 1_800_000))).toBeLessThan(5000);
  expect(error.hint).toContain('GITHUB_TOKEN');
  expect(clock.slept).toEqual([]);

  await expect(() => getRepository(client, 'cli/cli')).toFailWith('E_RATE_LIMIT');
  expect(server.requests).toHaveLength(1);
  await clock.sleep(1_802_000);
  expect(await getRepository(client, 'cli/cli')).toBeDefined();
});

test('a wait is no longer where the time is put back meanwhile', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const now = Date.now.bind(Date);
  let back = 0;
  const time = vi.spyOn(Date, 'now').mockImplementation(() => now() - back);
  try {
    server.faults.secondaryLimit({ retryAfter: 1 });
    setTimeout(() => (back = 3_600_000), 500);
    await getRepository(clientOf(server, { clock: SYSTEM_CLOCK }), 'cli/cli');
    expect(back).toBe(3_600_000);
  } finally {
    time.mockRestore();
  }
});

test('secondary rate limit with Retry-After: waits that long', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const clock = fakeClock();
  server.faults.secondaryLimit({ retryAfter: 7, times: 2 });
  await getRepository(clientOf(server, { clock }), 'cli/cli');
  expect(clock.slept).toEqual([7000, 7000]);
});

test.each([403, 429] as const)(
  'secondary rate limit (%i) without Retry-After: waits a minute, growing',
  async (status) => {
    const server = await github();
    server.addRepository('cli/cli');
    const clock = fakeClock();
    const client = clientOf(server, { clock });
    server.faults.secondaryLimit({ status });
    await getRepository(client, 'cli/cli');
    expect(clock.slept).toEqual([60_000]);
    // The minute is spent, and the second time would be two.
    server.faults.secondaryLimit({ status });
    const error = await errorOf(() => getRepository(client, 'cli/cli'));
    expect(error.code).toBe('E_RATE_LIMIT');
    const later = new Date(Math.ceil((clock.now() + 120_000) / 1000) * 1000).toISOString();
    expect(error.message).toContain(later.replace('.000Z', 'Z'));
    expect(clock.slept).toEqual([60_000]);
  },
);

test('waits add up to a minute for a client, and no more', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const clock = fakeClock();
  const client = clientOf(server, { clock });
  server.faults.secondaryLimit({ retryAfter: 25, times: 3 });
  await expect(() => getRepository(client, 'cli/cli')).toFailWith('E_RATE_LIMIT');
  expect(clock.slept).toEqual([25_000, 25_000]);
  expect(client.counts.waited).toBe(50_000);
});

test.each<Record<string, string>>([
  { 'retry-after': '0' },
  { 'retry-after': 'Mon, 01 Jan 2024 00:00:00 GMT' },
  { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' },
])('a limit that is always over already ends all the same: %o', async (headers) => {
  const server = await github();
  const client = clientOf(server);
  server.faults.answer({ status: 403, headers, times: Infinity });
  await expect(() => getRepository(client, 'cli/cli')).toFailWith('E_RATE_LIMIT');
  expect(client.counts.waited).toBe(60_000);
  expect(server.requests).toHaveLength(61);
});

test('one wait is shared by all requests', async () => {
  const server = await github();
  for (let number = 0; number < 100; number += 1) server.addRepository(`cli/r${String(number)}`);
  // A real clock: those who come while the gate is closed must wait for it too.
  let waits = 0;
  const sleep = (milliseconds: number) => {
    waits += 1;
    return new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  };
  const client = clientOf(server, { clock: { now: () => Date.now(), sleep } });
  server.faults.secondaryLimit({ retryAfter: 1, times: 24 });
  const all = Array.from({ length: 100 }, (_, number) => getRepository(client, `cli/r${String(number)}`));
  expect(await Promise.all(all)).toHaveLength(100);
  expect(waits).toBeLessThanOrEqual(3);
  expect(client.counts.waited).toBeLessThan(2500);
});

test('all requests that meet a long limit fail with it', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const client = clientOf(server);
  server.faults.primaryLimit({ seconds: 900, times: Infinity });
  const all = Array.from({ length: 60 }, () => errorOf(() => getRepository(client, 'cli/cli')));
  expect(new Set((await Promise.all(all)).map(({ code }) => code))).toEqual(new Set(['E_RATE_LIMIT']));
  expect(server.requests.length).toBeLessThanOrEqual(24);
});

test('a clock that is wrong here does not change the wait: the Date header counts', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const clock = fakeClock();
  await clock.sleep(-3_600_000);
  server.faults.primaryLimit({ seconds: 10 });
  await getRepository(clientOf(server, { clock }), 'cli/cli');
  expect(clock.slept[1]).toBeLessThan(13_000);
});

test('plain 403: E_CREDENTIAL that names the variable, and no second try', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  server.addRepository('cli/cli');
  server.faults.forbidden({ times: 2 });
  const error = await errorOf(() =>
    getRepository(clientOf(server, { token: 'secret', tokenName: 'GHE_TOKEN' }), 'cli/cli'),
  );
  expect(error.code).toBe('E_CREDENTIAL');
  expect(error.message).toContain('GHE_TOKEN');
  expect(error.message).not.toContain('secret');
  expect(server.requests).toHaveLength(1);
  const without = await errorOf(() => getRepository(clientOf(server), 'cli/cli'));
  expect(without).toMatchObject({ code: 'E_CREDENTIAL', hint: 'set GITHUB_TOKEN' });
});

test('401: E_CREDENTIAL that names the variable', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  server.addRepository('cli/cli');
  const error = await errorOf(() => getRepository(clientOf(server, { token: 'expired' }), 'cli/cli'));
  expect(error.code).toBe('E_CREDENTIAL');
  expect(error.message).toContain('GITHUB_TOKEN');
  expect(error.message).not.toContain('expired');
});

test('a token is taken with a newline behind it, and refused with one inside', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  server.addRepository('cli/cli', { private: true });
  expect(await getRepository(clientOf(server, { token: ' secret\n' }), 'cli/cli')).toMatchObject({ private: true });
  await expect(() => clientOf(server, { token: 'sec\nret' })).toFailWith('E_CREDENTIAL');
});

test('private repositories are not there without the token', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' }, other: { login: 'eve', access: {} } } });
  server.addRepository('acme/private', { private: true });
  const error = await errorOf(() => getRepository(clientOf(server), 'acme/private'));
  expect(error.code).toBe('E_UPSTREAM_NOT_FOUND');
  expect(error.hint).toContain('GITHUB_TOKEN');
  await expect(() => getRepository(clientOf(server, { token: 'other' }), 'acme/private')).toFailWith(
    'E_UPSTREAM_NOT_FOUND',
  );
  expect(await getRepository(clientOf(server, { token: 'secret' }), 'acme/private')).toMatchObject({ private: true });
});
