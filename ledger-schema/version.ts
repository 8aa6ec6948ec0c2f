import { parse } from 'semver';
import type { SemVer } from 'semver';

/** The most characters of a tag that are read as a version. */
const MAX_LENGTH = 200;
const NUMBERS = /^(\d{1,16})(?:\.(\d{1,16}))?(?:\.(\d{1,16}))?(?=$|[^.\d])/;

/** What stands before a tag's first digit: `jq-` of `jq-1.7.1`, `cli/v` of `cli/v1.2`. The whole tag without a digit. */
export function tagBeginning(tag: string): string {
  const digit = tag.search(/\d/);
  return digit < 0 ? tag : tag.slice(0, digit);
}

/** A tag from its first digit on, after `prefix`: `1.7.1` of `jq-1.7.1`. Undefined without a digit. */
export function versionText(tag: string, prefix = ''): string | undefined {
  const rest = tag.startsWith(prefix) ? tag.slice(prefix.length) : tag;
  const digit = rest.search(/\d/);
  return digit < 0 ? undefined : rest.slice(digit);
}

/**
 * The semantic version that a tag stands for, read from its first digit on (after `prefix`): `jq-1.7.1` is 1.7.1, `v3`
 * is 3.0.0. Undefined where it can't be read as one.
 */
export function versionOf(tag: string, prefix = ''): SemVer | undefined {
  const text = versionText(tag, prefix);
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  const numbers = NUMBERS.exec(text);
  if (numbers === null) return undefined;
  const [whole, major = '0', minor = '0', patch = '0'] = numbers;
  return parse(`${major}.${minor}.${patch}${text.slice(whole.length)}`, { loose: true }) ?? undefined;
}
