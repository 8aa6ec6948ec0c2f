import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pickForPlatform } from '../../consumer/download/pick.ts';
import { parsePlatform } from '../../consumer/download/platform.ts';

interface RealRelease {
  readonly repository: string;
  readonly tool?: string;
  readonly names: readonly string[];
  /** A name; several where they don't decide; null where there is nothing. */
  readonly picks: Readonly<Record<string, string | readonly string[] | null>>;
}

function realReleases(): readonly RealRelease[] {
  return JSON.parse(readFileSync('test/fixtures/releases/platforms.json', 'utf8')) as RealRelease[];
}

describe('the file for a platform, by the habits of those who name files', () => {
  test.each(realReleases())('of the files of $repository for each platform', ({ repository, tool, names, picks }) => {
    const found = Object.keys(picks).map((platform) => {
      const [only, ...others] = pickForPlatform(names, parsePlatform(platform), { repository, tool });
      return [platform, only === undefined ? null : others.length === 0 ? only : [only, ...others]];
    });
    expect(Object.fromEntries(found)).toEqual(picks);
  });

  test.each([
    ['koalaman/shellcheck', 'shellcheck-v0.11.0.zip', ['linux.x86_64', 'darwin.x86_64'], ['windows/amd64']],
    ['tuist/tuist', 'tuist.zip', ['linux-x86_64'], ['darwin/amd64', 'darwin/arm64']],
  ] as const)(
    'the one zip of %s that names no system is for the system that is left',
    (repository, zip, ends, fits) => {
      const names = [zip, ...ends.map((end) => `${zip.replace(/\.zip$/, '')}.${end}.tar.xz`)];
      const all = ['linux/arm64', 'darwin/amd64', 'darwin/arm64', 'windows/amd64'];
      const chosen = all.filter((text) => pickForPlatform(names, parsePlatform(text), { repository }).includes(zip));
      expect(chosen).toEqual(fits);
    },
  );

  test('what is in a zip that is no part of the program is not for the system that is left', () => {
    const names = ['exa-accoutrements.zip', 'exa-linux-x86_64.zip', 'exa-macos-x86_64.zip'];
    expect(pickForPlatform(names, parsePlatform('windows/amd64'), { repository: 'ogham/exa' })).toEqual([]);
  });

  test('`x86` beside 64-bit ARM is every PC, and `386` never is', () => {
    const names = ['tool_linux_x86', 'tool_linux_aarch64', 'tool_osx_x86', 'tool_osx_arm64', 'tool_windows_386.exe'];
    expect(pickForPlatform(names, parsePlatform('linux/amd64'))).toEqual(['tool_linux_x86']);
    expect(pickForPlatform(names, parsePlatform('darwin/amd64'))).toEqual(['tool_osx_x86']);
    expect(pickForPlatform(names, parsePlatform('windows/amd64'))).toEqual([]);
    expect(pickForPlatform(['tool.exe', 'tool_x86.exe', 'tool_arm64.exe'], parsePlatform('windows/amd64'))).toEqual([
      'tool.exe',
    ]);
  });

  test("a package of a file that lies beside it is never picked, and says that the file is Linux's", () => {
    const names = ['tool-1.0-all.jar', 'tool-1.0-all.jar.deb'];
    expect(pickForPlatform(names, parsePlatform('linux/amd64'))).toEqual(['tool-1.0-all.jar']);
    const letters = ['printl-1.3', 'printm-1.3', 'printl-1.3.deb'];
    expect(pickForPlatform(letters, parsePlatform('linux/amd64'))).toEqual(['printl-1.3']);
  });

  test('a tarball with a version and nothing beside it is sources', () => {
    expect(pickForPlatform(['openssl-3.2.0.tar.gz'], parsePlatform('linux/amd64'))).toEqual([]);
    expect(pickForPlatform(['tool.tar.gz'], parsePlatform('linux/amd64'))).toEqual(['tool.tar.gz']);
  });

  test('an archive beside `name.exe` alone is for every Unix', () => {
    const names = ['youtube-dl-2025.11.26.tar.gz', 'youtube-dl.exe'];
    expect(pickForPlatform(names, parsePlatform('darwin/arm64'))).toEqual([names[0]]);
    expect(pickForPlatform(names, parsePlatform('windows/amd64'))).toEqual([names[1]]);
  });

  test.each([
    [['tool-v6.1.0-linux.tar.gz', 'tool-v6.1.0-macos.tar.gz'], 'linux/amd64', 0],
    [['tool_v7_linux', 'tool_v7_darwin'], 'darwin/arm64', 1],
    [['tool-v5-linux-armv7', 'tool-v5-linux-amd64'], 'linux/armv7', 0],
    [['gogs_linux_armv7.tar.gz', 'gogs_linux_armv8.tar.gz'], 'linux/arm64', 1],
    [['buildx.linux-arm-v6', 'buildx.linux-arm-v7', 'buildx.linux-arm64'], 'linux/arm', 1],
    [['lnav-0.11.0-os-x.zip', 'lnav-0.11.0-musl-64bit.zip'], 'darwin/amd64', 0],
  ] as const)('%j: a version is no processor, and `armv8` is one of 64 bits (%s)', (names, platform, at) => {
    expect(pickForPlatform(names, parsePlatform(platform))).toEqual([names[at]]);
  });

  test.each([
    ['a list without a dot', ['tool-linux-amd64', 'tool-linux-sha256'], 'linux/amd64'],
    ['a list of sha', ['tool-linux-amd64', 'tool-linux.sha'], 'linux/amd64'],
  ])('%s is not a program', (_, names, platform) => {
    expect(pickForPlatform(names, parsePlatform(platform))).toEqual([names[0]]);
  });

  test('a program that is only compressed is for Linux on amd64, as a bare one is', () => {
    expect(pickForPlatform(['scriptisto.bz2'], parsePlatform('linux/amd64'))).toEqual(['scriptisto.bz2']);
    expect(pickForPlatform(['scriptisto.bz2'], parsePlatform('darwin/arm64'))).toEqual([]);
    expect(pickForPlatform(['powerline-go'], parsePlatform('darwin/arm64'))).toEqual([]);
  });

  test('a program inside an archive says which system it is for', () => {
    const names = ['kubetrim.tgz', 'kubetrim-darwin.tgz', 'kubetrim.exe.tgz'];
    expect(pickForPlatform(names, parsePlatform('windows/amd64'))).toEqual(['kubetrim.exe.tgz']);
    expect(pickForPlatform(names, parsePlatform('linux/amd64'))).toEqual(['kubetrim.tgz']);
  });

  test.each([
    ['cpz', ['x86_64-unknown-linux-musl-cpz', 'x86_64-unknown-linux-musl-rmz']],
    ['gnome', ['xremap-linux-x86_64-gnome.zip', 'xremap-linux-x86_64-kde.zip']],
    ['hugo-extended', ['hugo_extended_0.165.0_linux-amd64.tar.gz', 'hugo_0.165.0_linux-amd64.tar.gz']],
    ['static', ['containerd-static-2.3.4-linux-amd64.tar.gz', 'containerd-2.3.4-linux-amd64.tar.gz']],
  ] as const)('--tool %s is found where it is a word of the names, too', (tool, names) => {
    expect(pickForPlatform(names, parsePlatform('linux/amd64'), { tool })).toEqual([names[0]]);
  });

  test.each([
    ['a proof of an archive', ['a-1-x64.dmg', 'a-1-x64.dmg.DIGEST', 'a-1-arm64.dmg.DIGEST'], 'linux/arm64', []],
    [
      'symbols for debugging',
      ['a-macOS-Apple.dmg', 'a-macOS-Apple-dSYMs.tar.xz'],
      'darwin/arm64',
      ['a-macOS-Apple.dmg'],
    ],
    [
      'an update that a program fetches',
      ['a.macos-universal.dmg', 'macos.mar'],
      'darwin/arm64',
      ['a.macos-universal.dmg'],
    ],
    ['an image of a disk', ['os-amd64.iso', 'os-amd64.raw.xz'], 'linux/amd64', []],
    ['a library', ['lib-linux-x64.node', 'lib-linux-x64.so'], 'linux/amd64', []],
    ['sources of one system', ['t-osx-x86_64.tar.gz', 't-osx-source.tar.gz'], 'darwin/arm64', ['t-osx-x86_64.tar.gz']],
    ['sources beside zips', ['pg-1.23.1.tar.gz', 'pg-1.23.1-windows-x86_64.zip'], 'linux/amd64', []],
    ['a jar of another program', ['jfs-1.2-linux-amd64.tar.gz', 'jfs-hadoop-1.2.jar'], 'windows/arm64', []],
    ['a package of a jar', ['t-1.0-all.jar', 't-1.0-all.deb'], 'linux/amd64', ['t-1.0-all.jar']],
    ['an app for Android', ['t-x86_64-signed.apk', 't-x86_64.AppImage'], 'linux/amd64', ['t-x86_64.AppImage']],
  ] as const)('%s is not the program', (_, names, platform, picked) => {
    expect(pickForPlatform(names, parsePlatform(platform))).toEqual(picked);
  });

  test('a package for another system that has the same name does not hide one for this', () => {
    const names = ['desk-1.3-x86_64.exe', 'desk-1.3-x86_64.dmg', 'desk-1.3-x86_64.AppImage'];
    const picked = ['windows/amd64', 'darwin/amd64', 'linux/amd64'].map((text) =>
      pickForPlatform(names, parsePlatform(text)),
    );
    expect(picked).toEqual(names.map((name) => [name]));
  });

  test('what is for every PC is taken before what is for newer ones only', () => {
    const names = ['mage_linux_amd64v1.tar.gz', 'mage_linux_amd64v3.tar.gz', 'mage_linux_386.tar.gz'];
    expect(pickForPlatform(names, parsePlatform('linux/amd64'))).toEqual([names[0]]);
    const python = ['py-x86_64_v2-linux-gnu.tar.gz', 'py-x86_64-linux-gnu.tar.gz', 'py-x86_64_v3-linux-gnu.tar.gz'];
    expect(pickForPlatform(python, parsePlatform('linux/amd64'))).toEqual([python[1]]);
    expect(
      pickForPlatform(['tool-linux-amd64-v3.1.0', 'tool-darwin-amd64-v3.1.0'], parsePlatform('linux/amd64')),
    ).toEqual(['tool-linux-amd64-v3.1.0']);
  });

  test('a name that says the version of 32-bit ARM is taken before one that leaves it out', () => {
    const arm = { os: 'linux', arch: 'arm', arm: 7 } as const;
    for (const ends of [
      ['arm', 'arm-v6', 'arm-v7'],
      ['armhf', 'armv6', 'armv7'],
      ['arm', 'arm-6', 'arm-7'],
    ]) {
      const names = ends.map((end) => `tool-linux-${end}.zip`);
      expect(pickForPlatform(names, arm)).toEqual([names[2]]);
      expect(pickForPlatform(names, { ...arm, arm: 6 })).toEqual([names[1]]);
    }
  });

  test('an owner who is there for one system says which', () => {
    const names = ['Git-2.47.1-64-bit.exe', 'Git-2.47.1-64-bit.tar.bz2', 'Git-2.47.1-arm64.tar.bz2'];
    const repository = 'git-for-windows/git';
    expect(pickForPlatform(names, parsePlatform('linux/amd64'), { repository })).toEqual([]);
    expect(pickForPlatform(names, parsePlatform('windows/amd64'), { repository })).toEqual([names[0]]);
  });

  test('one archive for all systems may come in two wrappings', () => {
    const names = ['maven-3.9.9-bin.tar.gz', 'maven-3.9.9-bin.zip', 'maven-3.9.9-src.tar.gz'];
    expect(pickForPlatform(names, parsePlatform('linux/arm64'))).toEqual([names[0]]);
    expect(pickForPlatform(names, parsePlatform('windows/amd64'))).toEqual([names[1]]);
  });

  test('a bare file is a tool of its own, beside a tool with a longer name', () => {
    const names = ['selene', 'selene.exe', 'selene-light-0.31.0-linux.zip', 'selene-light-0.31.0-macos.zip'];
    expect(pickForPlatform(names, parsePlatform('linux/amd64'), { tool: 'selene' })).toEqual(['selene']);
    expect(pickForPlatform(names, parsePlatform('darwin/arm64'), { tool: 'selene' })).toEqual([]);
    expect(pickForPlatform(names, parsePlatform('linux/amd64'), { tool: 'selene-light' })).toEqual([names[2]]);
  });

  test('a script that is a tool of its own is for every Unix', () => {
    const names = ['switcher_linux_amd64', 'switcher_darwin_arm64', 'switch.sh'];
    expect(pickForPlatform(names, parsePlatform('darwin/arm64'), { tool: 'switch' })).toEqual(['switch.sh']);
    expect(pickForPlatform(names, parsePlatform('windows/amd64'), { tool: 'switch' })).toEqual([]);
  });
});
