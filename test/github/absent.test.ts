import { expect, test } from 'vitest';
import { absentText, withheldText } from '../../github/absent.ts';
import { messageOf } from '../../github/status-errors.ts';

test.each([
  ['GET /repos/a/b', 'h has no repository a/b that can be seen'],
  ['GET /api/v3/repos/a/b/releases/tags/cli%2Fv9', 'a/b at h has no release of the tag cli/v9'],
  ['GET /repos/a/b/releases/latest', 'a/b at h has no latest release'],
  ['GET /repos/a/b/git/ref/tags/v9', 'a/b at h has no tag v9'],
  ['GET /repos/a/b/git/ref/tags%2Fcli%2Fv9', 'a/b at h has no tag cli/v9'],
  ['GET /repos/a/b/git/ref/heads/main', 'a/b at h has no branch main'],
  ['GET /repos/a/b/commits/tags%2Fv9', 'a/b at h has no tag v9'],
  ['GET /repos/a/b/pulls/6', 'a/b at h has no pull request #6'],
  ['GET /repos/a/b/releases/tags/%E0%A4', 'a/b at h has no release of the tag %E0%A4'],
  ['GET /rate_limit', 'h has nothing at GET /rate_limit'],
])('what is missing is named as a person names it: %s', (what, text) => {
  expect(absentText('h', what)).toBe(text);
});

test.each([
  ['GET /repos/jqlang/jq', 'h withholds jqlang/jq for legal reasons (451)'],
  ['GET /repos/jqlang/jq/releases/tags/v9', 'h withholds jqlang/jq for legal reasons (451)'],
  ['GET /user', 'h withholds GET /user for legal reasons (451)'],
])('a takedown is said of the repository, not of a path: %s', (what, text) => {
  expect(withheldText('h', what)).toBe(text);
});

test('what a host says in several lines is said in one', () => {
  const body = { message: 'Protected by SAML.\r\nGrant your token access.\n', errors: ['a\nb', { message: 'c' }] };
  expect(messageOf(Buffer.from(JSON.stringify(body)))).toBe('Protected by SAML.; Grant your token access.; a; b; c');
});
