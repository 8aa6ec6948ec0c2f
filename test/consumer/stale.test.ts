import { expect, onTestFinished, test } from 'vitest';
import { Follower } from '../../consumer/serve/follow.ts';
import { toolsPage } from '../../consumer/serve/pages/pages.ts';
import { SILENT } from '../../io/progress.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { LedgerView } from '../../ledger/view/view.ts';

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
