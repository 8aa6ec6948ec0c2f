import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER, Team, freePort } from '../adoption/team.ts';
import type { Name } from '../adoption/team.ts';
import type { TestRepository } from '../servers/github/github.ts';

/** Numbers of pull requests begin here in documentation. */
const FIRST_PULL = 42;

/** What a page finds: a folder to stand in, people's keys there, and the ledger's repository on GitHub. */
export interface Place {
  readonly team: Team;
  readonly folder: string;
  readonly ledger: TestRepository;
  readonly substitutions: () => Readonly<Record<string, string>>;
}

/** A folder with public keys, and an empty repository for the ledger. */
export async function newPlace(team: Team): Promise<Place> {
  const { repository: ledger, directory } = team.newRepository(LEDGER);
  const created = new Date('2026-01-01T00:00:00Z');
  const dates = { createdAt: created, updatedAt: created };
  ledger.issues.push({
    id: 1,
    number: FIRST_PULL - 1,
    title: 'Welcome',
    body: null,
    state: 'closed',
    labels: [],
    author: 'ada',
    ...dates,
  });
  const folder = directory.replace(/\.git$/, '');
  mkdirSync(folder);
  team.writeKeys(folder);
  const bot = join(team.folder, 'bot.key');
  if (!existsSync(bot)) {
    await team.must('bot', `pullthrough key new --user-id 'Mirror Bot <bot@acme.example>' --output bot.key`);
  }
  copyFileSync(`${bot}.pub.asc`, join(folder, 'bot.asc'));
  const port = await freePort();
  const shown = await team.must('bot', 'pullthrough key show --json bot.asc', { cwd: folder });
  const botKey = (JSON.parse(shown) as { fingerprint: string }).fingerprint;
  return {
    team,
    folder,
    ledger,
    substitutions: () => ({
      'sha256:…': pinOf(directory),
      's3://acme-mirror': `file:${team.store}`,
      '127.0.0.1:8080': `127.0.0.1:${String(port)}`,
      'BOT-KEY': botKey,
      'GRACE-KEY': team.people.grace.fingerprint,
      'LINUS-KEY': team.people.linus.fingerprint,
    }),
  };
}

/** As the owner would give it; nonsense while there is no ledger. */
function pinOf(directory: string): string {
  try {
    const policy = execFileSync('git', ['show', 'main:trust/1.policy.json'], { cwd: directory, stdio: 'pipe' });
    return `sha256:${createHash('sha256').update(policy).digest('hex')}`;
  } catch {
    return 'sha256:unknown';
  }
}

export interface Roles {
  readonly roots: readonly Name[];
  readonly reviewers: readonly Name[];
}

/** Puts a ledger with one signature on each policy into the repository, and clones it into the folder. */
export async function addLedger({ team, folder }: Place, { roots, reviewers }: Roles): Promise<void> {
  const flags = [
    ...roots.map((name) => `--root ${name}=${name}.asc`),
    ...reviewers.map((name) => `--reviewer ${name}=${name}.asc`),
  ];
  await team.must(
    'ada',
    `pullthrough ledger init made --executor mirror-bot=bot.asc ${flags.join(' ')} --gpg
    git -C made push --quiet https://github.com/${LEDGER}.git main
    rm -r made
    git clone --quiet https://github.com/${LEDGER}.git`,
    { cwd: folder },
  );
}

/** The executor's folder, `mirror`, with tools; their newest releases are proposed, in this order. */
export async function addMirror(place: Place, tools: readonly string[]): Promise<void> {
  const { team, folder, substitutions } = place;
  const pin = substitutions()['sha256:…'] ?? '';
  await team.must(
    'bot',
    `pullthrough init mirror --ledger ${LEDGER} --store file:${team.store} --pin ${pin}
    cd mirror
    pullthrough add ${tools.join(' ')}
    export PULLTHROUGH_SIGNING_KEY_FILE=${team.folder}/bot.key
    for tool in ${tools.join(' ')}; do pullthrough mirror "$tool"; done`,
    { cwd: folder },
  );
}

/** An acknowledged record of jq, by somebody. */
export async function addRecord(place: Place, who: Name): Promise<void> {
  await addMirror(place, ['jqlang/jq']);
  const cwd = join(place.folder, 'mirror');
  await place.team.must(who, `pullthrough ack ${String(FIRST_PULL)} --gpg && pullthrough ledger merge`, { cwd });
}

/** The paths on the ledger's branch. */
export function ledgerFiles({ ledger }: Place): string[] {
  const out = execFileSync('git', ['ls-tree', '-r', '--name-only', 'main'], { cwd: ledger.git, encoding: 'utf8' });
  return out.split('\n').filter(Boolean);
}

/** The newest policy on the ledger's branch. */
export function newestPolicy(place: Place): {
  version: number;
  expires: string;
  roots: { holders: string[] };
  former: { executors: unknown[]; reviewers: { holder: string }[] };
} {
  const numbers = ledgerFiles(place).flatMap((path) => /^trust\/(\d+)\.policy\.json$/.exec(path)?.[1] ?? []);
  const newest = Math.max(...numbers.map(Number));
  const json = execFileSync('git', ['show', `main:trust/${String(newest)}.policy.json`], {
    cwd: place.ledger.git,
    encoding: 'utf8',
  });
  return JSON.parse(json) as ReturnType<typeof newestPolicy>;
}

/** A new team, and a ledger of ada's with one record that grace acked. */
export async function placeWithRecord(): Promise<Place> {
  const place = await newPlace(await Team.start());
  await addLedger(place, { roots: ['ada'], reviewers: ['grace'] });
  await addRecord(place, 'grace');
  return place;
}
