/** What a file's name says in packslip's words ("Vocabularies"); what it doesn't say is left out. */
export interface NamePlatform {
  readonly os?: string;
  readonly arch?: string;
  readonly libc?: string;
  readonly format?: string;
}

/** Compound endings first, so that `.tar.gz` is not taken for `.gz`. */
const FORMATS =
  'tar.xz tar.gz tar.zst tar.bz2 tgz tar zip 7z gz xz zst bz2 deb rpm dmg pkg msix msi exe appimage'.split(' ');
const OS_ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/linux|\.(?:deb|rpm|appimage)$/, 'linux'],
  [/darwin|macos|apple|\.(?:dmg|pkg)$/, 'darwin'],
  [/windows|win64|win32|\.(?:exe|exe\.gz|exe\.zip|msi|msix)$/, 'windows'],
  [/freebsd/, 'freebsd'],
  [/netbsd/, 'netbsd'],
  [/openbsd/, 'openbsd'],
  [/illumos/, 'illumos'],
];
/** A word of letters and digits; a number within a dotted version is not one. */
const word = (text: string): RegExp =>
  /^\d+$/.test(text)
    ? new RegExp(`(?<![a-z0-9]|[0-9]\\.)${text}(?![a-z0-9]|\\.[0-9])`)
    : new RegExp(`(?<![a-z0-9])${text}(?![a-z0-9])`);
const ARCHS: readonly (readonly [RegExp, string])[] = [
  [/x86_64|x86-64|x64|amd64/, 'x86_64'],
  [/aarch64|arm64/, 'aarch64'],
  [/armv7|armhf/, 'armv7'],
  [/armv6/, 'armv6'],
  [/riscv64/, 'riscv64'],
  [/ppc64le|ppc64el|powerpc64le/, 'powerpc64le'],
  [/s390x/, 's390x'],
  [/loongarch64|loong64/, 'loongarch64'],
  [/i686|i386|x86/, 'i686'],
  [word('ia32'), 'i686'],
  [word('386'), 'i686'],
  [word('arm'), 'armv6'],
  [word('mips64(?:el|le)'), 'mips64el'],
  [word('mips64'), 'mips64'],
  [word('mips(?:el|le)'), 'mipsel'],
  [word('mips'), 'mips'],
  [word('(?:ppc64|powerpc64)'), 'powerpc64'],
  [word('win64'), 'x86_64'],
];
/** After the last dot, a short tail with a letter in it: `tool-1.2.3-linux-x64` has none. */
const EXTENSION = /\.(?=[0-9]*[a-z])[a-z0-9]{0,9}$/;

/**
 * Reads a release file's name as `packslip create` reads it, so that a list by us and one by the vendor agree. Undefined
 * for a file whose ending belongs to none of the formats: a signature, a list of digests, a script.
 */
export function namePlatform(name: string): NamePlatform | undefined {
  const lower = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const ending = FORMATS.find((each) => lower.endsWith(`.${each}`));
  if (ending === undefined && EXTENSION.test(lower)) return undefined;
  const program = ending === 'exe' && !/setup|install/.test(lower);
  const format = ending === undefined || program ? 'raw' : ending;
  const words = lower.split(/[^a-z0-9]+/).filter((each) => each !== '');
  const os = osOf(lower, words);
  const arch = ARCHS.find(([pattern]) => pattern.test(lower))?.[1];
  const libc = os === undefined || os === 'linux' ? libcOf(lower, words) : undefined;
  return {
    ...(os === undefined ? {} : { os }),
    ...(arch === undefined ? {} : { arch }),
    ...(libc === undefined ? {} : { libc }),
    format,
  };
}

function osOf(lower: string, words: readonly string[]): string | undefined {
  const android = (each: string | undefined): boolean => each === 'android' || each === 'androideabi';
  const has = (each: string): boolean => words.includes(each);
  const behind = (first: string, second: (each: string | undefined) => boolean): boolean =>
    words.some((each, i) => each === first && second(words[i + 1]));
  if (behind('linux', android) || (words.some(android) && !has('linux'))) return 'android';
  if (behind('apple', (each) => each === 'ios')) return 'ios';
  if (has('ios') && !has('apple') && !has('darwin') && !has('macos')) return 'ios';
  return OS_ENDINGS.find(([pattern]) => pattern.test(lower))?.[1];
}

function libcOf(lower: string, words: readonly string[]): string | undefined {
  if (lower.includes('musl')) return 'musl';
  return words.some((each) => each === 'gnu' || /^(?:gnueabi|gnuabi|gnux32|glibc)/.test(each)) ? 'gnu' : undefined;
}
