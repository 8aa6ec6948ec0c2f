import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LedgerHost } from './ledger-host.ts';
import type { CommitFacts, HostCommit } from './ledger-host.ts';
import type { Tree } from './ledger-tree.ts';

/** A bare git repository that a test fills commit by commit, by objects alone. */
export class GitLedger extends LedgerHost {
  readonly directory: string;

  /** A new one, or the one that lies there. */
  constructor(directory?: string) {
    super();
    this.directory = directory ?? mkdtempSync(join(tmpdir(), 'pt-ledger-'));
    if (directory === undefined) this.#git(['init', '--quiet', '--bare', '--initial-branch=main', this.directory]);
  }

  /** Commits exactly this tree, and points the branch at it. */
  commit(tree: Tree, options: HostCommit = {}): string {
    const ref = `refs/heads/${options.branch ?? 'scratch'}`;
    const quoted = (path: string): string => `"${path.replace(/["\\\\]/g, '\\\\$&')}"`;
    const parts: (string | Uint8Array)[] = ['feature done\n', `reset ${ref}\n\n`, `commit ${ref}\nmark :1\n`];
    parts.push(`committer T <t@x> ${options.date ?? 1_700_000_000} +0000\ndata 8\na change\n`);
    (options.parents ?? []).forEach((parent, i) => parts.push(`${i === 0 ? 'from' : 'merge'} ${parent}\n`));
    parts.push('deleteall\n');
    for (const [path, bytes] of tree) {
      parts.push(`M 100644 inline ${quoted(path)}\ndata ${bytes.length}\n`, bytes, '\n');
    }
    parts.push('\nget-mark :1\ndone\n');
    return this.#git(
      ['fast-import', '--quiet', '--force', '--date-format=raw'],
      Buffer.concat(parts.map((part) => Buffer.from(part))),
    );
  }

  branches(): Map<string, string> {
    const lines = this.run('for-each-ref', '--format=%(objectname) %(refname:lstrip=2)', 'refs/heads').split('\n');
    return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
  }

  point(branch: string, commit: string | undefined): void {
    const ref = `refs/heads/${branch}`;
    if (commit === undefined) this.run('update-ref', '-d', ref);
    else this.run('update-ref', ref, commit);
  }

  files(commit: string): Tree {
    const entries = this.run('ls-tree', '-r', '-z', commit).split('\0').filter(Boolean);
    const input = entries.map((entry) => `${entry.split(/[ \t]/)[2] ?? ''}\n`).join('');
    let rest = execFileSync('git', ['cat-file', '--batch'], { cwd: this.directory, input });
    return new Map(
      entries.map((entry) => {
        const end = rest.indexOf(10);
        const size = Number(rest.toString('latin1', 0, end).split(' ')[2]);
        const bytes = rest.subarray(end + 1, end + 1 + size);
        rest = rest.subarray(end + 1 + size + 1);
        return [entry.slice(entry.indexOf('\t') + 1), bytes];
      }),
    );
  }

  facts(commit: string): CommitFacts {
    const [parents = '', author = '', message = ''] = this.run(
      'log',
      '-1',
      '--format=%P%x00%an <%ae>%x00%B',
      commit,
    ).split('\0');
    return { parents: parents.split(' ').filter(Boolean), author, message };
  }

  keepBranches(keep: boolean): void {
    this.run('config', 'receive.denyDeletes', String(keep));
  }

  /** Git in this repository. */
  run(...args: readonly string[]): string {
    return this.#git(args);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #git(args: readonly string[], input?: Uint8Array): string {
    const identity = {
      GIT_AUTHOR_NAME: 'T',
      GIT_AUTHOR_EMAIL: 't@x',
      GIT_COMMITTER_NAME: 'T',
      GIT_COMMITTER_EMAIL: 't@x',
    };
    return execFileSync('git', [...args], {
      cwd: this.directory,
      input: input ?? '',
      env: { ...process.env, ...identity },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    }).trim();
  }
}
