import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Name, Team } from '../adoption/team.ts';
import { blocksOf, commandsOf } from './blocks.ts';
import type { Block } from './blocks.ts';

/** Blocks of commands that no test can run, by page and first line, and why. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'README.md npm ci && npm run quickstart': 'asks the registry; test/quickstart.acceptance.test.ts runs the quickstart',
  'README.md npm ci && npm test': 'runs these tests',
  'docs/executor.md gh variable set LEDGER_REPOSITORY --body release-ledger':
    'settings of a repository on the real GitHub',
  'docs/executor.md kubectl create secret generic mirror --from-env-file=mirror.env # NAME=value: tokens, signing key, the keys of S3':
    'needs a cluster; test/adoption/shards.acceptance.test.ts runs what the Job runs',
  'docs/stamps.md pullthrough site public --base-url https://releases.acme.example --stamp-keyless':
    'needs a job of GitHub Actions; test/evidence/keyless.acceptance.test.ts signs so',
  'docs/stamps.md packslip verify public/.well-known/packslip/github.com/jqlang/jq.json --pubkey stamp.key.pub --allow-unlogged':
    'packslip need not be here; the test of this page runs it where it is',
  'docs/when.md gh secret set PULLTHROUGH_SIGNING_KEY --repo acme/mirror < new-bot.key':
    'settings of a repository on the real GitHub',
};

export function keyOf(page: string, { text }: Block): string {
  return `${page} ${(text.split('\n')[0] ?? '').replace(/ +/g, ' ')}`;
}

export interface PageWorld {
  readonly team: Team;
  /** Where the reader stands at first. */
  readonly folder: string;
  /** Who types what names nobody. */
  readonly reader: Name | 'bot';
  /** What a page can't know, and what stands for it; applied to commands and files. */
  readonly substitutions: () => Readonly<Record<string, string>>;
  /** What happened meanwhile, before the first block below a heading. */
  readonly before?: Readonly<Record<string, () => Promise<void> | void>>;
}

/**
 * Does what a page says, from its top to its end: writes each file that it shows, and runs each command where the one
 * before left off. Throws with the page's line for the first that doesn't end as the page says.
 */
export async function followPage(page: string, world: PageWorld): Promise<void> {
  const daemons: (() => Promise<void>)[] = [];
  try {
    await follow(page, world, daemons);
  } finally {
    for (const stop of daemons) await stop();
  }
}

async function follow(page: string, world: PageWorld, daemons: (() => Promise<void>)[]): Promise<void> {
  const { team, before = {} } = world;
  const headings = new Set(Object.keys(before));
  let cwd = world.folder;
  for (const block of blocksOf(page)) {
    if (headings.delete(block.heading)) await before[block.heading]?.();
    const [word] = block.words;
    if (block.language === 'ini' && word !== undefined) {
      const path = join(cwd, word);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, fill(block.text, world));
    }
    if (block.language !== 'sh' || keyOf(page, block) in NOT_RUN) continue;
    if (word === 'daemon') {
      daemons.push(await team.daemon(world.reader, fill(block.text, world).trim(), cwd));
      continue;
    }
    const who = (word ?? world.reader) as Name | 'bot';
    const state = join(world.folder, `.state-${who}`);
    const { code, stdout, stderr } = await team.sh(who, scriptOf(block, world, state), { cwd });
    if (code !== 0) throw new Error(`${page} as ${who}: ${stderr}${stdout}`);
    cwd = readFileSync(`${state}-cwd`, 'utf8').trim();
  }
  if (headings.size > 0) throw new Error(`${page} has nothing below ${[...headings].join(', ')}`);
}

function fill(text: string, { substitutions }: PageWorld): string {
  return Object.entries(substitutions()).reduce((filled, [from, to]) => filled.replaceAll(from, to), text);
}

/** The block as a script; what somebody exports is there in their next one. */
function scriptOf(block: Block, world: PageWorld, state: string): string {
  const lines = commandsOf(block).flatMap(({ text, line, status }) => [
    'set +e',
    fill(text, world).trimEnd(),
    'status=$?',
    'set -e',
    `[ $status = ${String(status)} ] || { echo "line ${String(line)} ended with $status, not ${String(status)}" >&2; exit 1; }`,
  ]);
  const begin = `if [ -e '${state}' ]; then . '${state}'; fi`;
  return [begin, ...lines, `export -p > '${state}'`, `pwd > '${state}-cwd'`].join('\n');
}
