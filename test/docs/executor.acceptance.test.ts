import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Team } from '../adoption/team.ts';
import { followPage } from './page.ts';
import { addLedger, newPlace } from './world.ts';
import type { Place } from './world.ts';

let team: Team;
let place: Place;
beforeAll(async () => {
  team = await Team.start();
  place = await newPlace(team);
  await addLedger(place, { roots: ['ada'], reviewers: ['grace'] });
});
afterAll(() => team[Symbol.asyncDispose]());

/** A tree of the program that was there before, with one version that upstream still has as it was. */
function makeOldTree(folder: string): void {
  const version = join(folder, 'old-trees/packages/github.com/jqlang/jq/1.6');
  mkdirSync(version, { recursive: true });
  const names = ['jq-linux-amd64', 'jq-linux-arm64', 'jq-macos-arm64', 'jq-windows-amd64.exe'];
  const digest = (name: string) => createHash('sha256').update(`#!/bin/sh\n# ${name}\necho jq-1.6\n`).digest('hex');
  writeFileSync(join(version, 'checklist.sha256'), names.map((name) => `${digest(name)}  ${name}\n`).join(''));
}

test('who follows docs/executor.md has proposals of all tools, also of an old tree', { timeout: 240_000 }, async () => {
  await followPage('docs/executor.md', {
    ...place,
    reader: 'bot',
    before: { 'Day by day': () => makeOldTree(join(place.folder, 'mirror')) },
  });
  expect(place.ledger.pulls.map(({ title, state }) => `${title} ${state}`).sort()).toEqual([
    'Trust policy 2 closed',
    'jqlang/jq jq-1.6 open',
    'jqlang/jq jq-1.7.1 open',
    'mikefarah/yq v4.44.3 open',
  ]);
  expect(team.internet.strangers).toEqual([]);
});
