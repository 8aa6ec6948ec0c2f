import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packslip, packslipProgram } from '../servers/packslip.ts';
import { statementOf } from '../kit/stamps.ts';
import { followPage } from './page.ts';
import { placeWithRecord } from './world.ts';
import type { Place } from './world.ts';

let place: Place;
let folder: string;
beforeAll(async () => {
  place = await placeWithRecord();
  folder = join(place.folder, 'mirror');
});
afterAll(() => place.team[Symbol.asyncDispose]());

test('who follows docs/stamps.md has a list that the newest stamp key signed', { timeout: 240_000 }, async () => {
  await followPage('docs/stamps.md', { ...place, folder, reader: 'bot' });
  const list = join(folder, 'public/.well-known/packslip/github.com/jqlang/jq.json');
  const { predicate } = statementOf(readFileSync(list));
  expect(predicate.releases).toMatchObject([{ version: '1.7.1', tag: 'jq-1.7.1' }]);
  const [, id = ''] = /public key ([0-9A-F]{16})/.exec(readFileSync(join(folder, 'stamp-2.key.pub'), 'utf8')) ?? [];
  expect(predicate.identity.key_id).toBe(id);
  if (packslipProgram() === undefined) return;
  const judged = packslip(['verify', list, '--pubkey', join(folder, 'stamp-2.key.pub'), '--allow-unlogged']);
  expect(judged).toEqual({ code: 0, said: judged.said });
});
