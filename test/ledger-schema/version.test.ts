import { describe, expect, it } from 'vitest';
import { tagBeginning, versionOf, versionText } from '../../ledger-schema/version.ts';

describe('the version of a tag', () => {
  it.each([
    ['v1.2.3', '', '1.2.3'],
    ['jq-1.7.1', '', '1.7.1'],
    ['jq-1.6', '', '1.6.0'],
    ['v3', '', '3.0.0'],
    ['cli/v1.2', 'cli/', '1.2.0'],
    ['k8s2/v1.4.0', 'k8s2/', '1.4.0'],
    ['v1.2.0-rc.1', '', '1.2.0-rc.1'],
    ['1.7rc1', '', '1.7.0-rc1'],
    ['v1.31.4+k3s1', '', '1.31.4'],
    ['2024.01.02', '', '2024.1.2'],
  ])('%s after the prefix "%s" is %s', (tag, prefix, version) => {
    expect(versionOf(tag, prefix)?.version).toBe(version);
  });

  it.each(['nightly', 'v', '1.2.3.4', `1.${'9'.repeat(30)}`, `1.0.0-${'a'.repeat(300)}`])('%s has none', (tag) => {
    expect(versionOf(tag)).toBeUndefined();
  });

  it('is what stands after the beginning', () => {
    expect(tagBeginning('jq-1.7.1')).toBe('jq-');
    expect(tagBeginning('nightly')).toBe('nightly');
    expect(versionText('cli/v1.2', 'cli/')).toBe('1.2');
    expect(versionText('nightly')).toBeUndefined();
  });
});
