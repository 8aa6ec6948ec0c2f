import { afterAll, beforeAll, expect, test } from 'vitest';
import { Team } from '../adoption/team.ts';
import { followPage } from './page.ts';
import { addLedger, addMirror, newPlace } from './world.ts';
import type { Place } from './world.ts';

let team: Team;
let place: Place;
beforeAll(async () => {
  team = await Team.start();
  place = await newPlace(team);
  await addLedger(place, { roots: ['ada'], reviewers: ['ada', 'grace'] });
  await addMirror(place, ['jqlang/jq', 'mikefarah/yq']);
});
afterAll(() => team[Symbol.asyncDispose]());

test('who follows docs/reviewer.md has acked both proposals, and withdrawn one', { timeout: 240_000 }, async () => {
  await followPage('docs/reviewer.md', {
    ...place,
    reader: 'grace',
    before: {
      'When something is wrong': async () => {
        await team.must('ada', 'pullthrough ledger merge', { cwd: `${place.folder}/mirror` });
        expect(place.ledger.pulls.filter(({ mergedAt }) => mergedAt !== null)).toHaveLength(2);
      },
    },
  });
  await team.must('ada', 'pullthrough ledger merge', { cwd: `${place.folder}/mirror` });
  const used = (release: string) =>
    team.sh('linus', `pullthrough verify ${release}`, { cwd: `${place.folder}/mirror` });
  expect((await used('jqlang/jq@jq-1.7.1')).code).toBe(3);
  expect((await used('mikefarah/yq@v4.44.3')).code).toBe(0);
});
