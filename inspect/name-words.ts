const ARCHITECTURES: readonly (readonly [string, RegExp])[] = [
  ['x86-64', /(?:^|[^a-z0-9])(?:x86[_-]?64|amd64|x64|64-?bit|win64|linux64)(?![a-z0-9])/i],
  ['arm64', /(?:^|[^a-z0-9])(?:arm64|aarch64|armv8)(?![a-z0-9])/i],
  ['x86', /(?:^|[^a-z0-9])(?:x86(?![_-]?64)|[i3-6]?86|i[3-6]86|386|32-?bit|win32|linux32|ia32)(?![a-z0-9])/i],
  ['arm', /(?:^|[^a-z0-9])(?:arm|armv[5-7][a-z]*|armhf|armel)(?![a-z0-9])/i],
  ['riscv64', /(?:^|[^a-z0-9])riscv64(?![a-z0-9])/i],
  ['s390x', /(?:^|[^a-z0-9])s390x(?![a-z0-9])/i],
];
const FORMATS: readonly (readonly ['elf' | 'mach-o' | 'pe', RegExp])[] = [
  ['elf', /(?:^|[^a-z])(?:linux|musl|freebsd|netbsd|openbsd)/i],
  ['mach-o', /(?:^|[^a-z])(?:darwin|macos|osx|apple)/i],
  ['pe', /(?:^|[^a-z])(?:windows|win32|win64|msvc)|\.exe$/i],
];

/** A processor and the format of a system's programs. */
export interface Promised {
  readonly architecture?: string;
  readonly format?: 'elf' | 'mach-o' | 'pe';
}

/** `elf arm64` */
export function promisedText({ format, architecture }: Promised): string {
  return [format, architecture].filter((word) => word !== undefined).join(' ');
}

/** Which processor and system a file's name promises; undefined where it names none, or several. */
export function promisedBy(name: string): Promised {
  if (/universal|(?:^|[^a-z])all(?![a-z])|noarch/i.test(name)) return {};
  const architectures = ARCHITECTURES.filter(([, words]) => words.test(name));
  const formats = FORMATS.filter(([, words]) => words.test(name));
  const [architecture] = architectures.length === 1 ? architectures : [];
  const [format] = formats.length === 1 ? formats : [];
  return {
    ...(architecture === undefined ? {} : { architecture: architecture[0] }),
    ...(format === undefined ? {} : { format: format[0] }),
  };
}
