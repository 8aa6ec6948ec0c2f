import { randomBytes } from 'node:crypto';
import { rm, rmdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail } from '../ledger-schema/error.ts';
import { makeFolders } from '../io/files/file.ts';
import { isThereAndEmpty } from '../io/files/new-folder.ts';
import { withProgram } from '../io/program-source.ts';
import type { ProgramSource } from '../io/program-source.ts';
import { moveTo } from '../io/files/rename.ts';

export interface NewExecutor {
  /** Absolute; must not exist, or be empty. */
  readonly directory: string;
  /** `[ledger] repository`, as it is written. */
  readonly ledger: string;
  /** `[store] url`, as it is written. */
  readonly store: string;
  /** `sha256:…`, or undefined: a line to fill in. */
  readonly pin?: string | undefined;
  /** What the workflows install. */
  readonly program: ProgramSource;
}

function template(name: string): string {
  return readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8');
}

function mirrorIni({ ledger, store, pin }: NewExecutor): string {
  const trust = pin === undefined ? '; pin = sha256:...    as the owner of the ledger gives it' : `pin = ${pin}`;
  return [
    '[ledger]',
    `repository = ${ledger}`,
    '',
    '[store]',
    `url = ${store}`,
    '; public-url = https://...    where consumers read it, if not the same',
    '',
    '[trust]',
    trust,
    '',
  ].join('\n');
}

/** The files of a new executor repository, by path. */
export function executorFiles(options: NewExecutor): ReadonlyMap<string, string> {
  const workflow = (name: string): string => withProgram(template(name), options.program);
  return new Map([
    ['mirror.ini', mirrorIni(options)],
    ['README.md', template('README.md')],
    ['.gitattributes', '*.ini text eol=lf\n'],
    ['.gitignore', '/store/\n*.key\n'],
    ['packages/.gitkeep', ''],
    ['.github/CODEOWNERS', '# Who may change what is mirrored, and how. Put your team here:\n# * @acme/platform\n'],
    ...['mirror.yml', 'watch.yml', 'store-check.yml', 'site.yml'].map((name): [string, string] => [
      `.github/workflows/${name}`,
      workflow(name),
    ]),
  ]);
}

/** Makes the folder of a new executor: whole, or not at all. Throws `E_EXISTS`, `E_IO`. */
export async function initExecutor(options: NewExecutor): Promise<readonly string[]> {
  const { directory } = options;
  const empty = await isThereAndEmpty(directory);
  const made = `${directory}.${randomBytes(6).toString('hex')}.tmp`;
  const files = executorFiles(options);
  try {
    for (const [path, text] of files) {
      await makeFolders(join(made, dirname(path)));
      await writeFile(join(made, path), text);
    }
    if (empty) await rmdir(directory);
    await moveTo(made, directory);
  } catch (cause) {
    fail('E_IO', `${directory} can't be made`, { cause, hint: 'is there room, and may you write there?' });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return [...files.keys()];
}
