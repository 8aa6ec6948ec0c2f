import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { putAck, putNack, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person, revokedCopy } from '../kit/ledger/people.ts';
import {
  DAY,
  ada,
  ada2,
  bot,
  bot2,
  cli,
  commitRecords,
  folder,
  grace,
  init,
  keyOf,
  named,
  rotate,
  tree,
  useFolder,
  wait,
} from './trust-world.ts';

useFolder();

describe('a key that becomes a former one', () => {
  test("an executor's: what it signed goes on counting, and the new key takes over", async () => {
    await init({ roots: [ada] });
    await putRecord(tree, bot, [grace]);
    commitRecords();
    const shown = await rotate(['--retire', bot.fingerprint, '--add-executor', named(bot2)], ada);
    expect(shown.policy).toMatchObject({
      executors: { holders: ['mirror-bot'] },
      holders: { 'mirror-bot': [{ fingerprint: bot2.fingerprint }] },
      former: { executors: [{ fingerprint: bot.fingerprint }] },
    });
    await putRecord(tree, bot2, [grace], { tag: 'v2.0.0' });
    commitRecords();
    const { records } = await cli(['ledger', 'check', '--require', 'acknowledged']);
    expect(records.map(({ state }) => state)).toEqual(['acknowledged', 'acknowledged']);
  });

  test("a reviewer's: the acks that it made go on counting, and its holder stays in every role by the new key", async () => {
    await init({ roots: [ada], reviewers: [ada, grace] });
    await putRecord(tree, bot, [ada]);
    commitRecords();
    // The old key counts for the policy that lists it as a root's, the new one for the policy that will.
    const shown = await rotate(['--retire', ada.fingerprint, '--add-reviewer', named(ada2)], ada, ada2);
    expect(shown.policy).toMatchObject({
      roots: { holders: ['ada'] },
      reviewers: { holders: ['ada', 'grace'] },
      former: { reviewers: [{ fingerprint: ada.fingerprint, holder: 'ada' }] },
    });
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 0 });
  });

  test('one that has expired meanwhile keeps the acks that it made before', async () => {
    const late = await person('grace', { made: new Date(Date.now() - 10 * DAY), lives: (20 * DAY) / 1000 });
    await init({ roots: [ada], reviewers: [ada, late] });
    await putRecord(tree, bot, [late]);
    commitRecords();
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 0 });
    wait(30 * DAY);
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 3 });
    const retire = ['trust', 'propose', '--retire', late.fingerprint, ...keyOf(ada)];
    expect((await cli(retire)).changes).toContain(`the seal of ${late.fingerprint} lists 1 ack`);
    expect(await cli(['ledger', 'merge', 'pullthrough-trust/2'])).toMatchObject({ code: 0 });
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 0 });
  });

  test('one with a nack keeps it, and cannot be dropped', async () => {
    await init({ roots: [ada] });
    const record = await putRecord(tree, bot, [ada]);
    await putNack(tree, record, grace);
    commitRecords();
    await cli(['trust', 'propose', '--remove', 'reviewers:grace', ...keyOf(ada)]);
    expect(await cli(['ledger', 'merge', 'pullthrough-trust/2'])).toMatchObject({
      code: 3,
      error: { code: 'E_POLICY_NACK' },
    });
    execFileSync('git', ['branch', '-D', 'pullthrough-trust/2'], { cwd: join(folder, 'ledger.git'), stdio: 'pipe' });
    await rotate(['--retire', grace.fingerprint], ada);
    expect((await cli(['ledger', 'check'])).records.map(({ state }) => state)).toEqual(['withdrawn']);
  });
});

describe('a newer copy of a key', () => {
  test('replaces the old one; a revoked one is refused', async () => {
    await init({ roots: [ada] });
    await putAck(tree, await putRecord(tree, bot), grace);
    commitRecords();
    const gone = await revokedCopy(grace);
    const path = named(gone).replace(/^grace=/, '');
    const refused = await cli(['trust', 'propose', '--replace-key', path, ...keyOf(ada)]);
    expect(refused).toMatchObject({ code: 2, error: { code: 'E_INPUT' } });
    expect(refused.error?.message).toContain('is revoked');
  });
});
