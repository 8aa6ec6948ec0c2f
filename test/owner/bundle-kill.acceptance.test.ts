import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { SILENT } from '../../io/progress.ts';
import { FileStore } from '../../store/file-store.ts';
import { runModule } from '../kit/processes/program.ts';
import type { ChildResult } from '../kit/processes/program.ts';
import { runTask } from '../kit/processes/bundle-child.ts';
import type { BundleTask } from '../kit/processes/bundle-child.ts';
import { killPreload } from '../kit/processes/kill-preload.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW } from '../kit/readers.ts';

const BODIES = ['one', 'two'];
let folder: string;
let ledger: TestLedger;
let preload: string;
let head: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-kill-'));
  preload = await killPreload(folder);
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { one: 'one', two: 'two' } });
  head = await ledger.commit();
  const store = new FileStore({ root: join(folder, 'store'), progress: SILENT });
  for (const body of BODIES) {
    const bytes = utf8(body);
    await store.put({ sha256: sha256Hex(bytes), size: bytes.length, name: 'x' }, [bytes] as never);
  }
  for (const path of ['bundle', 'bundle.tar']) await runTask(here('create', join(folder, path)));
});
afterAll(() => rm(folder, { recursive: true }));

const here = (action: BundleTask['action'], path: string): BundleTask => ({
  action,
  ledger: ledger.directory,
  store: join(folder, 'store'),
  cacheDir: join(folder, 'cache'),
  pin: ledger.pin(1),
  path,
  now: NOW.toISOString(),
});

/** Runs a task to its end, or to where it is killed. */
function run(task: BundleTask, env: Record<string, string> = {}): Promise<ChildResult> {
  const source = `import { run } from './test/kit/processes/bundle-child.ts';\nawait run();`;
  return runModule(source, { TASK: JSON.stringify(task), ...env }, ['--require', preload]);
}

/** What a whole run does, in order. */
async function stepsOf(task: BundleTask): Promise<string[]> {
  const file = join(folder, 'steps');
  await rm(file, { force: true });
  expect(await run(task, { KILL_STEPS: file })).toMatchObject({ status: 0, stderr: '' });
  return (await readFile(file, 'utf8')).trim().split('\n');
}

/** Every other step of a run, killed before it; and each program that it starts, killed while that goes on alone. */
function killsOf(steps: readonly string[], which: 'odd' | 'even'): Record<string, string>[] {
  const all = steps.flatMap((step, i): Record<string, string>[] => [
    { KILL_AT: String(i + 1) },
    ...(step.startsWith('git ') ? [{ KILL_AT: String(i + 1), KILL_AFTER: '1' }] : []),
  ]);
  return all.filter((_, i) => (i % 2 === 0) === (which === 'even'));
}

/** A place for a run of its own, whatever killed runs before left elsewhere. */
const fresh = (): Promise<string> => mkdtemp(join(folder, 'side-'));

/** Several at once: each run waits until the lock of the one that was killed is old. */
async function inTurn(kills: readonly Record<string, string>[], each: (kill: Record<string, string>) => Promise<void>) {
  const left = [...kills];
  const worker = async () => {
    for (let kill = left.shift(); kill !== undefined; kill = left.shift()) await each(kill);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}

describe('killed at any step and run again', { timeout: 300_000 }, () => {
  // Both forms go through the same steps but where they write: each of them is killed at every other one.
  test.each([
    ['bundle', 'even'],
    ['bundle.tar', 'odd'],
  ] as const)('create of %s ends as one run does', async (name, which) => {
    const before = await fresh();
    const steps = await stepsOf({ ...here('create', join(before, name)), cacheDir: join(before, 'cache') });
    expect(steps.length).toBeGreaterThan(10);
    await inTurn(killsOf(steps, which), async (kill) => {
      const side = await fresh();
      const task = { ...here('create', join(side, name)), cacheDir: join(side, 'cache') };
      expect([kill, (await run(task, kill)).status]).toEqual([kill, -1]);
      // The last step may have been behind its name.
      const done = (await readdir(side)).includes(name);
      if (!done) await runTask(task);
      await runTask({ ...task, action: 'check' });
      const json = name === 'bundle' ? join(side, name, 'bundle.json') : undefined;
      if (json) expect(await readFile(json)).toEqual(await readFile(join(folder, 'bundle/bundle.json')));
      // What a killed run left is known by its name.
      const left = (await readdir(side)).filter((each) => each !== name && each !== 'cache');
      expect(
        left.filter((each) => !/^(?:\.pullthrough-[0-9a-f]{24}\.part|bundle\.[0-9a-f]{12}\.tmp)$/.test(each)),
      ).toEqual([]);
      await rm(side, { recursive: true });
    });
  });

  test.each([
    ['bundle.tar', 'even'],
    ['bundle', 'odd'],
  ] as const)('apply of %s ends as one run does', async (name, which) => {
    const there = async (): Promise<BundleTask> => {
      const side = await fresh();
      const ledgerGit = join(side, 'ledger.git');
      execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', ledgerGit]);
      const places = { ledger: ledgerGit, store: join(side, 'store'), cacheDir: join(side, 'cache') };
      return { ...here('apply', join(folder, name)), ...places };
    };
    const steps = await stepsOf(await there());
    expect(steps.filter((step) => step.startsWith('git ')).length).toBeGreaterThan(5);
    await inTurn(killsOf(steps, which), async (kill) => {
      const task = await there();
      expect([kill, (await run(task, kill)).status]).toEqual([kill, -1]);
      // Nothing of the ledger before its objects.
      if (headOf(task) !== undefined) expect(await objectsOf(task)).toEqual(BODIES.map(digest).sort());
      await runTask(task);
      expect([headOf(task), await objectsOf(task)]).toEqual([head, BODIES.map(digest).sort()]);
      await rm(join(task.ledger, '..'), { recursive: true });
    });
  });

  test('check writes neither to the ledger nor to the store', async () => {
    const side = await fresh();
    await mkdir(join(side, 'store'));
    await cp(ledger.directory, join(side, 'ledger.git'), { recursive: true });
    const task = here('check', join(folder, 'bundle.tar'));
    await runTask({ ...task, store: join(side, 'store'), cacheDir: join(side, 'cache') });
    expect(await readdir(join(side, 'store'))).toEqual([]);
  });
});

const digest = (body: string): string => sha256Hex(utf8(body));

function headOf({ ledger: directory }: BundleTask): string | undefined {
  const args = ['-C', directory, 'for-each-ref', '--format=%(objectname)', 'refs/heads/main'];
  return execFileSync('git', args).toString().trim() || undefined;
}

async function objectsOf({ store: root }: BundleTask): Promise<string[]> {
  const found: string[] = [];
  for await (const { sha256, size } of new FileStore({ root, progress: SILENT }).list()) {
    expect(await new FileStore({ root, progress: SILENT }).verify(sha256, size)).toBe('present');
    found.push(sha256);
  }
  return found.sort();
}
