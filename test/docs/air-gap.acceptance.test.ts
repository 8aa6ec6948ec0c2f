import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Team } from '../adoption/team.ts';
import { followPage } from './page.ts';
import { addLedger, addRecord, newPlace } from './world.ts';
import type { Place } from './world.ts';

let team: Team;
let place: Place;
beforeAll(async () => {
  team = await Team.start();
  place = await newPlace(team);
  await addLedger(place, { roots: ['ada'], reviewers: ['grace'] });
  await addRecord(place, 'grace');
});
afterAll(() => team[Symbol.asyncDispose]());

test(
  'who follows docs/air-gap.md has the file in two worlds that share nothing but the bundle',
  { timeout: 240_000 },
  async () => {
    await followPage('docs/air-gap.md', { ...place, folder: join(place.folder, 'mirror'), reader: 'bot' });
    expect(readFileSync(join(place.folder, 'inside/bin/jq-linux-amd64'), 'utf8')).toContain('jq-1.7.1');
  },
);
