import { describe, expect, it } from 'vitest';
import { isInRange, parseRange } from '../../ledger-schema/versions/version-range.ts';
import {
  beginsWithVersion,
  compareVersions,
  countOf,
  tagBeginning,
  versionOf,
  versionText,
} from '../../ledger-schema/versions/version.ts';

function shown(tag: string, prefix = ''): string | undefined {
  const version = versionOf(tag, prefix);
  if (version === undefined) return undefined;
  return [
    version.numbers.join('.'),
    ...(version.rank === 0 ? [] : [version.rank < 0 ? '<' : '>', ...version.suffix]),
  ].join(' ');
}

describe('the version of a tag', () => {
  it.each([
    ['v1.2.3', '', '1.2.3'],
    ['jq-1.7.1', '', '1.7.1'],
    ['jq-1.6', '', '1.6'],
    ['v3', '', '3'],
    ['cli/v1.2', 'cli/', '1.2'],
    ['k8s2/v1.4.0', 'k8s2/', '1.4.0'],
    ['k3s-v1.4.0', '', '1.4.0'],
    ['go1.21.3', '', '1.21.3'],
    ['log4j-2.17', '', '2.17'],
    ['7zip-22.01', '', '22.01'],
    ['v8-12.4', '', '12.4'],
    ['v1.2.0-rc.1', '', '1.2.0 < rc 1'],
    ['1.7rc1', '', '1.7 < rc 1'],
    ['1.0b2', '', '1.0 < b 2'],
    ['v1.31.4+k3s1', '', '1.31.4'],
    ['v1.31.4-k3s1', '', '1.31.4 > k 3 s 1'],
    ['2024.01.02', '', '2024.1.2'],
    ['2024-01-02', '', '2024.1.2'],
    ['8.1.0.6389', '', '8.1.0.6389'],
    ['curl-8_11_0', '', '8.11.0'],
    ['OpenSSL_1_1_1w', '', '1.1.1 > w'],
    ['v2.45.1.windows.2', '', '2.45.1 > windows 2'],
    ['1.4.post0', '', '1.4 > post 0'],
    ['v3.0.0.Final', '', '3.0.0'],
    ['v1.0.0-lts', '', '1.0.0'],
  ])('%s after the prefix "%s" is %s', (tag, prefix, version) => {
    expect(shown(tag, prefix)).toBe(version.replace('22.01', '22.1'));
  });

  it('of the same day or number, a commit makes none the newer', () => {
    const [one, other] = ['preview-2026-06-22-24c7377de01c', 'preview-2026-06-22-24c7377de01d'].map((tag) =>
      versionOf(tag),
    );
    expect(compareVersions(one ?? expect.fail(), other ?? expect.fail())).toBe(0);
  });

  it.each([
    'nightly',
    'nightly-709f266ff6a26264ac4fc8c06cc40964861c7ebb',
    'untagged-928286b8064e2cf6dd35',
    'v',
    `1.${'9'.repeat(30)}`,
    `1.0.0-${'a'.repeat(300)}`,
  ])('%s has none', (tag) => {
    expect(versionOf(tag)).toBeUndefined();
  });

  it('is what stands after the beginning', () => {
    expect(tagBeginning('jq-1.7.1')).toBe('jq-');
    expect(tagBeginning('k3s-v1.2')).toBe('k3s-v');
    expect(tagBeginning('nightly')).toBe('nightly');
    expect(versionText('cli/v1.2', 'cli/')).toBe('1.2');
    expect(versionText('nightly')).toBeUndefined();
  });

  it("follows a prefix at once, or the prefix is another tool's", () => {
    expect(['27.5.0', 'v1', 'V2.0'].every(beginsWithVersion)).toBe(true);
    expect(['adapter-4.11.0', '', 'v', 'operator-crds-18.0.0'].some(beginsWithVersion)).toBe(false);
  });
});

describe('the order of versions', () => {
  it.each([
    [['7.2.0.5079', '8.1.0.6389']],
    [['v0.2.0', 'v0.2.0.1', 'v0.2.0.2', 'v0.2.0.10']],
    [['curl-8_10_1', 'curl-8_11_0']],
    [['1.0.dev1', '1.0a1', '1.0a2', '1.0b1', '1.0rc1', '1.0', '1.0.post0', '1.0.post1', '1.0.1']],
    [
      [
        '1.0.0-alpha',
        '1.0.0-alpha.1',
        '1.0.0-alpha.beta',
        '1.0.0-beta',
        '1.0.0-beta.2',
        '1.0.0-beta.11',
        '1.0.0-rc.1',
        '1.0.0',
      ],
    ],
    [['1_1_1', '1_1_1a', '1_1_1k', '1_1_1w', '1_1_1za', '1_1_2']],
    [['v2.45.1', 'v2.45.1.windows.1', 'v2.45.1.windows.2', 'v2.45.2.windows.1']],
    [['v1.31.4-rc1', 'v1.31.4', 'v1.31.4-k3s1', 'v1.31.4-k3s2', 'v1.31.5-k3s1']],
    [['v1.9-nightly', 'v1.9-preview.2', 'v1.9']],
    [['REL_16_BETA1', 'REL_16_RC1', 'REL_16_1']],
    [['6.1.0.M1', '6.1.0.RC1', '6.1.0.RELEASE', '6.1.1.RELEASE']],
    [['jdk8u382-b05', 'jdk8u392-b08', 'jdk8u402-b06']],
    [['RELEASE.2023-12-20T01-00-02Z', 'RELEASE.2023-12-23T07-19-11Z', 'RELEASE.2023-12-23T17-19-11Z']],
    [['7.1.1-9', '7.1.1-23', '7.1.2-0']],
    [['2026-08-17', '2026-08-17.4', '2026-08-18']],
    [['V8.19+rc1', 'V8.19', 'V8.19.1']],
    [['v3.0.0-alphanightly.4', 'v3.0.0']],
    [['v1.0.0-edge.2', 'v1.0.0-pr.4', 'v1.0.0-rc.1', 'v1.0.0']],
    [['3.3.0-252.0.dev', '3.3.0-252.1.beta', '3.3.0']],
    [['20240107', '20240107.1', '20240201a', '20240201b']],
  ])('%j is how a person would order them', (tags) => {
    const versions = tags.map((tag) => versionOf(tag) ?? expect.fail(tag));
    for (const [i, low] of versions.entries()) {
      expect(compareVersions(low, low)).toBe(0);
      for (const high of versions.slice(i + 1)) {
        expect(compareVersions(low, high)).toBeLessThan(0);
        expect(compareVersions(high, low)).toBeGreaterThan(0);
      }
    }
  });

  it.each([
    ['8.1.0.6389', '>=8.1 <8.2', true],
    ['8.1.0.6389', '~8.1.0', true],
    ['8.1.0.6389', '<=8.1.0', false],
    ['v0.2.0.2', '>0.2.0', true],
    ['curl-8_11_0', '^8.11', true],
    ['1_1_1w', '~1.1.1', true],
    ['v1.31.4-k3s1', '^1.31', true],
    ['v2.0.0-rc.1', '^2', false],
    ['v2.0.0-rc.1', '<2', false],
    ['v2.0.0-rc.2', '^2.0.0-rc.1', true],
    ['v2.1.0-rc.2', '^2.0.0-rc.1', false],
    ['v1.9.0', '*', true],
    ['v1.9.0', '1.9.0', true],
    ['v1.9.0', '>1 <1.9 || >=1.9.0', true],
    ['v8.1.0.6389', '8.1.0.6389', true],
    ['v8.1.0.6389', '8.1.0.6388', false],
    ['8.1.0.6389', '>=8.1.0.6389 <9', true],
    ['8.1.0.6388', '>= 8.1.0.6389', false],
    ['8.1.0.6400', '~8.1.0.6389', true],
    ['8.1.1.1', '~8.1.0.6389', false],
    ['8.2.0.1', '^8.1.0.6389', true],
    ['9.0.0.1', '^8.1.0.6389', false],
    ['7.0.0.1', '^8.1.0.6389 || ~7.0', true],
    ['OpenSSL_1_1_1w', '1.1.1w', true],
    ['OpenSSL_1_1_1v', '>=1.1.1w', false],
    ['v1.31.4-k3s2', '>=1.31.4-k3s1', true],
  ])('%s in %s: %s', (tag, range, expected) => {
    const parsed = parseRange(range, { loose: true }) ?? expect.fail(range);
    expect(isInRange(versionOf(tag) ?? expect.fail(tag), parsed)).toBe(expected);
  });

  it.each(['x.y', '8.1.0.6389 || no', '>=8.1.0.x.y', '8.1.0.1 no'])('%j is no range', (text) => {
    expect(parseRange(text, { loose: true })).toBeUndefined();
  });

  it('a date and a number can not be compared, nor can two ways of writing dates', () => {
    const count = (tag: string): string => countOf(versionOf(tag) ?? expect.fail(tag));
    expect(['2024.01.02', '20240102', '2024-01-02'].map(count)).toEqual(['year', 'day', 'year']);
    expect(['1.4.0', '8.1.0.6389', '2024'].map(count)).toEqual(['releases', 'releases', 'releases']);
  });
});
