import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { builtMain } from '../../kit/processes/program.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { temporaryFolder } from '../../kit/readers.ts';
import { TestSite } from '../../kit/worlds/site-world.ts';

/** Ends this process as SIGKILL does, right before or after the change of a folder that is its turn. */
const KILLER = `
const fs = require('node:fs');
let left = Number(process.env.KILL_AT);
for (const name of ['renameSync', 'unlinkSync', 'mkdirSync', 'rmSync', 'openSync']) {
  const own = fs[name];
  fs[name] = (...args) => {
    if (!String(args[0]).includes('/site')) return own(...args);
    // Of what is opened, a new file is a change: it is there, and empty.
    if (name === 'openSync' && args[1] !== 'wx') return own(...args);
    const last = --left === 0;
    if (last && process.env.KILL_WHEN === 'before') process.kill(process.pid, 'SIGKILL');
    try {
      return own(...args);
    } finally {
      if (last) process.kill(process.pid, 'SIGKILL');
    }
  };
}
require('node:module').syncBuiltinESMExports();
`;

let ledger: TestLedger;
let before: string;
let after: string;
let killer: string;
const proposal = (name: string): string => `pullthrough/github.com/acme/${name}/v1`;

beforeAll(async () => {
  ledger = await TestLedger.create();
  for (let i = 0; i < 4; i++) await ledger.addRecord({ repository: `acme/t${i}`, tag: 'v1', assets: { a: `${i}` } });
  before = await ledger.commit();
  await ledger.addRecord({ repository: 'acme/t1', tag: 'v2', assets: { a: 'new' } });
  await ledger.addRecord({ repository: 'acme/t9', tag: 'v1', assets: { a: 'nine' } });
  await ledger.nack('packages/github.com/acme/t2/v1', ledger.people.grace);
  after = await ledger.commit({ message: 'Nack acme/t2 v1\n\nbad' });
  killer = join(await temporaryFolder(), 'killer.cjs');
  await writeFile(killer, KILLER);
});

function run(
  site: TestSite,
  env: Record<string, string> = {},
): { signal: string | null; status: number | null; stderr: string } {
  const home = join(site.folder, '..');
  const args = ['site', site.folder, '--ledger', ledger.directory, '--pin', `sha256:${ledger.pin(1)}`];
  const options = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_STATE_HOME: join(home, 'state'),
  };
  return spawnSync(process.execPath, ['--require', killer, builtMain(), ...args], {
    env: { ...options, KILL_AT: '0', ...env },
    encoding: 'utf8',
  });
}

/** A site of the first state, as it was before a run that will be killed. */
async function siteBefore(): Promise<TestSite> {
  await ledger.reset(before);
  await ledger.commit({ branch: proposal('gone') });
  await ledger.reset(before);
  const site = await TestSite.of(ledger);
  expect(run(site).status).toBe(0);
  await ledger.reset(after);
  return site;
}

test(
  'killed at any change of the folder and run again, it ends as one run would have ended',
  { timeout: 600_000 },
  async () => {
    const whole = await siteBefore();
    spawnSync('git', ['update-ref', '-d', `refs/heads/${proposal('gone')}`], { cwd: ledger.directory });
    expect(run(whole).status).toBe(0);
    const wanted = await whole.files();
    expect([...wanted.keys()].some((path) => path.includes('gone'))).toBe(false);
    for (const when of ['before', 'after']) {
      const site = await siteBefore();
      spawnSync('git', ['update-ref', '-d', `refs/heads/${proposal('gone')}`], { cwd: ledger.directory });
      let kills = 0;
      for (let at = 1; ; at += 7) {
        const { signal, status, stderr } = run(site, { KILL_AT: String(at), KILL_WHEN: when });
        // Anyone who is killed leaves a lock, which others take over when it has become old.
        await rm(join(site.folder, '.pullthrough-site.lock'), { recursive: true, force: true });
        if (signal === null) {
          expect(status, stderr).toBe(0);
          break;
        }
        kills++;
      }
      expect(kills).toBeGreaterThan(5);
      expect(await site.files()).toEqual(wanted);
    }
  },
);

test(
  'killed while it makes the first one, and run again with other words, it leaves nothing of the first',
  { timeout: 300_000 },
  async () => {
    await ledger.reset(after);
    const site = await TestSite.of(ledger);
    expect(run(site, { KILL_AT: '30', KILL_WHEN: 'after' }).signal).toBe('SIGKILL');
    await rm(join(site.folder, '.pullthrough-site.lock'), { recursive: true, force: true });
    expect(run(site).status).toBe(0);
    const fresh = await TestSite.of(ledger);
    expect(run(fresh).status).toBe(0);
    expect(await site.files()).toEqual(await fresh.files());
  },
);
