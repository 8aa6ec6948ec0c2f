import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { HashJob } from '../../io/files/hash-thread.ts';

const LONG = 60_000;

beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterAll(() => void vi.useRealTimers());

async function digest(text: string): Promise<string> {
  const job = new HashJob('sha256');
  await job.update(Buffer.from(text));
  return job.digest();
}
const expected = (text: string) => createHash('sha256').update(text).digest('hex');

test('a hashing thread ends when it has had nothing to do for a while, and the next digest starts another', async () => {
  const ended = vi.spyOn(Worker.prototype, 'terminate');
  expect(await digest('one')).toBe(expected('one'));
  vi.advanceTimersByTime(5000);
  const job = new HashJob('sha256');
  vi.advanceTimersByTime(LONG);
  expect(ended).not.toHaveBeenCalled();
  await job.update(Buffer.from('two'));
  expect(await job.digest()).toBe(expected('two'));
  vi.advanceTimersByTime(LONG);
  expect(ended).toHaveBeenCalledTimes(1);
  expect(await digest('three')).toBe(expected('three'));
});

test('memory for bytes on their way is used again, and given back when nobody took any for a while', async () => {
  // A module of its own: other tests' blocks, and their timer, are not this one's.
  vi.resetModules();
  const { release, takeBlock } = await import('../../io/body/blocks.ts');
  const first = takeBlock();
  release(first);
  const second = takeBlock();
  expect(second.buffer).toBe(first.buffer);
  release(second);
  vi.advanceTimersByTime(LONG);
  expect(takeBlock().buffer).not.toBe(first.buffer);
});
