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
