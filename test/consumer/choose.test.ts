import { describe, expect, test } from 'vitest';
import { candidates, groupTags, isNamed, parseChoice } from '../../consumer/choose-tag.ts';
import { isFileArgument, parseToolName, parseToolRequest } from '../../consumer/tool.ts';

describe('an argument', () => {
  test.each(['./jq', '../jq', '/usr/bin/jq', '.', '.hidden'])('%s is a file', (argument) => {
    expect(isFileArgument(argument)).toBe(true);
  });

  test.each(['jqlang/jq@1', 'github.com/jqlang/jq@1', 'jq'])('%s is not a file', (argument) => {
    expect(isFileArgument(argument)).toBe(false);
  });
});

describe('a tool', () => {
  test.each([
    ['jqlang/jq', { source: 'github.com', owner: 'jqlang', repo: 'jq' }],
    ['GHE.Acme.Example/Team/Tool', { source: 'ghe.acme.example', owner: 'Team', repo: 'Tool' }],
  ])('%s', (text, tool) => {
    expect(parseToolName(text, 'github.com')).toEqual(tool);
  });

  test.each(['jq', 'a/b/c/d', '/jq', 'jqlang/', 'a b/c', 'a\n/b', 'a_b/c/d', `${'x'.repeat(2000)}/y`])(
    '%j is none',
    async (text) => {
      await expect(() => parseToolName(text, 'github.com')).toFailWith('E_USAGE');
    },
  );
});

describe('TOOL@…', () => {
  const wanted = (text: string) => {
    const { tag, choice } = parseToolRequest(text, 'github.com');
    return { tag, range: choice && (choice.range?.raw ?? 'latest'), beginning: choice?.beginning };
  };

  test.each([
    ['o/r@jq-1.7.1', { tag: 'jq-1.7.1' }],
    ['o/r@v1.2', { tag: 'v1.2' }],
    ['o/r@cli/v1.2.3', { tag: 'cli/v1.2.3' }],
    ['o/r@npm@1.2', { tag: 'npm@1.2' }],
    ['o/r@latest', { range: 'latest' }],
    ['o/r@cli/latest', { range: 'latest', beginning: 'cli' }],
    ['o/r@tag:latest', { tag: 'latest' }],
    ['o/r@tag:^1', { tag: '^1' }],
    ['o/r@1.7.1', { tag: '1.7.1', range: '1.7.1' }],
    ['o/r@^1.2', { tag: '^1.2', range: '^1.2' }],
    ['o/r@>=1.2 <2', { tag: '>=1.2 <2', range: '>=1.2 <2' }],
    ['o/r@cmd/config/^1.2', { tag: 'cmd/config/^1.2', range: '^1.2', beginning: 'cmd/config' }],
  ])('%s', (text, expected) => {
    expect(wanted(text)).toEqual({ tag: undefined, range: undefined, beginning: undefined, ...expected });
  });

  test.each(['o/r', 'o/r@', 'o/r@tag:', 'r@1', '@1'])('%s is refused', async (text) => {
    await expect(() => parseToolRequest(text, 'github.com')).toFailWith('E_USAGE');
  });
});

/** The best records for what stands behind the `@`, one list a group. */
function best(tags: string[], wanted: string): string[][] {
  const choice = parseChoice(wanted);
  return groupTags(tags)
    .filter((group) => choice?.beginning === undefined || isNamed(group, choice.beginning))
    .map((group) => candidates(group, choice?.range));
}

describe('choosing by semver', () => {
  const jq = ['jq-1.5', 'jq-1.6', 'jq-1.7rc1', 'jq-1.7', 'jq-1.10.0'];
  const several = ['cli/v1.2.0', 'cli/v2.0.0', 'api/v0.1.0', 'v3.0.0'];

  test.each([
    [
      'latest takes numbers as numbers, prereleases last',
      jq,
      'latest',
      [['jq-1.10.0', 'jq-1.7', 'jq-1.6', 'jq-1.5', 'jq-1.7rc1']],
    ],
    ['four numbers', ['8.1.0.6389', '7.2.0.5079'], 'latest', [['8.1.0.6389', '7.2.0.5079']]],
    ['a fourth number is newer', ['v0.2.0', 'v0.2.0.1', 'v0.2.0.2'], 'latest', [['v0.2.0.2', 'v0.2.0.1', 'v0.2.0']]],
    ['underscores', ['curl-8_10_1', 'curl-8_11_0'], '^8', [['curl-8_11_0', 'curl-8_10_1']]],
    ['four numbers as they are', ['v8.1.0.6389', 'v8.1.0.6400'], '8.1.0.6389', [['v8.1.0.6389']]],
    ['a range of four numbers', ['v8.1.0.6389', 'v8.1.0.6400'], '>8.1.0.6389', [['v8.1.0.6400']]],
    ['a range', jq, '^1.6', [['jq-1.10.0', 'jq-1.7', 'jq-1.6', 'jq-1.7rc1']]],
    ['two bounds', jq, '>=1.6 <1.7', [['jq-1.6']]],
    ['a part of a version is a range', ['v1.2.3', 'v1.2.10', 'v1.3.0'], '1.2', [['v1.2.10', 'v1.2.3']]],
    ['a whole version', ['v1.2.3', 'v1.2.10'], '1.2.3', [['v1.2.3']]],
    [
      'a range that names prereleases',
      ['v1.0.0-rc.1', 'v1.0.0-rc.2', 'v0.9.0'],
      '^1.0.0-rc.1',
      [['v1.0.0-rc.2', 'v1.0.0-rc.1']],
    ],
    ['a prerelease where nothing else is there', ['v2.0.0-rc.1', 'v1.0.0'], '^2', [['v2.0.0-rc.1']]],
    ['tags without a version are never chosen', ['nightly', 'v1.0.0', 'stable'], 'latest', [['v1.0.0']]],
    ['with and without v are one beginning', ['v1.0.0', '2.0.0'], 'latest', [['2.0.0', 'v1.0.0']]],
    ['several beginnings', several, 'latest', [['v3.0.0'], ['api/v0.1.0'], ['cli/v2.0.0', 'cli/v1.2.0']]],
    ['a named beginning', several, 'cli/latest', [['cli/v2.0.0', 'cli/v1.2.0']]],
    ['a named beginning and a range', several, 'cli/^1', [['cli/v1.2.0']]],
    ['a beginning by its very text', several, 'cli/v/^1', [['cli/v1.2.0']]],
    ['the empty beginning', several, '/latest', [['v3.0.0']]],
    ['beginnings that differ in case', ['Z3-4.8.9', 'z3-4.12.0'], 'latest', [['z3-4.12.0', 'Z3-4.8.9']]],
    ['a beginning named in another case', ['OpenSSL_1_1_1w', 'fips-1.0'], 'OPENSSL/latest', [['OpenSSL_1_1_1w']]],
    ['a beginning that is not there', several, 'gui/latest', []],
  ])('%s', (_, tags, wanted, expected) => {
    expect(best(tags, wanted)).toEqual(expected);
  });

  test('the order does not depend on the order of the ledger', () => {
    const shuffled = [...jq].reverse();
    expect(best(shuffled, 'latest')).toEqual(best(jq, 'latest'));
  });
});
