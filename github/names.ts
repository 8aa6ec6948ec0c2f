import { fail } from '../ledger-schema/error.ts';

const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const REPO = /^[A-Za-z0-9._-]{1,100}$/;

/** Is it `owner/repo`, and nothing that could be anything else in a path? */
export function isRepositoryName(text: string): boolean {
  const [owner = '', repo = '', ...rest] = text.split('/');
  return rest.length === 0 && OWNER.test(owner) && REPO.test(repo) && !/^\.\.?$/.test(repo);
}

/** `owner/repo` for a route. Throws `E_NAME`. */
export function splitRepository(repository: string): { owner: string; repo: string } {
  if (!isRepositoryName(repository)) {
    fail('E_NAME', `not a repository's name: ${repository}`, { hint: 'write OWNER/REPO' });
  }
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}

/** A tag for a route, where Octokit encodes it. `.` and `..` would be taken out of the path; git has no such tags. */
export function tagSegment(tag: string): string {
  if (tag === '' || tag === '.' || tag === '..' || /\p{Surrogate}/u.test(tag))
    fail('E_NAME', `not a tag's name: ${tag}`);
  return tag;
}
