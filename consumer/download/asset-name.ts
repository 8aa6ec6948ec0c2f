/** What the names of release files say by habit; nothing here is trusted for more than a choice among verified files. */
export type Os =
  | 'linux'
  | 'darwin'
  | 'windows'
  | 'freebsd'
  | 'openbsd'
  | 'netbsd'
  | 'dragonfly'
  | 'android'
  | 'sunos'
  | 'aix'
  | 'plan9'
  | 'wasm';

export type Arch =
  | 'amd64'
  | '386'
  | 'arm64'
  | 'arm'
  | 'riscv64'
  | 'ppc64le'
  | 'ppc64'
  | 's390x'
  | 'loong64'
  | 'mips'
  | 'mipsle'
  | 'mips64'
  | 'mips64le'
  | 'any';

/** Longer names first: `macos` begins with `mac`. */
const OS_WORDS: readonly (readonly [string, Os])[] = [
  ['linux', 'linux'],
  ['manylinux', 'linux'],
  ['musllinux', 'linux'],
  ['ubuntu', 'linux'],
  ['debian', 'linux'],
  ['fedora', 'linux'],
  ['centos', 'linux'],
  ['rhel', 'linux'],
  ['alpine', 'linux'],
  ['darwin', 'darwin'],
  ['macosx', 'darwin'],
  ['macos', 'darwin'],
  ['apple', 'darwin'],
  ['osx', 'darwin'],
  ['mac', 'darwin'],
  ['windows', 'windows'],
  ['mingw', 'windows'],
  ['msvc', 'windows'],
  ['win', 'windows'],
  ['freebsd', 'freebsd'],
  ['openbsd', 'openbsd'],
  ['netbsd', 'netbsd'],
  ['dragonfly', 'dragonfly'],
  ['android', 'android'],
  ['illumos', 'sunos'],
  ['solaris', 'sunos'],
  ['sunos', 'sunos'],
  ['aix', 'aix'],
  ['plan9', 'plan9'],
  ['wasm', 'wasm'],
  ['wasi', 'wasm'],
];

const ARCH_WORDS: Record<string, Arch> = {
  amd64: 'amd64',
  amd: 'amd64',
  intel: 'amd64',
  intel64: 'amd64',
  x64: 'amd64',
  '64bit': 'amd64',
  '386': '386',
  i386: '386',
  i486: '386',
  i586: '386',
  i686: '386',
  x86: '386',
  x32: '386',
  ia32: '386',
  '32bit': '386',
  arm64: 'arm64',
  arm64e: 'arm64',
  arm64v8: 'arm64',
  aarch64: 'arm64',
  silicon: 'arm64',
  m1: 'arm64',
  m2: 'arm64',
  arm: 'arm',
  arm32: 'arm',
  armhf: 'arm',
  armhfp: 'arm',
  armel: 'arm',
  riscv64: 'riscv64',
  riscv64gc: 'riscv64',
  ppc64le: 'ppc64le',
  powerpc64le: 'ppc64le',
  ppc64: 'ppc64',
  s390x: 's390x',
  loong64: 'loong64',
  loongarch64: 'loong64',
  mips: 'mips',
  mipsle: 'mipsle',
  mipsel: 'mipsle',
  mips64: 'mips64',
  mips64le: 'mips64le',
  universal: 'any',
  universal2: 'any',
  noarch: 'any',
  all: 'any',
  fat: 'any',
  jvm: 'any',
};

/** `armv7l`, `arm32v6`. The eighth is 64-bit. */
const ARM_VERSION = /^arm(?:32)?v([5-7])(?:l|a|hf|te|j)?$/;

/** Splits a name at everything but letters and digits, and an OS's name from what is glued to it: `linux64`, `win32`. */
function words(name: string): { word: string; os?: Os }[] {
  const plain = name
    .toLowerCase()
    .replace(/\.exe(?=\.|$)/, '.windows')
    .replace(/x86[-_.]?64/g, 'amd64')
    .replace(/(?<![a-z0-9])amd64v[1-4](?![a-z0-9])/g, 'amd64')
    .replace(/(?<![a-z0-9])(os[-_]x|mac[-_]os)(?![a-z])/g, 'macos')
    .replace(/(?<![a-z0-9])(arm|aarch|amd|intel)[-_]64(?![a-z0-9])/g, (_, arch: string) => `${arch}64`)
    // A `v7` that doesn't stand behind `arm` is the program's own version.
    .replace(/(?<![a-z0-9])(arm(?:32)?)[-_]?(v[5-8])/g, '$1$2')
    .replace(/(?<![a-z0-9])arm[-_]?([5-7])(?![a-z0-9]|\.\d)/g, 'armv$1')
    .replace(/(?<![a-z0-9])armv8[a-z]?(?![a-z0-9])/g, 'arm64')
    .replace(/(?<![a-z0-9])(32|64)[-_]bit/g, (_, bits: string) => `${bits}bit`)
    .replace(/(?<![a-z0-9])(?:arm[-_.]?64bit|64bit[-_.]arm)(?![a-z0-9])/g, 'arm64');
  return plain.split(/[^a-z0-9]+/).flatMap((word) => {
    const found = OS_WORDS.find(([text]) => word.startsWith(text) && !isWord(text, word));
    if (found === undefined) return [{ word }];
    const rest = word.slice(found[0].length);
    return rest === '' ? [{ word, os: found[1] }] : [{ word: found[0], os: found[1] }, { word: rest }];
  });
}

/** `machine` is not a Mac and `winner` is not Windows: only digits or an architecture may follow a short name. */
function isWord(text: string, word: string): boolean {
  const rest = word.slice(text.length);
  return /^[a-z]/.test(rest) && ARCH_WORDS[rest] === undefined && !/^(?:musl|gnu|arm)/.test(rest);
}

/** The operating system that a name mentions. */
export function osOf(name: string): Os | undefined {
  const found = words(name)
    .map(({ os }) => os)
    .filter((os) => os !== undefined);
  // `linux-android` and `wasm32-wasi` say more with the last; `apple-darwin` and `pc-windows-msvc` say one thing twice.
  return found.includes('android') ? 'android' : found[0];
}

/** The architectures that a name mentions, in order; none where it doesn't say. */
export function archOf(name: string): Arch[] {
  const all = words(name);
  const named = all.map(({ word }, i): Arch | undefined => {
    const behindOs = all[i - 1]?.os !== undefined;
    if (behindOs && word === '64') return 'amd64';
    // `win32-x64` is Node's name for Windows.
    if (behindOs && word === '32') return all.some((other) => isArch(other.word)) ? undefined : '386';
    return ARCH_WORDS[word] ?? (ARM_VERSION.test(word) ? 'arm' : undefined);
  });
  return [...new Set(named.filter((arch) => arch !== undefined))];
}

function isArch(word: string): boolean {
  return ARCH_WORDS[word] !== undefined || ARM_VERSION.test(word);
}

/** The version of the 32-bit ARM architecture that a name asks for: 5, 6 or 7; undefined where it isn't said. */
export function armVersion(name: string): number | undefined {
  const versions = words(name).map(({ word }) => Number(ARM_VERSION.exec(word)?.[1] ?? (word === 'armel' ? 5 : 0)));
  return versions.find((version) => version > 0);
}

/** Which PCs it is for, 2 to 4 for newer ones only: `amd64v3`, `x86_64_v2`, `amd64-v3-v1.19.0`; 1 for all. */
export function amd64Level(name: string): number {
  return Number(/(?:x86[-_.]?64|amd64)[-_]?v([1-4])(?![a-z0-9]|\.\d)/i.exec(name)?.[1] ?? 1);
}
