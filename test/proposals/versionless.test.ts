import { describe, expect, test } from 'vitest';
import { compareRecords } from '../../proposals/compare-records.ts';
import { followedFiles, versionless } from '../../proposals/versionless.ts';

describe('a name without its version', () => {
  test.each([
    ['jq-1.7.1.tar.gz', 'jq-1.7.1', 'jq-{version}.tar.gz'],
    ['sm_0.1.3_linux_amd64.tar.gz', 'v0.1.3', 'sm_{version}_linux_amd64.tar.gz'],
    ['xq-v0.5.0-x86_64-unknown-linux-musl.tar.gz', 'v0.5.0', 'xq-v{version}-x86_64-unknown-linux-musl.tar.gz'],
    ['go1.21.3.linux-amd64.tar.gz', 'go1.21.3', 'go{version}.linux-amd64.tar.gz'],
    ['hydra_26.2.0-linux_64bit.tar.gz', 'v26.2.0', 'hydra_{version}-linux_64bit.tar.gz'],
    ['gh_2.40.1_checksums.txt', 'v2.40.1', 'gh_{version}_checksums.txt'],
    ['boost_1_84_0.7z', 'boost-1.84.0', 'boost_{version}.7z'],
    ['tool-1.84.0.7z', 'v1.84.0', 'tool-{version}.7z'],
    ['curl-8_5_0.zip', 'curl-8_5_0', 'curl-{version}.zip'],
    ['k3s-1.28.3.k3s1.tar', 'v1.28.3+k3s1', 'k3s-{version}.tar'],
    ['ninja-v2-linux.zip', 'v2', 'ninja-v{version}-linux.zip'],
    ['tool-2-linux.zip', 'v2', 'tool-{version}-linux.zip'],
    ['protoc-25.1-linux-x86_64.zip', 'v25.1', 'protoc-{version}-linux-x86_64.zip'],
    ['nightly-20240102.tar.xz', 'release-20240102', 'nightly-{version}.tar.xz'],
    ['a-1.2.3/b-1.2.3.zip', '1.2.3', 'a-{version}/b-{version}.zip'],
  ])('%s at %s is %s', (name, tag, without) => {
    expect(versionless(name, tag)).toBe(without);
  });

  test.each([
    ['SHA256SUMS.asc', 'v2'],
    ['SHA256SUMS.asc', 'v256'],
    ['SHA512SUMS', '5'],
    ['tool-linux-x86_64.tar.gz', 'v64'],
    ['tool-linux-x86_64.tar.gz', 'v86'],
    ['tool-linux-386.zip', 'v386'],
    ['tool-linux-arm64', 'v64'],
    ['tool-armv7-linux', 'v7'],
    ['tool.tar.bz2', 'v2'],
    ['tool.7z', 'v7'],
    ['libfoo.so.2', 'v2'],
    ['base64-linux', 'v64'],
    ['tool-1.7.1.zip', 'v1.7'],
    ['tool-11.7.zip', 'v1.7'],
    ['tool-2.1.7.zip', 'v1.7'],
    ['tool-1.7-rc1.zip', 'v1.7'],
    ['checksums.txt', 'nightly'],
  ])('%s at %s stays itself', (name, tag) => {
    expect(versionless(name, tag)).toBe(name);
  });
});

describe('files of two releases', () => {
  test('of the very same name are one, whatever the tags are', () => {
    const names = ['SHA256SUMS', 'SHA256SUMS.asc', 'tool-64-x86_64'];
    expect([...followedFiles({ tag: 'v1', names }, { tag: 'v64', names })]).toEqual(names.map((name) => [name, name]));
  });

  test('are one where their names differ by the version alone, each followed once', () => {
    const before = { tag: 'v1.2.3', names: ['a-1.2.3.zip', 'b-1.2.3.zip', 'old.txt'] };
    const now = { tag: 'v2.0.0', names: ['a-2.0.0.zip', 'a_2_0_0.zip', 'new.txt'] };
    expect([...followedFiles(before, now)]).toEqual([['a-2.0.0.zip', 'a-1.2.3.zip']]);
  });

  test('neither lose nor gain a signed list at tag v2', () => {
    const assets = [{ name: 'SHA256SUMS.asc', size: 1 }];
    expect(compareRecords({ tag: 'v1', assets }, { tag: 'v2', assets })).toMatchObject({ added: [], missing: [] });
  });
});
