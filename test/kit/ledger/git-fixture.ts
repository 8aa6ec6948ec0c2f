import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { openLedger } from '../../../ledger/git/repository.ts';
import type { LedgerOptions, LedgerRepository } from '../../../ledger/git/repository.ts';
import { atEndOfFile } from '../end-of-file.ts';
import { startGitServer } from '../../servers/git-server.ts';
import type { GitServer } from '../../servers/git-server.ts';

/** What git gets in tests: nobody's configuration, and fixed people. */
export const GIT_ENV: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Tester',
  GIT_AUTHOR_EMAIL: 'tester@example.org',
  GIT_COMMITTER_NAME: 'Tester',
  GIT_COMMITTER_EMAIL: 'tester@example.org',
};

/** A folder that goes when the test file is done. */
export function temporary(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'pt-git-')));
  atEndOfFile(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs git and gives the bytes that it wrote. */
export function gitBytes(
  directory: string,
  args: readonly string[],
  input?: string | Uint8Array,
  env?: NodeJS.ProcessEnv,
): Buffer {
  const stdio = ['pipe', 'pipe', 'pipe'] as const;
  return execFileSync('git', [...args], { cwd: directory, env: { ...GIT_ENV, ...env }, input, stdio: [...stdio] });
}

/** Runs git and gives what it wrote, without the last newline. */
export function git(...call: Parameters<typeof gitBytes>): string {
  return gitBytes(...call)
    .toString('utf8')
    .replace(/\n$/, '');
}

/** Runs git without stopping this process, which may be the host that git talks to. */
export async function gitLater(directory: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('git', [...args], { cwd: directory, env: GIT_ENV });
}

export function bareRepository(directory = join(temporary(), 'ledger.git')): string {
  git('/', ['init', '--quiet', '--bare', '--initial-branch=main', directory]);
  return directory;
}

export interface NewCommit {
  /** Without refs/heads/. */
  readonly branch: string;
  readonly files: Readonly<Record<string, string>>;
  /** A revision; default: the branch itself where it is there. */
  readonly from?: string;
  readonly merge?: readonly string[];
  readonly message?: string;
  /** Seconds since 1970. */
  readonly date?: number;
}

let clock = 1_790_000_000;

/** Makes commits by fast-import, many in a moment, and gives the last one's oid. */
export function commits(directory: string, list: readonly NewCommit[]): string {
  const stream: string[] = [];
  const here = new Set(
    git(directory, ['for-each-ref', '--format=%(refname)'])
      .split('\n')
      .filter((name) => name !== ''),
  );
  for (const { branch, files, from, merge, message, date } of list) {
    const ref = `refs/heads/${branch}`;
    const text = message ?? 'a commit';
    stream.push(`commit ${ref}\ncommitter Tester <tester@example.org> ${date ?? clock++} +0000\n`);
    stream.push(`data ${Buffer.byteLength(text)}\n${text}\n`);
    if (from !== undefined) stream.push(`from ${from}\n`);
    else if (here.has(ref)) stream.push(`from ${ref}^0\n`);
    here.delete(ref);
    for (const parent of merge ?? []) stream.push(`merge ${parent}\n`);
    for (const [path, content] of Object.entries(files)) {
      stream.push(`M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n${content}\n`);
    }
    stream.push('\n');
  }
  git(directory, ['fast-import', '--quiet', '--force', '--done'], `${stream.join('')}done\n`);
  return git(directory, ['rev-parse', `refs/heads/${list.at(-1)?.branch ?? 'main'}`]);
}

/** Bytes that no compression makes smaller, the same for each seed. */
export function noise(seed: string, length: number): string {
  let text = '';
  for (let part = 0; text.length < length; part++) {
    text += createHash('sha256').update(`${seed}/${part}`).digest('base64');
  }
  return text.slice(0, length);
}

/** The files of a record that looks like a real one, but for its sense. */
export function record(index: number): Record<string, string> {
  const owner = `owner${Math.floor(index / 50)}`;
  const path = `packages/github.com/${owner}/repo${Math.floor(index / 10) % 5}/v1.${index % 10}.0`;
  const fingerprint = createHash('sha1')
    .update(String(index % 3))
    .digest('hex')
    .toUpperCase();
  return {
    [`${path}/checklist.json`]: noise(`json${index}`, 400),
    [`${path}/checklist.sha256`]: noise(`sums${index}`, 300),
    [`${path}/checklist.sha256.sign`]: noise(`sign${index}`, 250),
    [`${path}/checklist.sha256.${fingerprint}.ack`]: noise(`ack${index}`, 250),
    [`${path}/checklist.sha256.${fingerprint.replace(/^./, '0')}.ack`]: noise(`more${index}`, 250),
  };
}

/** A bare ledger of so many records, one commit for each `perCommit` of them. */
export function ledgerOf(records: number, perCommit = 1, directory = bareRepository()): string {
  const list: NewCommit[] = [{ branch: 'main', files: { 'README.md': 'A ledger.\n', '.gitattributes': '* -text\n' } }];
  for (let first = 0; first < records; first += perCommit) {
    const files: Record<string, string> = {};
    for (let index = first; index < Math.min(first + perCommit, records); index++) Object.assign(files, record(index));
    list.push({ branch: 'main', files });
  }
  commits(directory, list);
  return directory;
}

/** A ledger of so many records and a server that has it, closed when the test file is done. */
export async function servedLedger(records: number): Promise<{ repository: string; server: GitServer; url: string }> {
  const repository = ledgerOf(records);
  const server = await startGitServer({ root: dirname(repository) });
  atEndOfFile(() => server.close());
  return { repository, server, url: `${server.origin}/ledger.git` };
}

/** Opens a ledger with a cache of its own, closed when the test file is done. */
export async function open(options: Partial<LedgerOptions> & { url: string }): Promise<LedgerRepository> {
  const ledger = await openLedger({
    branch: 'main',
    cacheDir: join(temporary(), 'cache'),
    refs: 'branch',
    env: GIT_ENV,
    ...options,
  });
  atEndOfFile(() => ledger.close());
  return ledger;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
