import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runModule } from './program.ts';
import type { ChildResult } from './program.ts';
import type { ChildTask } from './mirror-child.ts';
import { people } from '../worlds/executor-keys.ts';
import type { World } from '../worlds/executor-world.ts';

/** Runs `mirror` in a process of its own, to its end or to the step where SIGKILL ends it. */
export async function runMirror(
  made: World,
  { killAt, skip = 0 }: { killAt?: string; skip?: number } = {},
  env: Record<string, string> = {},
): Promise<ChildResult> {
  const key = join(made.folder, 'bot.asc');
  await writeFile(key, (await people()).bot.secret);
  const task: ChildTask = {
    root: made.folder,
    api: made.github.api,
    ledger: made.onGitHub ? `${made.github.web}/acme/ledger.git` : made.ledgerDirectory,
    github: made.onGitHub ? 'acme/ledger' : undefined,
    store: made.storeDirectory,
    cacheDir: join(made.folder, 'cache'),
    key,
    killAt,
    skip,
  };
  const source = `import { run } from './test/kit/processes/mirror-child.ts';\nawait run();`;
  return runModule(source, { TASK: JSON.stringify(task), ...env });
}
