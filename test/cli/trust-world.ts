import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Policy } from '../../ledger-schema/policy.ts';
import { person } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

export const DAY = 86_400_000;
export let ada: Person, ada2: Person, grace: Person, linus: Person, bot: Person, bot2: Person;

export interface Shown {
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly version: number;
  readonly sha256: string;
  readonly policy: Policy;
  readonly problems: readonly string[];
  readonly changes: readonly string[];
  readonly records: readonly {
    readonly path: string;
    readonly state: string;
    readonly ackHolders: readonly string[];
  }[];
}

export let folder: string;
/** What the ledger's records are, to be committed whole. */
export let tree: Tree;
/** How much later than now commands are run. */
export let later: number;

/** Sets how much later than now commands are run, in milliseconds. */
export function wait(ms: number): void {
  later = ms;
}

/** People for all tests of a file, a folder and an empty tree for each. */
export function useFolder(): void {
  beforeAll(async () => {
    const names = ['ada', 'ada', 'grace', 'linus', 'mirror-bot', 'mirror-bot'];
    [ada, ada2, grace, linus, bot, bot2] = (await Promise.all(names.map((name) => person(name)))) as [
      Person,
      Person,
      Person,
      Person,
      Person,
      Person,
    ];
  });
  beforeEach(() => {
    later = 0;
    folder = mkdtempSync(join(tmpdir(), 'pt-trust-'));
    tree = new Map();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}

/** Runs a command in the ledger's folder, or beside it. */
export async function cli(
  argv: readonly string[],
  cwd = join(folder, 'ledger.git'),
  more: NodeJS.ProcessEnv = {},
): Promise<Shown & { readonly code: number }> {
  const env = {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_STATE_HOME: join(folder, 'state'),
    ...more,
  };
  const { code, stdout } = await runCli([...argv, '--json'], { cwd, env, now: new Date(Date.now() + later) });
  return { code, ...(JSON.parse(stdout) as Shown) };
}

/** Writes the two files of somebody's key, and names the public one as a flag wants it. */
export function named(who: Person): string {
  const path = join(folder, `${who.fingerprint}.asc`);
  writeFileSync(path, who.file);
  return `${who.name}=${path}`;
}

export function keyOf(who: Person): string[] {
  const path = join(folder, `${who.fingerprint}.key`);
  writeFileSync(path, who.key.armor());
  return ['--key', path];
}

export interface First {
  readonly roots: readonly Person[];
  readonly threshold?: number;
  readonly reviewers?: readonly Person[];
}

export async function init({ roots, threshold = 1, reviewers = [ada, grace] }: First): Promise<void> {
  const flags = [
    ...roots.flatMap((who) => ['--root', named(who)]),
    ...['--root-threshold', String(threshold), '--executor', named(bot), '--threshold', '1'],
    ...reviewers.flatMap((who) => ['--reviewer', named(who)]),
  ];
  const made = await cli(['ledger', 'init', '--bare', 'ledger.git', ...flags, ...keyOf(roots[0] ?? ada)], folder);
  expect(made).toMatchObject({ code: 0 });
  const policy = execFileSync('git', ['show', 'main:trust/1.policy.json'], { cwd: join(folder, 'ledger.git') });
  tree.set('trust/1.policy.json', policy);
}

/** Puts the records as they are now onto the ledger's branch. */
export function commitRecords(): void {
  const files = [...tree].map(([path, bytes]) =>
    Buffer.concat([Buffer.from(`M 100644 inline ${path}\ndata ${bytes.length}\n`), bytes, Buffer.from('\n')]),
  );
  const commit = 'commit refs/heads/main\ncommitter T <t@x> 1700000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n';
  const input = Buffer.concat([Buffer.from(commit), ...files]);
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: join(folder, 'ledger.git'), input });
}

/** Proposes, signs and merges the next policy. */
export async function rotate(flags: readonly string[], ...signers: readonly Person[]): Promise<Shown> {
  const [first = ada, ...others] = signers;
  const proposed = await cli(['trust', 'propose', ...flags, ...keyOf(first)]);
  expect(proposed).toMatchObject({ code: 0 });
  for (const who of others) expect(await cli(['trust', 'sign', ...keyOf(who)])).toMatchObject({ code: 0 });
  const merged = await cli(['ledger', 'merge', `pullthrough-trust/${proposed.version}`]);
  expect(merged).toMatchObject({ code: 0 });
  return cli(['trust', 'show']);
}
