/** `bundle create`, `check` or `apply` in a process of its own; see kill-preload.ts. */
import { SILENT } from '../../../io/progress.ts';
import { openWholeClone } from '../../../ledger/git/whole-clone.ts';
import { applyBundle } from '../../../owner/bundle/apply.ts';
import { createBundle } from '../../../owner/bundle/create.ts';
import { FileStore } from '../../../store/file-store.ts';

export interface BundleTask {
  readonly action: 'create' | 'check' | 'apply';
  readonly ledger: string;
  readonly store: string;
  readonly cacheDir: string;
  readonly pin: string;
  /** The bundle. */
  readonly path: string;
  /** ISO 8601. */
  readonly now: string;
}

export function run(): Promise<void> {
  return runTask(JSON.parse(process.env.TASK ?? '') as BundleTask);
}

export async function runTask({ action, ledger, store: root, cacheDir, pin, path, now }: BundleTask): Promise<void> {
  await using clone = await openWholeClone({ url: ledger, branch: 'main', cacheDir });
  const store = new FileStore({ root, progress: SILENT });
  const context = { clone, store, branch: 'main', pin, now: new Date(now), cacheDir, progress: SILENT };
  if (action === 'create') await createBundle(context, clone.head ?? '', { path, tools: [] });
  else await applyBundle(context, path, action === 'apply');
}
