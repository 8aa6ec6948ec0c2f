import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openProposals } from '../../proposals/open-proposals.ts';
import { holdProgress } from '../../reviewer/held-progress.ts';
import { reviewAhead } from '../../reviewer/review-ahead.ts';
import { readTools } from '../../reviewer/review-tools.ts';
import { World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world[Symbol.asyncDispose]());

const TAGS = Array.from({ length: 10 }, (_, i) => `v1.0.${i}`);

async function open() {
  const read: string[] = [];
  const { store } = await world.context();
  const context = await world.context({
    store: store && {
      label: store.label,
      read(asset, options) {
        read.push(asset.sha256);
        return store.read(asset, options);
      },
    },
  });
  const { context: seen, proposals } = await openProposals(context, undefined);
  return { read, turns: reviewAhead(seen, proposals, await readTools(context)) };
}

describe('ten proposals', () => {
  beforeAll(async () => {
    for (const [i, tag] of TAGS.entries()) await world.propose(tag, { files: { [`tool-${i}`]: `the tool ${i}` } });
  });

  test('are fetched once from each side, each while the one before is read', async () => {
    world.takeDownloads();
    const { turns, read } = await open();
    let fetched = 0;
    for await (const turn of turns) {
      const { report } = await turn.review();
      expect(report.verdict).toBe('same');
      // A person reads: the next comes meanwhile, and only the next.
      const next = Math.min(turn.place + 1, TAGS.length);
      await expect.poll(() => read.length, { timeout: 20_000 }).toBe(next);
      fetched += world.takeDownloads().length;
      expect(fetched).toBe(next);
    }
    expect(new Set(read).size).toBe(TAGS.length);
  });

  test('of which a person leaves the rest are not fetched', async () => {
    const { turns, read } = await open();
    for await (const turn of turns) {
      await turn.review();
      break;
    }
    expect(read.length).toBeLessThanOrEqual(2);
  });
});

test('progress behind a question is shown when the question is answered, with what came meanwhile', () => {
  const seen: string[] = [];
  const held = holdProgress({
    note: (message) => void seen.push(message),
    warn: (message) => void seen.push(message),
    start(label, total) {
      seen.push(`${label} ${total}`);
      return { advance: (bytes) => void seen.push(String(bytes)), done: () => void seen.push('done') };
    },
  });
  const { progress } = held;
  const [task, other] = [progress.start('next', 10), progress.start('over', 1)];
  task.advance(3);
  progress.warn('careful');
  other.done();
  expect(seen).toEqual([]);
  held.show();
  expect(seen).toEqual(['next 10', '3', 'careful']);
  task.advance(4);
  task.done();
  expect(seen.slice(3)).toEqual(['4', 'done']);
});
