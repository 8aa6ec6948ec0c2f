import { amd64Level, archOf, armVersion, osOf } from './asset-name.ts';
import type { Os } from './asset-name.ts';
import { hasSideWord, isAboutAnother, isInstaller, isSideFile, osOfEnding, stemOf, typeRank } from './asset-kind.ts';
import { isAmd64ByHabit, isArm64ByHabit, isMacByHabit, isWindowsByHabit } from './habits.ts';
import type { Named } from './habits.ts';
import { ofTool } from './of-tool.ts';
import type { Platform } from './platform.ts';
import { isPackageOfAnother, jars, lonely, packaged, remaining } from './silent-name.ts';

export interface PickHints {
  /** `owner/repo`, a host before it or not: its name is not a word about a system, as in `wasm-pack` or `win-acme`. */
  readonly repository?: string | undefined;
  /** How the names of one tool begin, where a release holds several. */
  readonly tool?: string | undefined;
}

/** How far anything that is not a package ranks ahead of every package. */
const PACKAGES = 1000;

/**
 * The files of a release for a platform, by the common habits of naming them; several where names don't decide, none
 * where nothing fits. Signatures, digests and the like are never among them, packages only where there is nothing else.
 * On macOS, Intel's file stands in where there is none for Apple silicon ({@link isTranslated}).
 */
export function pickForPlatform(names: readonly string[], platform: Platform, hints: PickHints = {}): string[] {
  const release = readRelease(names, hints);
  const likely = release.filter(({ name }) => !hasSideWord(name) && !isInstaller(name));
  const rosetta = platform.os === 'darwin' && platform.arch === 'arm64';
  const platforms = rosetta ? [platform, { ...platform, arch: 'amd64' as const }] : [platform];
  const tries = [likely, release].flatMap((files) => platforms.map((one) => best(files, one, names)));
  return tries.find((picked) => picked.length > 0) ?? [];
}

/** Is the file, by its name, Intel's on Apple silicon, where Rosetta translates it? */
export function isTranslated(name: string, platform: Platform, hints: PickHints = {}): boolean {
  if (platform.os !== 'darwin' || platform.arch !== 'arm64') return false;
  const archs = archOf(withoutRepository(name, hints.repository));
  return archs.includes('amd64') && !archs.includes('arm64') && !archs.includes('any');
}

function readRelease(names: readonly string[], { repository, tool }: PickHints): readonly Named[] {
  const wanted = tool === undefined ? names : ofTool(names, tool);
  const read = wanted
    .filter((name) => !isSideFile(name) && !isAboutAnother(name))
    .map((name) => readName(name, repository));
  // Where no file names another system, the repository's own name may name one: `winappcli-x64.zip` of `microsoft/winappCli`.
  const own = osOfRepository(repository);
  if (own !== undefined && read.every(({ os }) => os === undefined || os === own))
    return read.map((file) => ({ ...file, os: file.os ?? own }));
  return read.map((file) => {
    if (isMacByHabit(file, read)) return { ...file, os: 'darwin' };
    return isWindowsByHabit(file, read) ? { ...file, os: 'windows' } : file;
  });
}

/**
 * Which system the whole repository is for: by how its name begins, as `winappCli`, `mac-cleanup`, `linux-timemachine`,
 * or by what its owner is there for, as `git-for-windows`.
 */
function osOfRepository(repository: string | undefined): Os | undefined {
  const purpose = /(?:^|[-_/])for[-_](windows|macos|mac|linux)(?![a-z])/i.exec(repository ?? '')?.[1];
  if (purpose !== undefined) return osOf(purpose);
  const begins = /^(win|windows|mac|macos|osx|linux)(?=[^a-z]|$|app|ui|tool|util)/i.exec(
    repository?.split('/').at(-1) ?? '',
  );
  return begins === null ? undefined : osOf(begins[0]);
}

function readName(name: string, repository: string | undefined): Named {
  const text = withoutRepository(name, repository);
  // Swift's packers call what runs without an installer portable.
  const portable = /^portable_.*\.zip$/i.test(name) ? 'darwin' : undefined;
  return { name, stem: stemOf(text), os: osOf(text) ?? osOfEnding(name) ?? portable, archs: archOf(text) };
}

/** Takes the repository's name out of a file's, whatever separates its words. */
function withoutRepository(name: string, repository: string | undefined): string {
  const words = (repository?.split('/').at(-1) ?? '').split(/[^a-z0-9]+/i).filter((word) => word !== '');
  if (words.length === 0) return name;
  return name.replace(new RegExp(`(?<![a-z0-9])${words.join('[-_.]?')}(?![a-z0-9])`, 'i'), 'tool');
}

function best(files: readonly Named[], platform: Platform, beside: readonly string[]): string[] {
  const scored = files.map((file) => ({ file, score: fit(file, files, platform) })).filter(({ score }) => score > 0);
  const highest = Math.max(0, ...scored.map(({ score }) => score));
  if (highest < PACKAGES) {
    const silent = lonely(files, platform, beside) ?? remaining(files, platform) ?? packaged(files, platform);
    if (silent !== undefined) return [silent];
  }
  const picked = onePerStem(
    scored.filter(({ file, score }) => score === highest && !isPackageOfAnother(file, files)).map(({ file }) => file),
    platform,
  );
  return picked.length > 0 ? picked : jars(files);
}

/** How well a name fits: 0 not at all; the more of it is said, the higher. Packages come behind everything else. */
function fit(file: Named, files: readonly Named[], platform: Platform): number {
  const { name, os } = file;
  if (os !== undefined ? os !== platform.os : platform.os !== 'linux') return 0;
  const bare = isBare(file, files);
  if (os === undefined && !bare && !file.archs.includes(platform.arch)) return 0;
  const precise = archFit(file, files, platform);
  if (precise === 0) return 0;
  return precise + (os === undefined ? 0 : 100) + (typeRank(name) === undefined ? 0 : PACKAGES) + libc(name, platform);
}

/** `k3s` beside `k3s-arm64`: what says nothing is Linux on amd64, where its siblings say what they are. */
function isBare(file: Named, files: readonly Named[]): boolean {
  if (file.os !== undefined || file.archs.length > 0 || typeRank(file.name) === undefined) return false;
  // Sources come in several wrappings.
  if (files.some((other) => other !== file && other.stem === file.stem && isArchive(other.name))) return false;
  // `tool-1.2.3.tar.gz` is how sources are published, unless programs are tarballs here, too.
  const sources = /[-_.]v?\d[\d.]*\.tar\.\w+$/i.test(file.name);
  return files.some(
    (other) =>
      (!sources || /\.tar\.\w+$/i.test(other.name)) &&
      (other.os !== undefined || other.archs.length > 0) &&
      typeRank(other.name) !== undefined &&
      ((other.stem.startsWith(file.stem) && /^[-_.]/.test(other.stem.slice(file.stem.length))) ||
        other.stem === file.stem),
  );
}

function isArchive(name: string): boolean {
  return (typeRank(name) ?? 0) > 0;
}

function archFit(file: Named, files: readonly Named[], platform: Platform): number {
  const { name, archs } = file;
  if (archs.includes(platform.arch)) {
    if (platform.arch === 'amd64') return 41 - amd64Level(name) - archs.length;
    if (platform.arch !== 'arm') return 40 - archs.length;
    const version = armVersion(name);
    // A name that says the version is preferred to one that leaves it out, which is for the seventh.
    return (version ?? 7) > (platform.arm ?? 7) ? 0 : 40 + (version === undefined ? 13 : 2 * version) - archs.length;
  }
  if (archs.length > 0 && archs.every((arch) => arch === 'any')) return 20;
  if (platform.arch === 'arm64' && isArm64ByHabit(file, files)) return 15;
  if (platform.arch === 'amd64' && isAmd64ByHabit(file, files)) return 12;
  // Without an architecture it is the one that everybody had when such names were given; on macOS perhaps both.
  return archs.length === 0 && (platform.arch === 'amd64' || platform.os === 'darwin') ? 10 : 0;
}

function libc(name: string, { os, musl }: Platform): number {
  if (os === 'windows') return /msvc/i.test(name) ? 3 : /gnu|mingw/i.test(name) ? 1 : 2;
  const named = /musl|static|alpine/i.test(name) ? 'musl' : /gnu|glibc/i.test(name) ? 'gnu' : undefined;
  if (named === undefined) return 2;
  if (musl === true) return named === 'musl' ? 3 : -2000;
  return named === 'gnu' ? 3 : 1;
}

/** Keeps one of a file's several wrappings, and the plain one of a file and its variants (`…-slim`). */
function onePerStem(files: readonly Named[], platform: Platform): string[] {
  const byStem = new Map<string, string>();
  const rank = (name: string) => typeRank(name, platform.os) ?? 100;
  for (const { name, stem } of files) {
    const other = byStem.get(stem);
    if (other === undefined || rank(name) < rank(other)) byStem.set(stem, name);
  }
  const plain = [...byStem].filter(([stem]) => [...byStem.keys()].every((other) => isVariant(other, stem)));
  return plain.length === 1 ? plain.map(([, name]) => name) : [...byStem.values()];
}

function isVariant(stem: string, plain: string): boolean {
  return stem === plain || (stem.startsWith(plain) && /^[-_.]/.test(stem.slice(plain.length)));
}
