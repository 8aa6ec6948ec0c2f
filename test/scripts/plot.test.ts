import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plot } from '../../scripts/bench/plot.ts';
import type { Growth } from '../../scripts/bench/plot.ts';

const folder = join(import.meta.dirname, '../../docs/speed');
const points = JSON.parse(readFileSync(join(folder, 'growth.json'), 'utf8')) as Growth[];

test('the picture in docs/speed.md is drawn of the data beside it', () => {
  expect(readFileSync(join(folder, 'growth.svg'), 'utf8')).toBe(plot(points));
});

test('no operation asks more of anybody where the ledger has a thousand times the records', () => {
  const [small, ...larger] = points;
  expect(larger.at(-1)?.records).toBe(100_000);
  for (const { results } of larger) {
    for (const [name, { requests }] of Object.entries(results)) {
      expect(requests, name).toBe(small?.results[name]?.requests);
    }
  }
});
