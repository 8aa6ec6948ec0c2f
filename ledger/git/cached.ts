import type { Snapshot } from '../snapshot.ts';
import { Clone } from './clone.ts';
import { Fetcher } from './fetch.ts';
import { CatFile } from './objects/cat-file.ts';
import { GitSnapshot } from './objects/git-snapshot.ts';
import { History } from './objects/history.ts';
import { Objects } from './objects/objects.ts';
import { remoteOf } from './remote.ts';

/** What an earlier run fetched of a ledger. Nobody is asked for what is missing: reading that throws `E_GIT`. */
export interface CachedLedger extends AsyncDisposable {
  readonly snapshot: Snapshot;
}

/** Opens the clone of a ledger that an earlier run left, as it lies; undefined where there is none. */
export async function openCached(options: {
  readonly url: string;
  readonly branch: string;
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
}): Promise<CachedLedger | undefined> {
  const clone = new Clone({ ...options, remote: remoteOf(options.url, undefined) });
  if (!(await clone.isThere())) return undefined;
  const commit = await new Fetcher(clone).readHead();
  if (commit === undefined) return undefined;
  const source = new CatFile(clone.directory, clone.localEnv());
  const objects = new Objects(source, clone.format === 'sha1' ? 20 : 32);
  const history = new History(objects);
  return {
    snapshot: new GitSnapshot(commit, objects, () => history.treeOf(commit)),
    [Symbol.asyncDispose]: () => objects.close(),
  };
}
