import { describe, expect, it } from 'vitest';
import { isListName, isSignedListName, namedAfter } from '../../evidence/lists/list-name.ts';

describe('the name of a list of digests', () => {
  it.each([
    'SHA256SUMS',
    'sha256sums.txt',
    'SHASUMS256.txt',
    'shasum.txt',
    'SHA2-256SUMS',
    'checksums.txt',
    'checksums',
    'tool_1.2.3_checksums.txt',
    'cmake-3.28-SHA-256.txt',
    'hashes.txt',
    'digests.txt',
    'a.tar.gz.sha256',
    'a.sha',
    'a-sha256.txt',
    'Xray-linux-64.zip.dgst',
    'a.tar.gz.sha512sum',
    'md5-sha256-checksums.txt',
  ])('is %s', (name) => {
    expect(isListName(name)).toBe(true);
  });

  it.each([
    'SHA256SUMS.asc',
    'SHA256SUMS.gpg',
    'checksums.txt.pem',
    'checksums.txt.sig',
    'checksums.txt.sigstore.json',
    'MD5SUMS',
    'a.sha1',
    'checksums_sha1.txt',
    'a.b3',
    'sha3sums.txt',
    'extract-checksum.sh',
    'hash-linux-amd64',
    'a.tar.gz',
  ])('is not %s', (name) => {
    expect(isListName(name)).toBe(false);
  });

  it('with the ending of a signature is a signed list', () => {
    expect(['SHA256SUMS.asc', 'checksums.txt.sig', 'checksums.txt.minisig'].every(isSignedListName)).toBe(true);
    expect(['SHA256SUMS', 'a.tar.gz.asc', 'checksums.txt.pem'].some(isSignedListName)).toBe(false);
  });

  it('says which file it is of, by the whole name or the stem', () => {
    expect(namedAfter('a.zip.sha256', ['a.zip'])).toEqual({ subject: 'a.zip', ending: '.sha256', bits: '256' });
    expect(namedAfter('a-sha256.txt', ['a.zip'])?.subject).toBe('a.zip');
    expect(namedAfter('a.sha', ['a.zip', 'a.tar.gz'])).toMatchObject({ subject: 'a', bits: undefined });
    expect(namedAfter('SHA256SUMS', ['a'])).toBeUndefined();
  });
});
