import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tree } from './people.ts';

/** A leaf of another mode than a regular file's. */
export interface OddLeaf {
  readonly mode: '100755' | '120000' | '160000';
  readonly content: string;
}

/** A bare git repository that a test fills commit by commit, by objects alone. */
export class GitLedger {
  readonly directory = mkdtempSync(join(tmpdir(), 'pt-ledger-'));

  constructor() {
    this.#git(['init', '--quiet', '--bare', '--initial-branch=main', this.directory]);
  }

  /** Commits exactly this tree, and these leaves of odd modes, and points the branch at it. */
  commit(
    tree: Tree,
    options: {
      parents?: readonly string[];
      branch?: string;
      odd?: ReadonlyMap<string, OddLeaf>;
      /** Of the commit, in seconds since 1970. */
      date?: number;
    } = {},
  ): string {
    const ref = `refs/heads/${options.branch ?? 'scratch'}`;
    const quoted = (path: string): string => `"${path.replace(/["\\\\]/g, '\\\\$&')}"`;
    const parts: (string | Uint8Array)[] = ['feature done\n', `reset ${ref}\n\n`, `commit ${ref}\n`];
    parts.push(`committer T <t@x> ${options.date ?? 1_700_000_000} +0000\ndata 8\na change\n`);
    (options.parents ?? []).forEach((parent, i) => parts.push(`${i === 0 ? 'from' : 'merge'} ${parent}\n`));
    parts.push('deleteall\n');
    const put = (mode: string, path: string, bytes: Uint8Array): void => {
      parts.push(`M ${mode} inline ${quoted(path)}\ndata ${bytes.length}\n`, bytes, '\n');
    };
    for (const [path, bytes] of tree) put('100644', path, bytes);
    for (const [path, { mode, content }] of options.odd ?? []) {
      if (mode === '160000') parts.push(`M 160000 ${content} ${quoted(path)}\n`);
      else put(mode, path, Buffer.from(content));
    }
    parts.push('done\n');
    this.#git(
      ['fast-import', '--quiet', '--force', '--date-format=raw'],
      Buffer.concat(parts.map((part) => Buffer.from(part))),
    );
    return this.#git(['rev-parse', ref]);
  }

  /** The same commit again, but that a name of its tree stands there twice, the second time with other bytes. */
  commitTwice(commit: string, path: string, content: string): string {
    const oid = this.#git(['hash-object', '-w', '--stdin'], Buffer.from(content));
    return this.#commitWith(commit, path, `100644 blob ${oid}`);
  }

  /** The same commit again, but that a folder stands in its tree as well as whatever has that name. Default: an empty one. */
  commitFolder(commit: string, path: string, tree = this.#git(['mktree'])): string {
    return this.#commitWith(commit, path, `040000 tree ${tree}`);
  }

  /** The oid of a folder that holds the next one so many times, so many levels deep. */
  bomb(width: number, depth: number): string {
    let tree = this.#git(['mktree']);
    for (let level = 0; level < depth; level++) {
      const entries = Array.from({ length: width }, (_, i) => `040000 tree ${tree}\td${i}`);
      tree = this.#git(['mktree'], Buffer.from(entries.join('\n')));
    }
    return tree;
  }

  /** The oid of a folder. */
  folder(commit: string, path: string): string {
    return this.#git(['rev-parse', `${commit}:${path}`]);
  }

  /** The same commit again with one entry more, as `git ls-tree` says it without its name. */
  #commitWith(commit: string, path: string, entry: string): string {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    const entries = (folder: string): string[] => this.#git(['ls-tree', `${commit}:${folder}`]).split('\n');
    let tree = this.#git(['mktree'], Buffer.from([...entries(folders.join('/')), `${entry}\t${name}`].join('\n')));
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const others = entries(folders.join('/')).filter((line) => !line.endsWith(`\t${folder}`));
      tree = this.#git(['mktree'], Buffer.from([...others, `040000 tree ${tree}\t${folder}`].join('\n')));
    }
    const parents = this.#git(['rev-parse', `${commit}^@`])
      .split('\n')
      .filter((parent) => parent !== '');
    return this.#git(['commit-tree', tree, '-m', 'a change', ...parents.flatMap((parent) => ['-p', parent])]);
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
