import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tree } from './ledger-people.ts';

/** A bare git repository that a test fills commit by commit, by objects alone. */
export class GitLedger {
  readonly directory = mkdtempSync(join(tmpdir(), 'pt-ledger-'));

  constructor() {
    this.#git(['init', '--quiet', '--bare', '--initial-branch=main', this.directory]);
  }

  /** Commits exactly this tree, and points the branch at it. */
  commit(
    tree: Tree,
    options: {
      parents?: readonly string[];
      branch?: string;
      /** Of the commit, in seconds since 1970. */
      date?: number;
    } = {},
  ): string {
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
