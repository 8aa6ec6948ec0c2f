/** The most characters of a version: it is part of a file's name. */
const LONGEST = 128;
const SEMVER =
  /^(?:0|[1-9]\d{0,15})\.(?:0|[1-9]\d{0,15})\.(?:0|[1-9]\d{0,15})(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * The version that a tag of a repository names to packslip, "Tags" and "Spelling a version": `v1.2.3`, `jq-1.7.1` of jq,
 * `4.1` (4.1.0), `2026.08.31` (2026.8.31). Undefined for a tag that names none, such as `nightly`: it is in no list.
 */
export function tagVersion(tag: string, repositoryName: string | undefined): string | undefined {
  const rests = [tag];
  const head = tag.slice(0, repositoryName?.length ?? 0);
  if (repositoryName !== undefined && fold(head) === fold(repositoryName) && /^[/\-_@]/.test(tag.slice(head.length))) {
    rests.unshift(tag.slice(head.length + 1));
  }
  for (const rest of rests) {
    const version = normalized(rest.replace(/^v/, ''));
    if (version !== undefined && version.length <= LONGEST && SEMVER.test(version)) return version;
  }
  return undefined;
}

/** What a tag names to packslip. */
export interface TagProject {
  /** A tool of a repository that releases several, by the tag's own prefix: `cli` of `cli/v1.9.4`; undefined: the repository's one. */
  readonly subpath: string | undefined;
  readonly version: string;
}

const SUBPATH = /^(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+\/)*(?!\.{1,2}$)[A-Za-z0-9._~-]+$/;

/**
 * The project and version that a tag of a repository names, "Monorepos" and "Tags". `hasSubpaths`: tools of a repository are
 * projects of their own on this forge. Undefined for a tag that names none, such as `nightly`.
 */
export function tagProject(tag: string, repositoryName: string, hasSubpaths: boolean): TagProject | undefined {
  const version = tagVersion(tag, repositoryName);
  if (version !== undefined) return { subpath: undefined, version };
  if (!hasSubpaths) return undefined;
  for (const { index } of tag.matchAll(/[/\-_@](?=v?[0-9])/g)) {
    const subpath = tag.slice(0, index);
    // Without a name, the rest is all that counts.
    const named = SUBPATH.test(subpath) ? tagVersion(tag.slice(index + 1), undefined) : undefined;
    if (named !== undefined) return { subpath, version: named };
  }
  return undefined;
}

/** A version as others spell it loosely: a missing patch is 0, leading zeros go. */
function normalized(text: string): string | undefined {
  const [core = ''] = /^[^-+]*/.exec(text) ?? [];
  const numbers = core.split('.');
  if (numbers.length < 2 || numbers.length > 3 || !numbers.every((each) => /^[0-9]+$/.test(each))) return undefined;
  const plain = [...numbers, '0'].slice(0, 3).map((each) => each.replace(/^0+(?=.)/, ''));
  return `${plain.join('.')}${text.slice(core.length)}`;
}

function fold(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
