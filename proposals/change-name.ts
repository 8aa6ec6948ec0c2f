import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { foldAscii, isChangeBranch } from '../ledger-schema/path.ts';

/** What CHANGE names; cli.md, "Reviewer": a pull request's number or URL, or a branch. */
export type ChangeName =
  | { readonly kind: 'pull'; readonly number: number; /** Of a URL. */ readonly url?: URL }
  | { readonly kind: 'branch'; readonly branch: string };

const NUMBER = /^#?([1-9][0-9]{0,8})$/;
const PULL_PATH = /^\/([^/]+\/[^/]+)\/pull\/([1-9][0-9]{0,8})(?:\/.*)?$/;
const HINT = "name a pull request by its number or URL, or a branch by its full name; 'pullthrough review' lists them";

/** Reads CHANGE; `repository` is the ledger's on GitHub, as `owner/repo`. Throws `E_USAGE`. */
export function parseChangeName(text: string, repository: string | undefined): ChangeName {
  const number = NUMBER.exec(text)?.[1];
  if (number !== undefined) {
    requireGitHub(repository);
    return { kind: 'pull', number: Number(number) };
  }
  if (/^https?:\/\//i.test(text)) return pullUrl(text, repository);
  const branch = text.replace(/^refs\/heads\//, '');
  if (branch.length > 1024 || !isChangeBranch(branch)) {
    fail('E_USAGE', `not a change: ${brief(text)}`, { hint: HINT });
  }
  return { kind: 'branch', branch };
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
    fail('E_USAGE', 'the ledger is not on GitHub, so it has no pull requests', { hint: 'name a branch' });
  }
}
