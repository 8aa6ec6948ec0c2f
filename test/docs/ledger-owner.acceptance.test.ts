import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Team } from '../adoption/team.ts';
import { followPage } from './page.ts';
import { addMirror, newPlace, newestPolicy } from './world.ts';
import type { Place } from './world.ts';

let team: Team;
let place: Place;
beforeAll(async () => {
  team = await Team.start();
  place = await newPlace(team);
});
afterAll(() => team[Symbol.asyncDispose]());

test('who follows docs/ledger-owner.md has a ledger that moves on, by two roots', { timeout: 240_000 }, async () => {
  const mirror = join(place.folder, 'mirror');
  await followPage('docs/ledger-owner.md', {
    ...place,
    reader: 'ada',
    before: {
      'The gate': async () => {
        await addMirror(place, ['jqlang/jq', 'mikefarah/yq']);
        team.writeKeys(mirror);
      },
      'The policy': () => {
        expect(place.ledger.pulls.map(({ title, state, mergedAt }) => [title, state, mergedAt])).toEqual([
          ['jqlang/jq jq-1.7.1', 'open', null],
          // Closed, and reopened.
          ['mikefarah/yq v4.44.3', 'open', null],
        ]);
      },
    },
  });
  expect(newestPolicy(place)).toMatchObject({
    version: 2,
    reviewers: { threshold: 2, holders: ['ada', 'grace', 'linus'] },
  });
  const again = await team.must('bot', `PULLTHROUGH_SIGNING_KEY_FILE=${team.folder}/bot.key pullthrough mirror`, {
    cwd: mirror,
  });
  expect(again).not.toContain('closed');
});
