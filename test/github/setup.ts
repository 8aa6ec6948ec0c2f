import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { GitHubClient } from '../../github/client.ts';
import type { GitHubClientOptions } from '../../github/client.ts';
import type { Clock } from '../../github/http/fetch.ts';
import { SILENT } from '../../io/progress.ts';
import { startGitHub } from '../servers/github/github.ts';
import type { GitHubServer, GitHubServerOptions } from '../servers/github/github.ts';

/** Sleeps are over at once, and noted. */
export interface FakeClock extends Clock {
  readonly slept: number[];
}

export function fakeClock(): FakeClock {
  let time = Date.now();
  const slept: number[] = [];
  return {
    slept,
    now: () => time,
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
      time += milliseconds;
    },
  };
}

/** A server that ends with the test. */
export async function github(options?: GitHubServerOptions): Promise<GitHubServer> {
  const server = await startGitHub(options);
  onTestFinished(() => server.close());
  return server;
}

export function clientOf(server: GitHubServer, options: Partial<GitHubClientOptions> = {}): GitHubClient {
  return new GitHubClient({ api: server.api, progress: SILENT, clock: fakeClock(), ...options });
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pullthrough-github-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export interface BareRepository {
  readonly path: string;
  readonly git: (args: readonly string[], input?: string) => string;
  /** Adds a commit with one file more to a branch, which begins at `from` where it is new. */
  readonly commit: (branch: string, file: string, options?: { from?: string; content?: string }) => string;
}

/** A bare repository with one commit on main. */
export async function bareRepository(): Promise<BareRepository> {
  const path = join(await temporaryFolder(), 'repository.git');
  const who = { NAME: 'Bot', EMAIL: 'bot@example.com' };
  const env = {
    PATH: process.env.PATH,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...Object.fromEntries(
      Object.entries(who).flatMap(([key, value]) => [
        [`GIT_AUTHOR_${key}`, value],
        [`GIT_COMMITTER_${key}`, value],
      ]),
    ),
  };
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', path], { env });
  const git = (args: readonly string[], input = ''): string =>
    execFileSync('git', args, { cwd: path, env, input }).toString().trim();
  const commit: BareRepository['commit'] = (branch, file, { from, content = file } = {}) => {
    const tip = git(['for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`]);
    const parent = tip === '' ? from : tip;
    const blob = git(['hash-object', '-w', '--stdin'], content);
    const before = parent === undefined ? '' : `${git(['ls-tree', parent])}\n`;
    const tree = git(['mktree'], `${before}100644 blob ${blob}\t${file}\n`);
    const made = git(['commit-tree', tree, '-m', `add ${file}`, ...(parent === undefined ? [] : ['-p', parent])]);
    git(['update-ref', `refs/heads/${branch}`, made]);
    return made;
  };
  commit('main', 'README');
  return { path, git, commit };
}
