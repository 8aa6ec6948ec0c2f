import { TREE } from '../ledger-schema/files.ts';
import { trySegment } from '../ledger-schema/names/layout.ts';
import { encodeSegment, foldAscii } from '../ledger-schema/names/path.ts';
import type { RepositoryId } from './record-index.ts';
import type { Snapshot } from './snapshot.ts';

const SHOWN = 3;

/**
 * Tools that the ledger may have under an earlier name of a repository: those of the same name by another owner, and the
 * other ones of the same owner; sorted, three at most. A ledger knows no new name of a repository before it is recorded, so that
 * these are guesses, for a hint and nothing else.
 */
async function recordedLike(snapshot: Snapshot, { source, repository }: RepositoryId): Promise<string[]> {
  const [owner = '', repo = ''] = repository.split('/');
  const root = `packages/${encodeSegment(source)}`;
  const owners = (await snapshot.list(root)).filter(({ mode }) => mode === TREE);
  const paths = new Map(owners.map(({ name }) => [`${root}/${name}`, trySegment(name) ?? '']));
  const same: string[] = [];
  const besides: string[] = [];
  for (const [path, entries] of await snapshot.listMany([...paths.keys()])) {
    const by = paths.get(path) ?? '';
    const isOwner = foldAscii(by) === foldAscii(owner);
    for (const { name, mode } of entries) {
      const text = mode === TREE ? trySegment(name) : undefined;
      if (text === undefined) continue;
      if (foldAscii(text) === foldAscii(repo)) same.push(`${by}/${text}`);
      else if (isOwner) besides.push(`${by}/${text}`);
    }
  }
  return [...same.sort(), ...besides.sort()].slice(0, SHOWN);
}

/** The beginning of a hint where nothing of a repository is recorded; empty where no name is like it. */
export async function renamedHint(snapshot: Snapshot, id: RepositoryId): Promise<string> {
  const like = await recordedLike(snapshot, id);
  if (like.length === 0) return '';
  return `the ledger has ${like.join(', ')}: a repository that was renamed stays under the name that was recorded first; `;
}
