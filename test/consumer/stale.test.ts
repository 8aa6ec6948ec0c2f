import { expect, onTestFinished, test } from 'vitest';
import { Catalog } from '../../consumer/serve/catalog.ts';
import { asFailure } from '../../consumer/serve/error-status.ts';
import { Follower } from '../../consumer/serve/follow.ts';
import { toolsPage } from '../../consumer/serve/pages/pages.ts';
import { SILENT } from '../../io/progress.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { Head } from '../../ledger-schema/head.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import { putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';
import { MemoryLedger } from '../kit/ledger/memory-ledger.ts';
import { memoryView } from '../kit/ledger/memory-view.ts';

const trust = { version: 1, policy: { expires: '2030-01-01T00:00:00Z' }, expires: new Date('2030-01-01T00:00:00Z') };
const view = { label: 'x', commit: 'a'.repeat(40), trust } as unknown as LedgerView;

test('a gateway whose ledger is held back goes on with what it has, and its pages say so', async () => {
  let held = false;
  const look = async (): Promise<LedgerView> => (held ? fail('E_STALE', 'the head is 4 d old') : view);
  const options = { look, progress: SILENT, interval: 3_600_000, now: () => 0, aliases: [] };
  const follower = await Follower.start(options);
  onTestFinished(() => follower.stop());
  const page = (): string => {
    const { catalog } = follower;
    const links = {} as Parameters<typeof toolsPage>[3]['links'];
    return toolsPage([], '', 1, { links, view, host: 'github.com', expired: catalog.expired, stale: catalog.stale });
  };
  expect(page()).not.toContain('held back');
  held = true;
  await follower.look();
  expect(follower.catalog.view).toBe(view);
  expect(follower.state.failure?.code).toBe('E_STALE');
  expect(page()).toContain('The ledger is held back');
});

const DAY = 86_400_000;
const TOOL = { source: 'github.com', owner: 'acme', repo: 'tool' };

/** A view of a ledger with two acknowledged releases, whose head an executor signed at this time. */
async function viewWithHead(issued: Date): Promise<LedgerView> {
  const [ada, bot] = await Promise.all([person('ada'), person('mirror-bot')]);
  const tree: Tree = new Map();
  await putPolicy(tree, 1, { roots: [ada], executors: [bot], reviewers: [ada], threshold: 1 }, [ada]);
  for (const tag of ['v1', 'v2']) await putRecord(tree, bot, [ada], { tag });
  const ledger = new MemoryLedger();
  const commit = ledger.commit(tree);
  const seen = await memoryView(ledger, commit, issued);
  const { version, sha256 } = seen.trust;
  const expires = new Date(issued.getTime() + 30 * DAY).toISOString();
  const head: Head = { format: 1, commit, policy: { version, sha256 }, issued: issued.toISOString(), expires };
  return { ...seen, head };
}

test('a gateway whose ledger went away resolves nothing new once the head it saw is older than max-age', async () => {
  let now = Date.now();
  const seen = await viewWithHead(new Date(now));
  let away = false;
  const look = async (): Promise<LedgerView> => (away ? fail('E_LEDGER_UNREACHABLE', 'nobody answers') : seen);
  const options = { look, progress: SILENT, interval: 3_600_000, now: () => now, maxAge: 3 * DAY };
  const follower = await Follower.start(options);
  onTestFinished(() => follower.stop());
  const release = async (tag: string) => follower.catalog.release(await follower.catalog.tool(TOOL), tag);
  expect(await release('v1')).toMatchObject({ tag: 'v1' });

  away = true;
  now += 3 * DAY + 1000;
  await follower.look();
  expect(follower.catalog.stale).toBe(true);
  await expect(() => release('v2')).toFailWith('E_STALE');
  expect(asFailure(await release('v2').catch((error: unknown) => error)).status).toBe(503);
  // What was asked for before is served, as past a policy's expiry.
  expect(await release('v1')).toMatchObject({ tag: 'v1' });
  expect((await follower.catalog.releases(await follower.catalog.tool(TOOL))).map(({ tag }) => tag)).toEqual(['v1']);
});

test('what was held back is new again when an executor has signed where the ledger is', async () => {
  const now = Date.now();
  const old = await viewWithHead(new Date(now - 4 * DAY));
  const options = { now: () => now, aliases: [], maxAge: 3 * DAY };
  const before = new Catalog(old, options);
  await expect(async () => before.release(await before.tool(TOOL), 'v1')).toFailWith('E_STALE');
  const issued = new Date(now).toISOString();
  const after = new Catalog({ ...old, head: old.head && { ...old.head, issued } }, options, before);
  expect(await after.release(await after.tool(TOOL), 'v1')).toMatchObject({ tag: 'v1' });
});

test('a ledger that was held back at a look stays so while nobody answers', async () => {
  const now = Date.now();
  const seen = await viewWithHead(new Date(now));
  let code: 'E_STALE' | 'E_LEDGER_UNREACHABLE' | undefined;
  const look = async (): Promise<LedgerView> => (code === undefined ? seen : fail(code, 'so it is'));
  const follower = await Follower.start({ look, progress: SILENT, interval: 3_600_000, now: () => now, maxAge: DAY });
  onTestFinished(() => follower.stop());
  code = 'E_STALE';
  await follower.look();
  code = 'E_LEDGER_UNREACHABLE';
  await follower.look();
  expect(follower.catalog.stale).toBe(true);
  await expect(async () => follower.catalog.release(await follower.catalog.tool(TOOL), 'v1')).toFailWith('E_STALE');
  code = undefined;
  await follower.look();
  expect(follower.catalog.stale).toBe(false);
});
