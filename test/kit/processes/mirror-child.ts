/** One run of `mirror` in a process of its own, which ends by SIGKILL at the step that it is told; see child.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mirror } from '../../../executor/mirror.ts';
import { findTools } from '../../../upstream/tools.ts';
import { GitHubClient } from '../../../github/client.ts';
import { SILENT } from '../../../io/progress.ts';
import { openLedger } from '../../../ledger/git/repository.ts';
import { ledgerIdentity, memoryFile } from '../../../ledger/view/memory.ts';
import { fileSigner } from '../../../ledger/signing/signer.ts';
import { openStore } from '../../../store/open.ts';

export interface ChildTask {
  readonly root: string;
  readonly api: string;
  readonly ledger: string;
  readonly github: string | undefined;
  readonly store: string;
  readonly cacheDir: string;
  readonly key: string;
  /** The step to die at, and how often it is passed before. */
  readonly killAt: string | undefined;
  readonly skip: number;
}

/** Runs the task that the environment describes. */
export async function run(): Promise<void> {
  const task = JSON.parse(process.env.TASK ?? '') as ChildTask;
  const { root, api, cacheDir } = task;
  const token = task.github === undefined ? undefined : 'ledger-token';
  const ledger = await openLedger({ url: task.ledger, token, branch: 'main', cacheDir, refs: 'all' });
  let left = task.skip;
  const results = await mirror(
    {
      root,
      source: { api, host: 'github.com' },
      ledger,
      branch: 'main',
      github:
        task.github === undefined
          ? undefined
          : { client: new GitHubClient({ api, token, cacheDir, progress: SILENT }), repository: task.github },
      memory: memoryFile(join(root, 'state'), ledgerIdentity(ledger.label, 'main')),
      store: await openStore(task.store, { baseDir: root, env: {}, progress: SILENT }),
      now: new Date(),
      progress: SILENT,
      env: {},
      cacheDir,
    },
    {
      tools: await findTools({ root, host: 'github.com' }),
      signing: {
        signer: await fileSigner({ key: readFileSync(task.key) }),
        author: { name: 'Mirror Bot', email: 'bot@acme.example' },
      },
      concurrency: 1,
      checkpoint: async (name) => {
        if (name !== task.killAt) return;
        left -= 1;
        if (left >= 0) return;
        process.kill(process.pid, 'SIGKILL');
        // The signal may come a moment later; nothing goes on until it does.
        await new Promise(() => undefined);
      },
    },
  );
  await ledger.close();
  process.stdout.write(JSON.stringify(results));
}
