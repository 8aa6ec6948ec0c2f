import { brief } from '../../ledger-schema/bytes.ts';
import { branchKind, isChangeBranch } from '../../ledger-schema/names/branches.ts';

/**
 * The branches of changes among all that a ledger has, name and commit. `warn` is told of those whose names begin as ours
 * and can't be ours, but for the ones in `warned`, where they are remembered.
 */
export function changeBranches(
  all: ReadonlyMap<string, string>,
  warned: Set<string>,
  warn?: (message: string) => void,
): [name: string, commit: string][] {
  const ours = [...all].filter(([name]) => branchKind(name) !== undefined);
  const strange = ours.map(([name]) => name).filter((name) => !isChangeBranch(name) && !warned.has(name));
  for (const name of strange) warned.add(name);
  const [first] = strange;
  if (first !== undefined) {
    const more = strange.length === 1 ? '' : ` and ${strange.length - 1} more`;
    warn?.(`ignored, because no change has such a name: the branch ${brief(first)}${more}`);
  }
  return ours.filter(([name]) => isChangeBranch(name));
}
