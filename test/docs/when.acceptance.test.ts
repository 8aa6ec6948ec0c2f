import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Team } from '../adoption/team.ts';
import { followPage } from './page.ts';
import { addLedger, addRecord, ledgerFiles, newPlace, newestPolicy } from './world.ts';
import type { Place } from './world.ts';

let team: Team;
let place: Place;
beforeAll(async () => {
  team = await Team.start();
  place = await newPlace(team);
  await addLedger(place, { roots: ['ada', 'grace'], reviewers: ['ada', 'grace', 'linus'] });
  await addRecord(place, 'linus');
});
afterAll(() => team[Symbol.asyncDispose]());

/** Who signed a proposal, by its commit's message. */
function signerOf({ ledger }: Place, branch: string): string {
  const message = execFileSync('git', ['log', '-1', '--format=%B', branch], { cwd: ledger.git, encoding: 'utf8' });
  return /^Signed by ([0-9A-F]{40})\.$/m.exec(message)?.[1] ?? '';
}

/** A page tells a team's bad days one after another; what each leaves is looked at before the next begins. */
test('docs/when.md gets a team through each of its days', { timeout: 400_000 }, async () => {
  const mirror = join(place.folder, 'mirror');
  await team.must('ada', 'cp ../*.asc . && mv ../release-ledger . && pullthrough lock jqlang/jq@^1.7', {
    cwd: mirror,
  });
  const policy = () => newestPolicy(place);
  await followPage('docs/when.md', {
    ...place,
    folder: mirror,
    reader: 'ada',
    before: {
      "The bot's key leaks": async () => {
        const jq = team.github.repository('jqlang/jq');
        // Old enough for the min-age that add writes.
        const publishedAt = new Date(Date.now() - 3 * 86_400_000);
        const assets = [{ name: 'jq-linux-amd64', content: 'newer bytes' }];
        await jq.addRelease({ tag: 'jq-1.9.9', assets, publishedAt, createdAt: publishedAt });
        const key = `export PULLTHROUGH_SIGNING_KEY_FILE=${team.folder}/bot.key`;
        await team.must('bot', `${key}\npullthrough mirror`, { cwd: mirror });
      },
      'A reviewer leaves': () => {
        const open = place.ledger.pulls.filter(({ state }) => state === 'open');
        expect(open).toMatchObject([{ number: 43, title: 'jqlang/jq jq-1.9.9' }]);
        expect(signerOf(place, open[0]?.headRef ?? '')).not.toBe(place.substitutions()['BOT-KEY']);
        expect(policy()).toMatchObject({ version: 2, former: { executors: [{}], reviewers: [] } });
      },
      "A reviewer's key is about to expire": () => {
        expect(policy()).toMatchObject({ version: 3, former: { reviewers: [{ holder: 'linus' }] } });
        expect(ledgerFiles(place).filter((path) => path.startsWith('trust/seals/'))).toHaveLength(1);
      },
      'A root is lost': () => {
        const copies = ledgerFiles(place).filter((path) => path.includes(`keys/${team.people.grace.fingerprint}.`));
        expect([policy().version, copies.length]).toEqual([4, 2]);
      },
      'The store lost or damaged a file': () => {
        expect(policy()).toMatchObject({ version: 5, roots: { holders: ['ada'] } });
        const [prefix = ''] = readdirSync(join(team.store, 'sha256'));
        rmSync(join(team.store, 'sha256', prefix), { recursive: true });
      },
      'Upstream replaced a file': async () => {
        const release = team.github.repository('jqlang/jq').releases.find(({ tag }) => tag === 'jq-1.7.1');
        await release?.replaceAsset('jq-linux-amd64', 'other bytes');
      },
      'The policy is about to expire': () => {
        expect(ledgerFiles(place).filter((path) => path.endsWith('.nack'))).toHaveLength(1);
      },
    },
  });
  expect(policy().version).toBe(6);
  expect(team.internet.strangers).toEqual([]);
});
