import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Team } from '../adoption/team.ts';
import { followPage } from './page.ts';
import { placeWithRecord } from './world.ts';
import type { Place } from './world.ts';

let team: Team;
let place: Place;
beforeAll(async () => {
  place = await placeWithRecord();
  ({ team } = place);
});
afterAll(() => team[Symbol.asyncDispose]());

test(
  'who follows docs/air-gap.md has the file in two worlds that share nothing but the bundle',
  { timeout: 240_000 },
  async () => {
    await followPage('docs/air-gap.md', { ...place, folder: join(place.folder, 'mirror'), reader: 'bot' });
    expect(readFileSync(join(place.folder, 'inside/bin/jq-linux-amd64'), 'utf8')).toContain('jq-1.7.1');
    // What the executor signed came with the bundle, and counts until it is too old.
    const inside = { cwd: join(place.folder, 'inside') };
    await team.must('bot', "echo 'max-age = 3d' >> mirror.ini; pullthrough verify jqlang/jq@jq-1.7.1", inside);
    await team.must('bot', 'git -C ledger.git branch -D pullthrough-head', inside);
    const { code, stderr } = await team.sh(
      'bot',
      'XDG_CACHE_HOME=$PWD/new pullthrough verify jqlang/jq@jq-1.7.1',
      inside,
    );
    expect([code, stderr]).toEqual([3, expect.stringContaining('E_STALE')]);
    // A bundle asks for none, wherever it is set.
    await team.must('bot', 'pullthrough bundle check ../mirror/week-1.tar', inside);
  },
);
