import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LEDGER } from '../adoption/team.ts';
import type { Team } from '../adoption/team.ts';
import { blocksOf } from './blocks.ts';
import { followPage } from './page.ts';
import { placeWithRecord } from './world.ts';
import type { Place } from './world.ts';

const root = join(import.meta.dirname, '../..');
let team: Team;
let place: Place;
beforeAll(async () => {
  place = await placeWithRecord();
  ({ team } = place);
});
afterAll(() => team[Symbol.asyncDispose]());

async function emptyFolder(name: string): Promise<string> {
  await team.must('linus', `mkdir ${name}`);
  return join(team.folder, name);
}

test('who follows docs/consumer.md has the file in each of its ways', { timeout: 240_000 }, async () => {
  const folder = await emptyFolder('consumer');
  await followPage('docs/consumer.md', { ...place, folder, reader: 'linus' });
  const bytes = readFileSync(join(folder, 'jq-linux-amd64'), 'utf8');
  expect(bytes).toContain('jq-1.7.1');
  for (const where of ['bin', 'locked'])
    expect(readFileSync(join(folder, where, 'jq-linux-amd64'), 'utf8')).toBe(bytes);
  expect(team.internet.strangers).toEqual([]);
});

test('the lines of docs/ledger-format.md verify a record with nothing of ours', { timeout: 240_000 }, async () => {
  const folder = await emptyFolder('format');
  const substitutions = () => ({ ...place.substitutions(), '<FPR>': team.people.grace.fingerprint });
  const [keyring, record] = ['gpg --dearmor < release-ledger/trust/keys', 'packages/github.com/jqlang/jq/jq-1.7.1'];
  await team.must(
    'linus',
    `git clone --quiet https://github.com/${LEDGER}.git
    ${keyring}/${place.substitutions()['BOT-KEY'] ?? ''}.*.asc > release-ledger/${record}/executors.gpg
    ${keyring}/${team.people.grace.fingerprint}.*.asc > release-ledger/${record}/reviewers.gpg`,
    { cwd: folder },
  );
  const there = join(folder, 'release-ledger', record);
  await followPage('docs/ledger-format.md', { ...place, folder: there, substitutions, reader: 'linus' });
});

test('the program of docs/consumer.md gets the file by the library', { timeout: 240_000 }, async () => {
  const folder = await emptyFolder('library');
  const text = blocksOf('docs/consumer.md').find(({ language }) => language === 'js')?.text ?? '';
  const pin = place.substitutions()['sha256:…'] ?? '';
  const said = 'console.log(JSON.stringify([acks[0].holder, files.length]));';
  writeFileSync(join(folder, 'program.mjs'), `${text.replace('sha256:…', pin)}${said}\n`);
  const installed = join(folder, 'node_modules/pullthrough');
  const made = dirname(dirname(team.main));
  await team.must(
    'linus',
    `mkdir -p ${installed} && cp ${root}/package.json ${installed} && ln -s ${made} ${installed}/bundle`,
  );
  expect(JSON.parse(await team.must('linus', 'node program.mjs', { cwd: folder }))).toEqual(['grace', 1]);
  expect(existsSync(join(folder, 'by-library'))).toBe(true);
});

test(
  'who follows docs/recipes.md has the file by curl, and the image’s RUN line gets it too',
  { timeout: 240_000 },
  async () => {
    const folder = await emptyFolder('recipes');
    await team.must(
      'linus',
      `grep -v '^url' ${place.folder}/mirror/mirror.ini > mirror.ini
    sed -i 's|^; public-url.*|public-url = https://mirror.acme.example|' mirror.ini`,
      { cwd: folder },
    );
    await followPage('docs/recipes.md', { ...place, folder, reader: 'linus' });
    expect(readFileSync(join(folder, 'jq-linux-amd64'), 'utf8')).toBe(readFileSync(join(folder, 'jq'), 'utf8'));
    const image = blocksOf('docs/recipes.md').find(({ language }) => language === 'dockerfile')?.text ?? '';
    const lines = [...image.matchAll(/^RUN (.*)$/gm)].map(([, line = '']) => line);
    expect(lines).toHaveLength(1);
    await team.must(
      'linus',
      `mkdir image && cp mirror.ini pullthrough.lock image && cd image && ${lines.join(' && ')}`,
      { cwd: folder },
    );
    expect(existsSync(join(folder, 'image/bin/jq-linux-amd64'))).toBe(true);
  },
);
