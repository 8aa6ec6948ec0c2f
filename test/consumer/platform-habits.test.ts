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
});
