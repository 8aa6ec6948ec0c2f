import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeArtifacts } from '../../../consumer/stamps/artifacts.ts';
import { commandName } from '../../../consumer/stamps/command-name.ts';
import { namePlatform } from '../../../consumer/stamps/name-platform.ts';
import { projectName } from '../../../consumer/stamps/statement.ts';
import { tagProject, tagVersion } from '../../../consumer/stamps/tag-version.ts';
import { stampAsset } from '../../kit/stamps.ts';

const fixture = join(import.meta.dirname, '../../fixtures/packslip/tag-versions.json');
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as {
  cases: { name: string; tag: string; project: string; expect: string | null }[];
};

describe('the version of a tag', () => {
  // A list by us is of a whole repository; a tool within one has a third segment.
  test.each(cases.filter(({ project }) => project.split('/').length === 3))(
    'is the one of packslip’s own vector: $name',
    ({ tag, project, expect: expected }) => {
      expect(tagVersion(tag, project.split('/')[2]) ?? null).toBe(expected);
    },
  );

  test.each(cases.filter(({ project }) => project.split('/').length > 3))(
    'is the one of packslip’s own vector for a tool of a repository, where it is ours to say: $name',
    ({ tag, project, expect: expected }) => {
      const [, , repo = '', ...rest] = project.split('/');
      const named = tagProject(tag, repo, true);
      if (named?.subpath === rest.join('/')) expect(named.version).toBe(expected);
      else expect(named?.subpath).not.toBe(rest.join('/'));
    },
  );

  test.each<[string, string | undefined, string | undefined]>([
    ['v1.2.3', undefined, '1.2.3'],
    ['biome-1.2.3', undefined, '1.2.3'],
    ['cli/v1.9.4', 'cli', '1.9.4'],
    ['crates/cli/v1.9.4', 'crates/cli', '1.9.4'],
    ['oxlint_v1.0.0', 'oxlint', '1.0.0'],
    ['kustomize/v5.4.3', 'kustomize', '5.4.3'],
    ['@biomejs/cli@1.0.0', undefined, undefined],
    ['../v1.0.0', undefined, undefined],
    ['a/../v1.0.0', undefined, undefined],
    ['a//v1.0.0', undefined, undefined],
    ['/v1.0.0', undefined, undefined],
    ['nightly', undefined, undefined],
    ['2026-08-31', undefined, undefined],
  ])('%s of a repository of several tools is %s %s', (tag, subpath, version) => {
    expect(tagProject(tag, 'biome', true)).toEqual(version === undefined ? undefined : { subpath, version });
    if (subpath !== undefined) expect(tagProject(tag, 'biome', false)).toBeUndefined();
  });

  test.each([
    ['1', undefined],
    ['v1.2.3.4', undefined],
    ['v1.2.03', '1.2.3'],
    ['V1.2.3', undefined],
    ['vv1.2.3', undefined],
    ['v1.2.3-01', undefined],
    ['v1.2.3-rc.1+build.5', '1.2.3-rc.1+build.5'],
    ['v1.2.3+', undefined],
    ['v1.2.3 ', undefined],
    ['v1.2.3\n', undefined],
    ['v１.2.3', undefined],
    [`v1.2.${'9'.repeat(17)}`, undefined],
    [`v1.2.3-${'a'.repeat(200)}`, undefined],
    ['', undefined],
    ['jq', undefined],
    ['jq-', undefined],
  ])('%j is %j', (tag, version) => {
    expect(tagVersion(tag, 'jq')).toBe(version);
  });
});

describe('a project', () => {
  test.each([
    ['github.com', 'jqlang/jq', 'github.com/jqlang/jq'],
    ['ghe.acme.example', 'tools/x.y_z', 'ghe.acme.example/tools/x.y_z'],
    ['localhost', 'a/b', undefined],
    ['github.com', 'a/..', undefined],
    ['github.com', './b', undefined],
    ['github.com', 'a/b/c', undefined],
    ['github.com', 'a/ü', undefined],
    ['github.com', 'a/b%2F', undefined],
  ])('%s %s is %s', (source, repository, project) => {
    expect(projectName({ source, repository })).toBe(project);
  });
});

describe('what a name says', () => {
  test.each([
    ['jq-linux-amd64', { os: 'linux', arch: 'x86_64', format: 'raw' }],
    ['jq-macos-arm64', { os: 'darwin', arch: 'aarch64', format: 'raw' }],
    ['jq-win64.exe', { os: 'windows', arch: 'x86_64', format: 'raw' }],
    ['Tool-Setup-1.2.3.exe', { os: 'windows', format: 'exe' }],
    ['gh_2.60.0_linux_386.tar.gz', { os: 'linux', arch: 'i686', format: 'tar.gz' }],
    ['tool-1.386.0-linux-arm.tar.gz', { os: 'linux', arch: 'armv6', format: 'tar.gz' }],
    ['tool-x86_64-unknown-linux-musl.tar.xz', { os: 'linux', arch: 'x86_64', libc: 'musl', format: 'tar.xz' }],
    ['tool-aarch64-linux-android.tar.gz', { os: 'android', arch: 'aarch64', format: 'tar.gz' }],
    ['android-tools_linux_amd64.tar.gz', { os: 'linux', arch: 'x86_64', format: 'tar.gz' }],
    ['mise-v2026.9.1-linux-x64', { os: 'linux', arch: 'x86_64', format: 'raw' }],
    ['tool-linux-x64-1.2.3', { os: 'linux', arch: 'x86_64', format: 'raw' }],
    ['tool_linux_mips64le.zip', { os: 'linux', arch: 'mips64el', format: 'zip' }],
    ['tool.deb', { os: 'linux', format: 'deb' }],
    ['SHASUMS256.txt', undefined],
    ['install.sh', undefined],
    ['tool.jar', undefined],
  ])('%s', (name, expected) => {
    expect(namePlatform(name)).toEqual(expected);
  });

  test.each([
    ['jq-linux-amd64', 'jq'],
    ['unused_deps-linux-arm64', 'unused_deps'],
    ['jq-win64.exe', 'jq'],
    ['tool-v1.2.3-linux-amd64', 'tool'],
    ['yq_linux_amd64', 'yq'],
    ['kubectl', 'kubectl'],
    ['winner-linux-amd64', 'winner'],
    ['k3s-arm64', 'k3s'],
  ])('%s is run as %s', (name, command) => {
    expect(commandName(name)).toBe(command);
  });
});

describe('the artifacts of a release', () => {
  const describeAll = (names: readonly (readonly [string, string] | string)[], repository = 'tool') =>
    describeArtifacts(
      names.map((name) => (typeof name === 'string' ? stampAsset(name) : stampAsset(...name))),
      repository,
      ({ name }) => `https://x/${name}`,
    ).map(({ name, os, arch, libc, variant, format }) => [name, os, arch, libc, variant, format].join(' '));

  test('leave out lists, signatures, documents, sources, and what names no system beside files that do', () => {
    expect(
      describeAll([
        'tool-linux-amd64',
        'tool-linux-amd64.sha256',
        'tool-linux-amd64.asc',
        'checksums.txt',
        'README.md',
        'tool-1.0.0.tar.gz',
        'tool-src.tar.gz',
        'tool-linux.tar.gz',
      ]),
    ).toEqual(['tool-linux-amd64 linux x86_64 gnu  raw']);
  });

  test('may run everywhere where no file of the release names a system', () => {
    expect(describeAll(['tool-1.0.0.zip', 'tool'])).toEqual(['tool-1.0.0.zip     zip']);
  });

  test('of two for one platform are told apart by what their names add', () => {
    expect(describeAll(['tool-linux-amd64', 'tool-full-linux-amd64'])).toEqual([
      'tool-full-linux-amd64 linux x86_64 gnu full raw',
      'tool-linux-amd64 linux x86_64 gnu  raw',
    ]);
    expect(describeAll(['buildifier-linux-amd64', 'buildozer-linux-amd64'], 'buildtools')).toEqual([
      'buildifier-linux-amd64 linux x86_64 gnu buildifier raw',
      'buildozer-linux-amd64 linux x86_64 gnu buildozer raw',
    ]);
    expect(describeAll(['grype-linux-amd64', 'syft-linux-amd64'], 'syft')).toEqual([
      'grype-linux-amd64 linux x86_64 gnu grype raw',
      'syft-linux-amd64 linux x86_64 gnu  raw',
    ]);
  });

  test('that are the same bytes under two names are one', () => {
    const same = [
      ['jq-linux64', 'x'],
      ['jq-linux-amd64', 'x'],
    ] as const;
    expect(describeAll(same, 'jq')).toHaveLength(1);
  });

  test('never hold two for one platform, variant and format, whatever they are called', () => {
    const names = ['a', 'b', 'A', 'a-b', 'b-a', 'a--b', 'a.b', 'a_b'].flatMap((word) => [
      `tool-${word}-linux-amd64`,
      `${word}-linux-x64`,
      `linux-x86_64-${word}`,
    ]);
    const keys = describeAll([...new Set(names)]).map((line) => line.slice(line.indexOf(' ')));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
