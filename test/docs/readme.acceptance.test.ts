import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Team } from '../adoption/team.ts';
import { followPage } from './page.ts';
import { ledgerFiles, newPlace } from './world.ts';
import type { Place } from './world.ts';

let team: Team;
let place: Place;
beforeAll(async () => {
  team = await Team.start();
  place = await newPlace(team);
});
afterAll(() => team[Symbol.asyncDispose]());

test('who follows README.md has a ledger with an acknowledged record, and the tool', { timeout: 240_000 }, async () => {
  await followPage('README.md', { ...place, reader: 'ada' });
  const acks = ledgerFiles(place).filter((path) => path.endsWith('.ack'));
  expect(acks).toEqual([
    `packages/github.com/jqlang/jq/jq-1.7.1/checklist.sha256.${team.people.grace.fingerprint}.ack`,
  ]);
  expect(place.ledger.pulls).toMatchObject([{ number: 42, state: 'closed', title: 'jqlang/jq jq-1.7.1' }]);
  const tool = join(place.folder, 'mirror/bin/jq-linux-amd64');
  if (process.platform === 'linux' && process.arch === 'x64') {
    expect(execFileSync(tool, { encoding: 'utf8' })).toBe('jq-1.7.1\n');
  }
  expect(existsSync(join(place.folder, 'mirror/tools/jq-linux-amd64'))).toBe(true);
  expect(team.internet.strangers).toEqual([]);
});
