import { PullthroughError, TREE, parseRecordPath, trySegment } from '../ledger-schema/index.ts';
import type { Snapshot } from '../ledger/snapshot.ts';
import type { ToolName } from './tool.ts';

/** Directories that are listed together. */
const BATCH = 1000;

/** The directories of all tools with their oids, by path; what can't be a path in the format is left out. */
export async function toolDirectories(snapshot: Pick<Snapshot, 'listMany'>): Promise<Map<string, string>> {
  let level = new Map([['packages', '']]);
  for (let depth = 0; depth < 3; depth++) {
    const next = new Map<string, string>();
    const directories = [...level.keys()];
    for (let from = 0; from < directories.length; from += BATCH) {
      const batch = directories.slice(from, from + BATCH);
      const found = await snapshot.listMany(batch);
      for (const directory of batch) {
        for (const { name, mode, oid } of found.get(directory) ?? []) {
          if (mode === TREE && trySegment(name) !== undefined) next.set(`${directory}/${name}`, oid);
        }
      }
    }
    level = next;
  }
  for (const path of level.keys()) if (!isRecordPath(`${path}/x`)) level.delete(path);
  return level;
}

/** The tool of a directory: `packages/<source>/<owner>/<repo>`, each segment decoded. */
export function toolAt(path: string): ToolName {
  const [source = '', owner = '', repo = ''] = path
    .split('/')
    .slice(1)
    .map((segment) => trySegment(segment) ?? '');
  return { source, owner, repo };
}

/** Can a record be at this path? */
export function isRecordPath(path: string): boolean {
  try {
    parseRecordPath(path);
    return true;
  } catch (error) {
    if (error instanceof PullthroughError) return false;
    throw error;
  }
}
