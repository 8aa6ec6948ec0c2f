import { beforeAll, expect, test, vi } from 'vitest';
import { Catalog } from '../../../consumer/serve/catalog.ts';
import { Follower } from '../../../consumer/serve/follow.ts';
import { HostPatience } from '../../../consumer/serve/host-patience.ts';
import { ledgerExplainer } from '../../../consumer/serve/pages/explainer.ts';
import { SILENT } from '../../../io/progress.ts';
import { PullthroughError } from '../../../ledger-schema/error.ts';
import type { LedgerRepository } from '../../../ledger/git/repository.ts';
import type { Snapshot } from '../../../ledger/snapshot.ts';
import type { LedgerView } from '../../../ledger/view/view.ts';
import { putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import { person } from '../../kit/ledger/people.ts';
import type { Tree } from '../../kit/ledger/ledger-tree.ts';
import { MemoryLedger } from '../../kit/ledger/memory-ledger.ts';
import { memoryView } from '../../kit/ledger/memory-view.ts';

const TOOL = { source: 'github.com', owner: 'acme', repo: 'tool' };
let view: LedgerView;

beforeAll(async () => {
  const [ada, bot] = await Promise.all([person('ada'), person('mirror-bot')]);
  const tree: Tree = new Map();
  await putPolicy(tree, 1, { roots: [ada], executors: [bot], reviewers: [ada], threshold: 1 }, [ada]);
  await putRecord(tree, bot, [ada], { tag: 'v1' });
  await putRecord(tree, bot, [ada], { tag: 'v2', repository: 'acme/renamed' });
  const ledger = new MemoryLedger();
  view = await memoryView(ledger, ledger.commit(tree), new Date());
});

/** The snapshot, with another way to list many folders. */
const listing = (listMany: Snapshot['listMany']): Snapshot => ({
  commit: view.commit,
  list: (directory) => view.snapshot.list(directory),
  blob: (oid, limit) => view.snapshot.blob(oid, limit),
  prefetch: (oids) => view.snapshot.prefetch(oids),
  walk: (directory) => view.snapshot.walk(directory),
  blobsHere: (oids, limit) => view.snapshot.blobsHere(oids, limit),
  leaves: (directory) => view.snapshot.leaves(directory),
  listMany,
});

test('a request waits for the host so long and no longer, and the next one only briefly, until it has answered', async () => {
  vi.useFakeTimers();
  try {
    let answer = (): void => undefined;
    const silent = new Promise<void>((resolve) => (answer = resolve));
    const patience = new HostPatience(15_000);
    const slow = patience.of(listing((directories) => silent.then(() => view.snapshot.listMany(directories))));
    const codeAfter = async (ms: number): Promise<string> => {
      const asked = slow.listMany(['packages']).then(
        () => 'answered',
        (error: unknown) => (error as PullthroughError).code,
      );
      await vi.advanceTimersByTimeAsync(ms);
      return Promise.race([asked, Promise.resolve().then(() => 'waits')]);
    };
    expect(await codeAfter(14_000)).toBe('waits');
    await vi.advanceTimersByTimeAsync(2000);
    expect(await codeAfter(2000)).toBe('E_LEDGER_UNREACHABLE');
    // What is here already is served meanwhile.
    expect(await slow.list('packages')).toHaveLength(1);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(await slow.listMany(['packages'])).toEqual(await view.snapshot.listMany(['packages']));
  } finally {
    vi.useRealTimers();
  }
});

test('a gateway that starts by its copy, because the host is late, takes what the host brings as soon as it comes', async () => {
  vi.useFakeTimers();
  try {
    const newer = { ...view, commit: 'a'.repeat(40) };
    let answer = (): void => undefined;
    const late = new Promise<void>((resolve) => (answer = resolve));
    const starting = Follower.start({
      look: ({ offline }) => (offline ? Promise.resolve(view) : late.then(() => newer)),
      progress: SILENT,
      interval: 3_600_000,
      patience: new HostPatience(15_000),
      now: () => Date.now(),
    });
    await vi.advanceTimersByTimeAsync(15_000);
    const follower = await starting;
    expect(follower.catalog.view.commit).toBe(view.commit);
    expect(follower.state.failure?.code).toBe('E_LEDGER_UNREACHABLE');
    answer();
    await vi.waitFor(() => expect(follower.catalog.view.commit).toBe(newer.commit));
    expect(follower.state.failure).toBeUndefined();
    await follower.stop();
  } finally {
    vi.useRealTimers();
  }
});

test('a folder that could not be read is read again when it is asked for next', async () => {
  let away = true;
  const snapshot = listing((directories) =>
    away
      ? Promise.reject(new PullthroughError('E_LEDGER_UNREACHABLE', 'nobody answers'))
      : view.snapshot.listMany(directories),
  );
  const catalog = new Catalog({ ...view, snapshot }, { now: () => Date.now(), aliases: [] });
  await expect(catalog.tools()).toFailWith('E_LEDGER_UNREACHABLE');
  await expect(() => catalog.tool(TOOL)).toFailWith('E_LEDGER_UNREACHABLE');
  away = false;
  expect(await catalog.tools()).toHaveLength(2);
  expect([...(await catalog.tool(TOOL)).trees.keys()]).toEqual(['v1', 'v2']);
});

test('a catalog that takes the place of another asks nobody for what was served before', async () => {
  const options = { now: () => Date.now(), aliases: [] };
  const before = new Catalog(view, options);
  await before.release(await before.tool(TOOL), 'v1');
  let away = false;
  const snapshot = listing((directories) =>
    away ? Promise.reject(new PullthroughError('E_GIT', 'gone')) : view.snapshot.listMany(directories),
  );
  const next = new Catalog({ ...view, commit: 'a'.repeat(40), snapshot }, options, before);
  await next.prepare(before);
  away = true;
  expect(await next.tools()).toHaveLength(2);
  const again = new Catalog({ ...view, commit: 'a'.repeat(40), snapshot }, options, next);
  expect(await again.tools()).toHaveLength(2);
});

test('the reason of a withdrawal that could not be read is looked for again', async () => {
  let away = true;
  const log = (): Promise<{ message: string }[]> =>
    away ? Promise.reject(new PullthroughError('E_GIT', 'gone')) : Promise.resolve([{ message: 'Nack a/b v1\n\nbad' }]);
  const explainer = ledgerExplainer({ head: () => 'c', log } as unknown as LedgerRepository);
  await expect(() => explainer.withdrawnReason('a/b v1')).toFailWith('E_GIT');
  away = false;
  expect(await explainer.withdrawnReason('a/b v1')).toBe('bad');
});
