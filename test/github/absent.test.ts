import { expect, test } from 'vitest';
import { absentText, withheldText } from '../../github/absent.ts';
import { askedText } from '../../github/asked.ts';
import { messageOf, statusError } from '../../github/status-errors.ts';

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
  ['GET /rate_limit', 'h does not have what was asked for'],
])('what is missing is named as a person names it: %s', (what, text) => {
  expect(absentText('h', what)).toBe(text);
});

test.each([
  ['GET /repos/jqlang/jq', 'h withholds jqlang/jq for legal reasons (451)'],
  ['GET /repos/jqlang/jq/releases/tags/v9', 'h withholds jqlang/jq for legal reasons (451)'],
  ['GET /user', 'h withholds this for legal reasons (451)'],
])('a takedown is said of the repository, not of a path: %s', (what, text) => {
  expect(withheldText('h', what)).toBe(text);
});

test('what a host says in several lines is said in several', () => {
  const body = { message: 'Protected by SAML.\r\nGrant your token access.\n', errors: ['a\nb', { message: 'c' }] };
  expect(messageOf(Buffer.from(JSON.stringify(body)))).toBe('Protected by SAML.\nGrant your token access.\na\nb\nc');
});

test.each([
  ['GET /repos/a/b', 'read the repository a/b'],
  ['GET /api/v3/repos/a/b/releases', 'read the releases of a/b'],
  ['GET /repos/a/b/releases/tags/cli%2Fv9', 'read the release cli/v9 of a/b'],
  ['GET /repos/a/b/releases/latest', 'read the latest release of a/b'],
  ['GET /repos/a/b/releases/7/assets', 'read a release of a/b'],
  ['GET /repos/a/b/git/ref/tags/v9', 'read the tag v9 of a/b'],
  ['GET /repos/a/b/attestations/sha256:00', 'read the attestations of a/b'],
  ['POST /orgs/a/attestations/bulk-list', 'read the attestations of a'],
  ['GET /repos/a/b/pulls', 'list the pull requests of a/b'],
  ['POST /repos/a/b/pulls', 'open a pull request in a/b'],
  ['PUT /repos/a/b/pulls/6/merge', 'merge a/b#6'],
  ['PUT /repos/a/b/pulls/6/update-branch', 'bring a/b#6 up to date'],
  ['PATCH /repos/a/b/pulls/6', 'change the pull request a/b#6'],
  ['POST /repos/a/b/git/refs', 'make a branch in a/b'],
  ['POST /repos/a/b/check-runs', 'report a check in a/b'],
  ['POST /repos/a/b/issues/6/comments', 'change or comment on a/b#6'],
  ['POST /graphql', 'say whose token it is'],
  ['GET /repositories/5/releases', 'read the next page of a list'],
  ['GET /rate_limit', 'read this'],
])('what was asked for is said as a person says it: %s', (what, text) => {
  expect(askedText(what)).toBe(text);
});

test.each([
  [401, true, 'h refused GITHUB_TOKEN (401), asked to read the release v1 of a/b: no'],
  [401, false, 'h refused a request without a token (401), asked to read the release v1 of a/b: no'],
  [403, true, 'GITHUB_TOKEN may not read the release v1 of a/b at h (403): no'],
  [403, false, 'nobody without a token may read the release v1 of a/b at h (403): no'],
  [404, true, 'a/b at h has no release of the tag v1: no'],
  [410, true, 'a/b at h has no release of the tag v1: no'],
  [451, true, 'h withholds a/b for legal reasons (451): no'],
  [418, true, 'h answered 418, asked to read the release v1 of a/b: no'],
  [503, true, 'h answered 503, asked to read the release v1 of a/b: no'],
])('no answer is told by the path of an API: %i, with a token: %s', (status, hasToken, text) => {
  const context = { host: 'h', what: 'GET /repos/a/b/releases/tags/v1', tokenName: 'GITHUB_TOKEN', hasToken };
  expect(statusError(context, { status, message: 'no' }).message).toBe(text);
});
