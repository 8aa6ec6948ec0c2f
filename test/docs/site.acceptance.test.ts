import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONTENT_SECURITY_POLICY } from '../../consumer/site/check-section.ts';
import { followPage } from './page.ts';
import { placeWithRecord } from './world.ts';
import type { Place } from './world.ts';

let place: Place;
beforeAll(async () => {
  place = await placeWithRecord();
});
afterAll(() => place.team[Symbol.asyncDispose]());

test('who follows docs/site.md has a site of the ledger', { timeout: 240_000 }, async () => {
  const folder = join(place.folder, 'mirror');
  await followPage('docs/site.md', { ...place, folder, reader: 'bot' });
  expect(readFileSync(join(folder, 'public/index.html'), 'utf8')).toContain('jqlang/jq');
  expect(JSON.parse(readFileSync(join(folder, 'public/renovate/jqlang/jq.json'), 'utf8'))).toMatchObject({
    releases: [{ version: 'jq-1.7.1' }],
  });
});

test('the headers that docs/site.md gives are the policy of the pages', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/site.md'), 'utf8');
  expect(page).toContain(`Content-Security-Policy "${CONTENT_SECURITY_POLICY}; frame-ancestors 'none'"`);
});
