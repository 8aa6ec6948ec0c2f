import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a pull request needs of the bare repository behind it. */
export class PullGit {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All branches with their commits. */
  async branches(): Promise<Map<string, string>> {
    const lines = await this.#git('for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads/');
    const pairs = lines.split('\n').filter((line) => line !== '');
    return new Map(
      pairs.map((line) => [line.slice(line.indexOf(' ') + 'refs/heads/'.length + 1), line.split(' ')[0] ?? '']),
    );
  }

  async isAncestor(commit: string, of: string): Promise<boolean> {
    try {
      await this.#git('merge-base', '--is-ancestor', commit, of);
      return true;
    } catch {
      return false;
    }
  }

  async setRef(ref: string, commit: string): Promise<void> {
    await this.#git('update-ref', ref, commit);
  }

  /** Merges by a merge commit, as GitHub does. */
  async merge(merge: {
    base: string;
    into: string;
    head: string;
    message: string;
    author: string;
  }): Promise<{ commit: string } | 'conflict' | 'moved'> {
    const { base, into, head, message, author } = merge;
    let tree: string;
    try {
      tree = (await this.#git('merge-tree', '--write-tree', base, head)).split('\n')[0] ?? '';
    } catch {
      return 'conflict';
    }
    const commit = await this.#git('commit-tree', tree, '-p', base, '-p', head, '-m', message, { author });
    try {
      await this.#git('update-ref', `refs/heads/${into}`, commit, base);
    } catch {
      return 'moved';
    }
    return { commit };
  }

  async #git(...args: (string | { author: string })[]): Promise<string> {
    const words = args.filter((arg) => typeof arg === 'string');
    const author = args.find((arg) => typeof arg === 'object')?.author ?? 'octocat';
    const { stdout } = await run('git', ['-c', 'safe.directory=*', ...words], {
      cwd: this.#directory,
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: author,
        GIT_AUTHOR_EMAIL: `${author}@users.noreply.example`,
        GIT_COMMITTER_NAME: 'GitHub',
        GIT_COMMITTER_EMAIL: 'noreply@github.example',
      },
    });
    return stdout.trim();
  }
}
