import { describe, expect, test } from 'vitest';
import { isTranslated, pickForPlatform } from '../../consumer/download/pick.ts';
import { parsePlatform, thisPlatform } from '../../consumer/download/platform.ts';

/** The names of real releases. */
const RELEASES = {
  jq: [
    'jq-1.7.1.tar.gz',
    'jq-1.7.1.zip',
    'jq-linux-amd64',
    'jq-linux-arm64',
    'jq-linux-armel',
    'jq-linux-armhf',
    'jq-linux-i386',
    'jq-linux-riscv64',
    'jq-linux64',
    'jq-macos-amd64',
    'jq-macos-arm64',
    'jq-osx-amd64',
    'jq-win64.exe',
    'jq-windows-amd64.exe',
    'jq-windows-i386.exe',
    'sha256sum.txt',
  ],
  jq16: ['jq-1.6.tar.gz', 'jq-1.6.zip', 'jq-linux32', 'jq-linux64', 'jq-osx-amd64', 'jq-win32.exe', 'jq-win64.exe'],
  yq: [
    'checksums',
    'checksums_hashes_order',
    'extract-checksum.sh',
    'yq_darwin_amd64',
    'yq_darwin_amd64.tar.gz',
    'yq_linux_386',
    'yq_linux_amd64',
    'yq_linux_amd64.tar.gz',
    'yq_linux_arm',
    'yq_linux_arm64',
    'yq_linux_mips64le',
    'yq_linux_mips64',
    'yq_man_page_only.tar.gz',
    'yq_windows_amd64.exe',
    'yq_windows_amd64.zip',
  ],
  gomplate: [
    'checksums-v3.10.0_sha256.txt',
    'gomplate_darwin-amd64',
    'gomplate_darwin-amd64-slim',
    'gomplate_linux-amd64',
    'gomplate_linux-amd64-slim',
    'gomplate_linux-armv6',
    'gomplate_linux-armv7',
    'gomplate_windows-amd64.exe',
    'gomplate_windows-amd64.zip',
  ],
  ripgrep: [
    'ripgrep-14.1.0-aarch64-unknown-linux-gnu.tar.gz',
    'ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz',
    'ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz.sha256',
    'ripgrep-14.1.0-x86_64-apple-darwin.tar.gz',
    'ripgrep-14.1.0-x86_64-pc-windows-msvc.zip',
    'ripgrep-14.1.0-i686-pc-windows-msvc.zip',
    'ripgrep_14.1.0-1_amd64.deb',
  ],
  fd: [
    'fd-v9.0.0-x86_64-unknown-linux-gnu.tar.gz',
    'fd-v9.0.0-x86_64-unknown-linux-musl.tar.gz',
    'fd_9.0.0_amd64.deb',
    'fd-musl_9.0.0_amd64.deb',
    'fd-v9.0.0-x86_64-apple-darwin.tar.gz',
  ],
  gh: [
    'gh_2.40.0_checksums.txt',
    'gh_2.40.0_linux_386.deb',
    'gh_2.40.0_linux_386.tar.gz',
    'gh_2.40.0_linux_amd64.deb',
    'gh_2.40.0_linux_amd64.rpm',
    'gh_2.40.0_linux_amd64.tar.gz',
    'gh_2.40.0_linux_armv6.tar.gz',
    'gh_2.40.0_macOS_amd64.zip',
    'gh_2.40.0_macOS_arm64.zip',
    'gh_2.40.0_windows_amd64.msi',
    'gh_2.40.0_windows_amd64.zip',
    'gh_2.40.0_windows_arm64.zip',
  ],
  cosign: [
    'cosign-linux-amd64',
    'cosign-linux-amd64-keyless.pem',
    'cosign-linux-amd64-keyless.sig',
    'cosign-linux-amd64.sbom.json',
    'cosign-linux-amd64_2.2.2_linux_amd64.sbom',
    'cosign_2.2.2_amd64.deb',
    'cosign_checksums.txt',
    'release-cosign.pub',
  ],
  buildtools: [
    'buildifier-darwin-amd64',
    'buildifier-linux-amd64',
    'buildozer-linux-amd64',
    'unused_deps-linux-amd64',
    'buildifier-linux-arm64',
  ],
  node: [
    'tool-v20.1.0-darwin-x64.tar.gz',
    'tool-v20.1.0-linux-x64.tar.xz',
    'tool-v20.1.0-win-x64.7z',
    'tool-win32-x64.zip',
  ],
  terraform: ['tool_1.64.0_linux_amd64.zip', 'tool_1.64.0_linux_386.zip', 'tool_1.64.0_SHA256SUMS'],
  universal: ['tool-darwin-universal.zip', 'tool-darwin-amd64.zip', 'tool-linux.tar.gz'],
  script: ['install.sh', 'install.sh.asc', 'checksums.txt'],
  named: ['checksum-linux-amd64', 'checksum-linux-arm64', 'checksum-linux-amd64.sig'],
  packages: ['tool_1.0_amd64.deb', 'tool-1.0.x86_64.rpm', 'tool_1.0_arm64.deb'],
} as const;

describe('the file for a platform', () => {
  test.each([
    ['jq', 'linux/amd64', ['jq-linux-amd64', 'jq-linux64']],
    ['jq', 'linux/arm64', ['jq-linux-arm64']],
    ['jq', 'linux/arm', ['jq-linux-armhf']],
    ['jq', 'linux/386', ['jq-linux-i386']],
    ['jq', 'linux/riscv64', ['jq-linux-riscv64']],
    ['jq', 'linux/s390x', []],
    ['jq', 'windows/386', ['jq-windows-i386.exe']],
    ['jq', 'macos/aarch64', ['jq-macos-arm64']],
    ['jq16', 'linux/x86_64', ['jq-linux64']],
    ['jq16', 'linux/i386', ['jq-linux32']],
    ['jq16', 'windows/amd64', ['jq-win64.exe']],
    ['jq16', 'windows/386', ['jq-win32.exe']],
    ['jq16', 'darwin/arm64', ['jq-osx-amd64']],
    ['yq', 'linux/amd64', ['yq_linux_amd64']],
    ['yq', 'linux/mips64le', ['yq_linux_mips64le']],
    ['yq', 'windows/amd64', ['yq_windows_amd64.exe']],
    ['gomplate', 'linux/amd64', ['gomplate_linux-amd64']],
    ['gomplate', 'linux/armv7', ['gomplate_linux-armv7']],
    ['ripgrep', 'linux/amd64', ['ripgrep-14.1.0-x86_64-unknown-linux-musl.tar.gz']],
    ['ripgrep', 'linux/aarch64', ['ripgrep-14.1.0-aarch64-unknown-linux-gnu.tar.gz']],
    ['ripgrep', 'windows/amd64', ['ripgrep-14.1.0-x86_64-pc-windows-msvc.zip']],
    ['ripgrep', 'darwin/amd64', ['ripgrep-14.1.0-x86_64-apple-darwin.tar.gz']],
    ['fd', 'linux/amd64', ['fd-v9.0.0-x86_64-unknown-linux-gnu.tar.gz']],
    ['gh', 'linux/amd64', ['gh_2.40.0_linux_amd64.tar.gz']],
    ['gh', 'darwin/arm64', ['gh_2.40.0_macOS_arm64.zip']],
    ['gh', 'windows/arm64', ['gh_2.40.0_windows_arm64.zip']],
    ['gh', 'linux/arm', ['gh_2.40.0_linux_armv6.tar.gz']],
    ['cosign', 'linux/amd64', ['cosign-linux-amd64']],
    ['buildtools', 'linux/amd64', ['buildifier-linux-amd64', 'buildozer-linux-amd64', 'unused_deps-linux-amd64']],
    ['buildtools', 'linux/arm64', ['buildifier-linux-arm64']],
    ['node', 'linux/amd64', ['tool-v20.1.0-linux-x64.tar.xz']],
    ['node', 'windows/386', []],
    ['terraform', 'linux/amd64', ['tool_1.64.0_linux_amd64.zip']],
    ['universal', 'darwin/arm64', ['tool-darwin-universal.zip']],
    ['universal', 'darwin/amd64', ['tool-darwin-amd64.zip']],
    ['universal', 'linux/amd64', ['tool-linux.tar.gz']],
    ['universal', 'linux/arm64', []],
    ['script', 'linux/amd64', ['install.sh']],
    ['script', 'darwin/arm64', ['install.sh']],
    ['named', 'linux/amd64', ['checksum-linux-amd64']],
    ['packages', 'linux/arm64', ['tool_1.0_arm64.deb']],
  ] as const)('of %s for %s', (release, platform, expected) => {
    expect(pickForPlatform(RELEASES[release], parsePlatform(platform))).toEqual(expected);
  });

  test('a system with musl gets no file for the GNU C library, and the other way round', () => {
    const { os, arch } = parsePlatform('linux/amd64');
    expect(pickForPlatform(RELEASES.fd, { os, arch, musl: true })).toEqual([
      'fd-v9.0.0-x86_64-unknown-linux-musl.tar.gz',
    ]);
    expect(pickForPlatform(RELEASES.fd, { os, arch, musl: false })).toEqual([
      'fd-v9.0.0-x86_64-unknown-linux-gnu.tar.gz',
    ]);
  });

  test('an ARMv6 system gets no file for ARMv7', () => {
    const { os, arch } = parsePlatform('linux/arm');
    expect(pickForPlatform(RELEASES.gomplate, { os, arch, arm: 6 })).toEqual(['gomplate_linux-armv6']);
  });

  test.each([
    [
      'rustwasm/wasm-pack',
      ['wasm-pack-v0.13.1-x86_64-unknown-linux-musl.tar.gz', 'wasm-pack-v0.13.1-x86_64-apple-darwin.tar.gz'],
      'linux/amd64',
      0,
    ],
    ['win-acme/win-acme', ['win-acme.v2.2.x64.pluggable.zip'], 'windows/amd64', 0],
    ['k3s-io/k3s', ['k3s', 'k3s-arm64', 'k3s-airgap-images-amd64.tar.gz', 'sha256sum-amd64.txt'], 'linux/amd64', 0],
    ['git-town/git-town', ['git-town_macos_intel_64.tar.gz', 'git-town_macos_arm_64.tar.gz'], 'darwin/arm64', 1],
    ['protocolbuffers/protobuf', ['protoc-36.0-linux-x86_64.zip', 'protoc-36.0-linux-aarch_64.zip'], 'linux/arm64', 1],
    ['wtetsu/gaze', ['gaze_macos_amd_v1.2.1.zip', 'gaze_macos_arm_v1.2.1.zip'], 'darwin/arm64', 1],
    ['fish-shell/fish-shell', ['fish-4.8.1.pkg', 'fish-4.8.1-linux-x86_64.tar.xz'], 'darwin/arm64', 0],
    ['ktlint/ktlint', ['ktlint-1.8.0.zip', 'ktlint-1.8.0.deb', 'checksums.txt'], 'windows/amd64', 0],
  ] as const)('%s of %j for %s', (repository, names, platform, at) => {
    expect(pickForPlatform(names, parsePlatform(platform), { repository })).toEqual([names[at]]);
  });

  test.each([
    ['ImageMagick/ImageMagick', ['ImageMagick-7.1-portable-Q16-x64.7z', 'ImageMagick-7.1-x64-dll.exe'], 'darwin/arm64'],
    ['k3s-io/k3s', ['k3s-airgap-images-arm64.tar.gz', 'k3s'], 'darwin/arm64'],
    ['apple/container', ['container-1.2.2-installer-signed.pkg'], 'linux/amd64'],
  ] as const)('%s of %j has nothing for %s', (repository, names, platform) => {
    expect(pickForPlatform(names, parsePlatform(platform), { repository })).toEqual([]);
  });

  test.each([
    ['kahing/goofys', 'goofys', ['linux/amd64']],
    ['eficode/wait-for', 'wait-for', ['linux/amd64', 'linux/arm64', 'darwin/amd64', 'darwin/arm64']],
    ['tfutils/tfenv', 'tfenv', ['linux/amd64', 'linux/arm64', 'darwin/amd64', 'darwin/arm64']],
    ['peripheryapp/periphery', 'periphery-3.8.0.zip', ['darwin/amd64', 'darwin/arm64']],
    ['JetBrains/JetBrainsMono', 'JetBrainsMono-2.304.zip', []],
    ['adobe-fonts/source-code-pro', 'TTF-source-code-pro-2.042R-u.zip', []],
    ['vinceliuice/Tela', 'tela-icons.zip', []],
    [
      'ktlint/ktlint',
      'ktlint-1.8.0.zip',
      ['linux/amd64', 'linux/arm64', 'darwin/amd64', 'darwin/arm64', 'windows/amd64'],
    ],
  ] as const)('%s has %s alone, which is for %j', (repository, name, platforms) => {
    const all = ['linux/amd64', 'linux/arm64', 'darwin/amd64', 'darwin/arm64', 'windows/amd64'];
    const fits = all.filter((text) => pickForPlatform([name], parsePlatform(text), { repository }).length > 0);
    expect(fits).toEqual(platforms);
  });

  test('a script beside packages of Linux is for macOS too', () => {
    const names = ['wait-for', 'wait-for.deb', 'wait-for.sha256'];
    expect(pickForPlatform(names, parsePlatform('darwin/arm64'), { repository: 'eficode/wait-for' })).toEqual([
      'wait-for',
    ]);
  });

  test("zips that name an architecture and no system are macOS's, tarballs Linux's", () => {
    const zips = ['ignore_0.3_x86-64.zip', 'ignore_0.3_aarch64.zip'];
    expect(pickForPlatform(zips, parsePlatform('darwin/arm64'))).toEqual([zips[1]]);
    expect(pickForPlatform(zips, parsePlatform('linux/arm64'))).toEqual([]);
    const tarballs = ['runc-x86_64.tgz', 'runc-aarch64.tgz'];
    expect(pickForPlatform(tarballs, parsePlatform('linux/arm64'))).toEqual([tarballs[1]]);
  });

  test("a tool's name may be followed by an architecture that ends in digits", () => {
    const names = ['csv2arrow-aarch64-apple-darwin.tar.xz', 'csv2arrow-x86_64-unknown-linux-gnu.tar.xz'];
    expect(pickForPlatform(names, parsePlatform('darwin/arm64'), { tool: 'csv2arrow' })).toEqual([names[0]]);
  });

  test('of several tools in one release, the named one', () => {
    const names = ['kubectx_v0.11.0_linux_x86_64.tar.gz', 'kubens_v0.11.0_linux_x86_64.tar.gz'];
    const platform = parsePlatform('linux/amd64');
    expect(pickForPlatform(names, platform, { repository: 'ahmetb/kubectx' })).toEqual(names);
    expect(pickForPlatform(names, platform, { repository: 'ahmetb/kubectx', tool: 'kubens' })).toEqual([names[1]]);
  });

  test("Intel's file stands in on Apple silicon where there is no other, and is told apart", () => {
    const names = ['jq-osx-amd64', 'jq-linux64'];
    const silicon = parsePlatform('darwin/arm64');
    expect(pickForPlatform(names, silicon)).toEqual(['jq-osx-amd64']);
    expect(isTranslated('jq-osx-amd64', silicon)).toBe(true);
    expect(isTranslated('jq-osx-arm64', silicon)).toBe(false);
    expect(isTranslated('jq-osx-amd64', parsePlatform('darwin/amd64'))).toBe(false);
  });

  test('the order of the names changes nothing', () => {
    for (const names of Object.values(RELEASES)) {
      const there = pickForPlatform(names, parsePlatform('linux/amd64')).sort();
      expect(pickForPlatform([...names].reverse(), parsePlatform('linux/amd64')).sort()).toEqual(there);
    }
  });
});

describe('a platform', () => {
  test('auto is this one', () => {
    expect(parsePlatform('auto')).toEqual(thisPlatform());
    expect(thisPlatform().os).toBe(process.platform === 'win32' ? 'windows' : process.platform);
  });

  test.each(['', 'linux', 'linux/', '/amd64', 'linux/pdp11', 'beos/amd64', 'amd64/linux'])(
    '%j is none',
    async (text) => {
      await expect(() => parsePlatform(text)).toFailWith('E_USAGE');
    },
  );
});
