import { brief } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { foldAscii, isHostName, recordPath } from '../ledger-schema/names/path.ts';
import { isChangeBranch } from '../ledger-schema/names/branches.ts';

/** What CHANGE names: a pull request's number or URL, a branch, or a release as OWNER/REPO@TAG. */
export type ChangeName =
  | { readonly kind: 'release'; readonly source: string; readonly repository: string; readonly tag: string }
  | { readonly kind: 'pull'; readonly number: number; /** Of a URL. */ readonly url?: URL }
  | { readonly kind: 'branch'; readonly branch: string };

const NUMBER = /^#?([1-9][0-9]{0,8})$/;
/** GitHub says `pull`, Gitea and Forgejo say `pulls`, and may be served below a path. */
const PULL_PATH = /^(?:\/[^/]+)*?\/([^/]+\/[^/]+)\/pulls?\/([1-9][0-9]{0,8})(?:\/.*)?$/;
const HINT =
  'name a pull request by its number or URL, a branch by its full name, or a release as OWNER/REPO@TAG; ' +
  "'pullthrough review' lists them";
/** A host has no `@`, so that no branch of a proposal looks like this. */
const RELEASE = /^(?:([^/@\s]+)\/)?([^/@\s]+\/[^/@\s]+)@(.*)$/;
/** What `TOOL@…` uses to choose among records; a change is about one tag. */
const RANGE = /^(?:latest$|[<>=^~*])|\s/;

/**
 * Reads CHANGE; `repository` is the ledger's on GitHub, as `owner/repo`, and `host` the source of a release that names
 * none. Throws `E_USAGE`.
 */
export function parseChangeName(text: string, repository: string | undefined, host = 'github.com'): ChangeName {
  const number = NUMBER.exec(text)?.[1];
  if (number !== undefined) {
    requireGitHub(repository);
    return { kind: 'pull', number: Number(number) };
  }
  if (/^https?:\/\//i.test(text)) return pullUrl(text, repository);
  const [, source = host, name, wanted] = RELEASE.exec(text) ?? [];
  if (name !== undefined && wanted !== undefined) return releaseName(text, { source, repository: name, wanted });
  const branch = text.replace(/^refs\/heads\//, '');
  if (branch.length > 1024 || !isChangeBranch(branch)) {
    fail('E_USAGE', `not a change: ${brief(text)}`, { hint: HINT });
  }
  return { kind: 'branch', branch };
}

function releaseName(text: string, named: { source: string; repository: string; wanted: string }): ChangeName {
  const { repository, wanted } = named;
  const source = named.source.toLowerCase();
  const exact = wanted.startsWith('tag:');
  const tag = exact ? wanted.slice('tag:'.length) : wanted;
  if (!exact && RANGE.test(wanted)) {
    fail('E_USAGE', `a change is about one tag, and ${brief(text)} names none`, {
      hint: 'write OWNER/REPO@TAG, or @tag:latest for the tag of that name',
    });
  }
  if (!isHostName(source) || tag === '' || text.length > 1024) {
    fail('E_USAGE', `not a change: ${brief(text)}`, { hint: HINT });
  }
  try {
    recordPath({ source, repository, tag });
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_USAGE', `no record has such a name: ${brief(text)}`, { hint: HINT, cause });
  }
  return { kind: 'release', source, repository, tag };
}

function pullUrl(text: string, repository: string | undefined): ChangeName {
  requireGitHub(repository);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const [, named, number] = PULL_PATH.exec(url?.pathname ?? '') ?? [];
  if (url === undefined || named === undefined || number === undefined) {
    fail('E_USAGE', 'the URL is not one of a pull request', { hint: HINT });
  }
  if (foldAscii(named) !== foldAscii(repository)) {
    fail('E_USAGE', `the pull request is one of ${brief(named)}, and the ledger is ${repository}`, { hint: HINT });
  }
  return { kind: 'pull', number: Number(number), url };
}

function requireGitHub(repository: string | undefined): asserts repository is string {
  if (repository === undefined) {
    fail('E_USAGE', 'the ledger is not on GitHub, so it has no pull requests', {
      hint: 'name a branch, or a release as OWNER/REPO@TAG',
    });
  }
}
