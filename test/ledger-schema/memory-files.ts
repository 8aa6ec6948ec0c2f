import { sha256Hex } from '../../ledger-schema/bytes.ts';
import type { FileEntry, LedgerFiles } from '../../ledger-schema/files.ts';
import type { RecordFiles } from '../../ledger-schema/record.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';

function entries(tree: Tree, directory: string): FileEntry[] {
  const names = new Map<string, FileEntry>();
  for (const [path, bytes] of tree) {
    if (!path.startsWith(`${directory}/`)) continue;
    const [name = '', ...rest] = path.slice(directory.length + 1).split('/');
    names.set(name, { name, mode: rest.length > 0 ? '040000' : '100644', oid: sha256Hex(bytes) });
  }
  return [...names.values()];
}

/** A tree in memory, read as the ledger's git trees are. */
export function memoryFiles(tree: Tree): LedgerFiles {
  return {
    list: async (directory) => entries(tree, directory),
    read: async (path) => tree.get(path),
  };
}

export function memoryRecord(tree: Tree, path: string): RecordFiles {
  return { path, entries: entries(tree, path), read: async (name) => tree.get(`${path}/${name}`) };
}
