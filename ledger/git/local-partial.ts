import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { FETCH_LIMITS } from './process/fetch-limits.ts';
import type { FetchLimits } from './process/fetch-limits.ts';
import { sentSome } from './fetch.ts';
import { gitEnvironment } from './process/git-environment.ts';
import { runGit } from './process/git.ts';
import { runBounded } from './process/run-bounded.ts';
import type { FetchObjects } from './objects/objects.ts';
import { shownStderr } from './remote.ts';

type Environment = Readonly<Record<string, string>>;

/** How the objects of a repository are read. */
export interface ObjectAccess {
  /** For `git cat-file`. */
  readonly env: Environment;
  readonly fetch: FetchObjects | undefined;
  close(): Promise<void>;
}

/**
 * How to read a repository of the user's own. In a partial clone, git fetches whatever is missing, one object at a
 * time, the moment that it is asked for. Here git reads the objects through a repository that has no remote, and what
 * is missing is fetched together, with the clone's own configuration.
 */
export async function objectAccess(
  gitDir: string,
  gitEnv: Environment,
  env: NodeJS.ProcessEnv,
  limits = FETCH_LIMITS,
): Promise<ObjectAccess> {
  const remote = await promisorOf(gitDir, gitEnv);
  if (remote === undefined) return { env: gitEnv, fetch: undefined, close: () => Promise.resolve() };
  const asked = await runGit({
    directory: gitDir,
    env: gitEnv,
    args: ['rev-parse', '--path-format=absolute', '--git-path', 'objects', '--show-object-format'],
  });
  const [objects = '', format = 'sha1'] = asked.stdout.split('\n');
  const scratch = await mkdtemp(join(tmpdir(), 'pullthrough-objects-'));
  const close = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  const args = ['init', '--bare', '--template=', `--object-format=${format}`, scratch];
  const made = await runGit({ directory: scratch, env: gitEnvironment({ env }), args });
  if (asked.exitCode !== 0 || made.exitCode !== 0) {
    await close();
    fail('E_GIT', `the objects of ${gitDir} cannot be found: ${shownStderr(asked.stderr + made.stderr)}`);
  }
  return {
    env: gitEnvironment({ env, gitDir: scratch, extra: { GIT_OBJECT_DIRECTORY: objects } }),
    fetch: (oids) => fetchMissing(gitDir, { env: gitEnv, remote, objects: dirname(objects), oids, limits }),
    close,
  };
}

/** The name of the remote that promised what is missing; undefined for a whole repository. */
async function promisorOf(gitDir: string, env: Environment): Promise<string | undefined> {
  const args = ['config', '--null', '--get-regexp', '^(extensions\\.partialclone|remote\\..*\\.promisor)$'];
  const { stdout } = await runGit({ directory: gitDir, env, args });
  for (const entry of stdout.split('\0')) {
    const [key = '', value] = entry.split('\n');
    const remote = key.toLowerCase() === 'extensions.partialclone' ? value : /^remote\.(.*)\.promisor$/.exec(key)?.[1];
    if (remote !== undefined && value !== 'false' && !remote.startsWith('-')) return remote;
  }
  return undefined;
}

interface Missing {
  readonly env: Environment;
  readonly remote: string;
  /** The folder that `objects/` is in. */
  readonly objects: string;
  readonly oids: readonly string[];
  readonly limits: Required<FetchLimits>;
}

/** As git itself fetches what is missing, but many objects at once, and bounded. */
async function fetchMissing(gitDir: string, { env, remote, objects, oids, limits }: Missing): Promise<void> {
  const options = ['--verbose', '--progress', '--no-tags', '--no-write-fetch-head', '--no-auto-gc', '--filter=tree:0'];
  const args = ['-c', 'fetch.negotiationAlgorithm=noop', 'fetch', ...options, '--stdin', remote];
  const call = { directory: gitDir, env, args, input: `${oids.join('\n')}\n` };
  const { exitCode, stderr, stopped } = await runBounded(call, objects, limits);
  if (exitCode === 0) return;
  if (stopped === undefined && (sentSome(stderr) || /not our ref|unadvertised object/.test(stderr))) return;
  const said = stopped === undefined ? shownStderr(stderr) : `git was stopped, since ${stopped}`;
  fail('E_LEDGER_UNREACHABLE', `this partial clone cannot fetch what it lacks: ${said}`, {
    hint: 'check its remote, or clone the ledger again without a filter',
  });
}
