import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { makeFolders } from '../../io/files/file.ts';
import { ioError } from '../../io/io-error.ts';
import { isThereAndEmpty } from '../../io/files/new-folder.ts';
import { moveTo } from '../../io/files/rename.ts';
import { gitEnvironment } from './process/git-environment.ts';
import type { GitConfig } from './process/git-environment.ts';
import { runGit } from './process/git.ts';
import { shownStderr } from './remote.ts';

export interface NewRepository {
  /** Absolute; must not exist, or be empty. */
  readonly directory: string;
  readonly bare: boolean;
  readonly branch: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Makes a git repository with one commit that holds the files: whole, or not at all. Throws `E_EXISTS`, `E_IO`, `E_GIT`.
 */
export async function createRepository(options: NewRepository): Promise<void> {
  const { directory, bare } = options;
  await isThereAndEmpty(directory);
  try {
    await makeFolders(dirname(directory));
  } catch (error) {
    throw ioError(error, `cannot make the folder ${dirname(directory)}`);
  }
  const made = `${directory}.${randomBytes(6).toString('hex')}.tmp`;
  const work = bare ? await mkdtemp(join(tmpdir(), 'pullthrough-')) : made;
  try {
    await mkdir(made);
    await build(options, made, work);
    await rm(directory, { recursive: true, force: true });
    await moveTo(made, directory);
  } finally {
    await rm(made, { recursive: true, force: true });
    if (bare) await rm(work, { recursive: true, force: true });
  }
}

async function build(options: NewRepository, made: string, work: string): Promise<void> {
  const { author, branch, bare, message } = options;
  const config: GitConfig = [
    ['core.autocrlf', 'false'],
    ['core.safecrlf', 'false'],
    ['commit.gpgSign', 'false'],
    ['user.name', author.name],
    ['user.email', author.email],
  ];
  const git = async (gitDir: string | undefined, ...args: string[]): Promise<void> => {
    const env = gitEnvironment({ env: options.env, gitDir, config, protocols: [] });
    const { exitCode, stderr } = await runGit({ directory: work, env, args });
    if (exitCode !== 0) fail('E_GIT', `git can't make the repository ${options.directory}: ${shownStderr(stderr)}`);
  };
  const template = '--template=';
  await git(undefined, 'init', '--quiet', template, `--initial-branch=${branch}`, ...(bare ? ['--bare'] : []), made);
  const gitDir = bare ? made : join(made, '.git');
  // Partial clones ask for single objects.
  const serving = '[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n';
  const receiving = bare ? '' : '[receive]\n\tdenyCurrentBranch = updateInstead\n';
  await writeFile(join(gitDir, 'config'), serving + receiving, { flag: 'a' });
  for (const [path, bytes] of options.files) {
    await makeFolders(join(work, dirname(path)));
    await writeFile(join(work, path), bytes, { mode: 0o644 });
  }
  await git(gitDir, `--work-tree=${work}`, 'add', '--all', '--force', '.');
  await git(gitDir, `--work-tree=${work}`, 'commit', '--quiet', '--message', message);
}
