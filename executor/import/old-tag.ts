import type { Release } from '../../github/types.ts';
import { tagBeginning, versionText } from '../../ledger-schema/versions/version.ts';

/**
 * The releases that a version directory of an old tree can mean: the directory's name was cut from the tag (`jq-1.6`
 * is `1.6`, `v3.8.0` is `3.8.0`). Best first: one that has all the files that the old lists name, then the tag itself,
 * then `v` and the version, then the repository's name before it, then the shortest beginning.
 */
export function tagCandidates(
  version: string,
  repo: string,
  names: Iterable<string>,
  releases: readonly Release[],
): Release[] {
  const wanted = [...names];
  const complete = (release: Release): boolean => {
    const has = new Set(release.assets.map(({ name }) => name));
    return wanted.every((name) => has.has(name));
  };
  const rank = (tag: string): number => {
    if (tag === version) return 0;
    const beginning = tagBeginning(tag).toLowerCase();
    if (beginning === 'v') return 1;
    return beginning.replace(/[-_/v]+$/, '') === repo.toLowerCase() ? 2 : 3;
  };
  return releases
    .filter(({ draft, tag }) => !draft && (tag === version || versionText(tag) === version))
    .sort(
      (a, b) =>
        Number(complete(b)) - Number(complete(a)) ||
        rank(a.tag) - rank(b.tag) ||
        a.tag.length - b.tag.length ||
        b.id - a.id,
    );
}
