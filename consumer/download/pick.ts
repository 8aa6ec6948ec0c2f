import { archOf, armVersion, osOf } from './asset-name.ts';
import type { Os } from './asset-name.ts';
import { hasSideWord, isSideFile, osOfEnding, stemOf, typeRank } from './asset-kind.ts';
import { isAmd64ByHabit, isArm64ByHabit, isJvmByHabit, isMacByHabit, isScriptByHabit } from './habits.ts';
import type { Named } from './habits.ts';
import type { Platform } from './platform.ts';

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
  const picked = pick(release, platform, names);
  const translated = platform.os === 'darwin' && platform.arch === 'arm64' && picked.length === 0;
  return translated ? pick(release, { ...platform, arch: 'amd64' }, names) : picked;
}

/** Is the file, by its name, Intel's on Apple silicon, where Rosetta translates it? */
export function isTranslated(name: string, platform: Platform, hints: PickHints = {}): boolean {
  if (platform.os !== 'darwin' || platform.arch !== 'arm64') return false;
  const archs = archOf(withoutRepository(name, hints.repository));
  return archs.includes('amd64') && !archs.includes('arm64') && !archs.includes('any');
}

function readRelease(names: readonly string[], { repository, tool }: PickHints): readonly Named[] {
  const wanted = tool === undefined ? names : ofTool(names, tool);
  const read = wanted.filter((name) => !isSideFile(name)).map((name) => readName(name, repository));
  // Where no file names a system, the repository's own name may: `winappcli-x64.zip` of `microsoft/winappCli`.
  const own = read.some(({ os }) => os !== undefined) ? undefined : osOfRepository(repository);
  if (own !== undefined) return read.map((file) => ({ ...file, os: file.os ?? own }));
  return read.map((file) => (isMacByHabit(file, read) ? { ...file, os: 'darwin' } : file));
}

/** `winappCli`, `mac-cleanup`, `linux-timemachine`: which system the whole repository is for, by how its name begins. */
function osOfRepository(repository: string | undefined): Os | undefined {
  const begins = /^(win|windows|mac|macos|osx|linux)(?=[^a-z]|$|app|ui|tool|util)/i.exec(
    repository?.split('/').at(-1) ?? '',
  );
  return begins === null ? undefined : osOf(begins[0]);
}

/** The names that begin with a tool's. */
export function ofTool(names: readonly string[], tool: string): string[] {
  return names.filter((name) => isOfTool(name, tool, names));
}

/** Does a name begin with a tool's, and with no longer one that other files begin with: `kubectl-foo` is not `kubectl`? */
function isOfTool(name: string, tool: string, names: readonly string[]): boolean {
  const rest = restBehind(name, tool);
  if (rest === undefined) return false;
  const longer = /^[-_.]([a-z][a-z][a-z0-9]*)/i.exec(rest)?.[1];
  if (longer === undefined || osOf(longer) !== undefined || archOf(longer).length > 0) return true;
  return !names.some((other) => saysPlatform(restBehind(other, tool)));
}

function restBehind(name: string, tool: string): string | undefined {
  const rest = name.slice(tool.length);
  return name.toLowerCase().startsWith(tool.toLowerCase()) && !/^[a-z0-9]/i.test(rest) ? rest : undefined;
}

function saysPlatform(rest: string | undefined): boolean {
  const word = /^[-_.](?:v?[\d.]+[-_.])?([a-z0-9]+)/i.exec(rest ?? '')?.[1] ?? '';
  return osOf(word) !== undefined || archOf(word).length > 0;
}

function readName(name: string, repository: string | undefined): Named {
  const text = withoutRepository(name, repository);
  const portable = /^portable_.*\.zip$/i.test(name) ? 'darwin' : undefined;
  return { name, stem: stemOf(text), os: osOf(text) ?? osOfEnding(name) ?? portable, archs: archOf(text) };
}

/** Takes the repository's name out of a file's, whatever separates its words. */
function withoutRepository(name: string, repository: string | undefined): string {
  const words = (repository?.split('/').at(-1) ?? '').split(/[^a-z0-9]+/i).filter((word) => word !== '');
  if (words.length === 0) return name;
  return name.replace(new RegExp(`(?<![a-z0-9])${words.join('[-_.]?')}(?![a-z0-9])`, 'i'), 'tool');
}

function pick(release: readonly Named[], platform: Platform, beside: readonly string[]): string[] {
  const likely = release.filter(({ name }) => !hasSideWord(name));
  const picked = best(likely, platform, beside);
  return picked.length > 0 ? picked : best(release, platform, beside);
}

function best(files: readonly Named[], platform: Platform, beside: readonly string[]): string[] {
  const scored = files.map((file) => ({ file, score: fit(file, files, platform) })).filter(({ score }) => score > 0);
  const highest = Math.max(0, ...scored.map(({ score }) => score));
  const alone = highest < PACKAGES ? lonely(files, platform, beside) : [];
  if (scored.length === 0 || alone.length > 0) return alone;
  return onePerStem(
    scored.filter(({ score }) => score === highest).map(({ file }) => file),
    platform,
  );
}

/** How well a name fits: 0 not at all; the more of it is said, the higher. Packages come behind everything else. */
function fit(file: Named, files: readonly Named[], platform: Platform): number {
  const { name, os } = file;
  if (os !== undefined ? os !== platform.os : platform.os !== 'linux') return 0;
  const bare = isBare(file, files);
  if (os === undefined && !bare && !file.archs.includes(platform.arch)) return 0;
  const precise = archFit(file, files, platform);
  if (precise === 0) return 0;
  return (
    precise + (os === undefined ? 0 : 100) + (typeRank(name) === undefined ? 0 : PACKAGES) + libc(name, platform.musl)
  );
}

/** `k3s` beside `k3s-arm64`: what says nothing is Linux on amd64, where its siblings say what they are. */
function isBare(file: Named, files: readonly Named[]): boolean {
  if (file.os !== undefined || file.archs.length > 0 || typeRank(file.name) === undefined) return false;
  return files.some(
    (other) =>
      (other.os !== undefined || other.archs.length > 0) &&
      typeRank(other.name) !== undefined &&
      ((other.stem.startsWith(file.stem) && /^[-_.]/.test(other.stem.slice(file.stem.length))) ||
        other.stem === file.stem),
  );
}

function archFit(file: Named, files: readonly Named[], platform: Platform): number {
  const { name, archs } = file;
  if (archs.includes(platform.arch)) {
    const arm = platform.arch === 'arm' ? armVersion(name) : 0;
    return arm > (platform.arm ?? 7) ? 0 : 40 + 2 * arm - archs.length;
  }
  if (archs.includes('any')) return 20;
  if (platform.arch === 'arm64' && isArm64ByHabit(file, files)) return 15;
  if (platform.arch === 'amd64' && isAmd64ByHabit(file, files)) return 12;
  // Without an architecture it is the one that everybody had when such names were given; on macOS perhaps both.
  return archs.length === 0 && (platform.arch === 'amd64' || platform.os === 'darwin') ? 10 : 0;
}

function libc(name: string, musl: boolean | undefined): number {
  const named = /musl|static/i.test(name) ? 'musl' : /gnu|glibc/i.test(name) ? 'gnu' : undefined;
  if (named === undefined) return 2;
  if (musl === true) return named === 'musl' ? 3 : -2000;
  return named === 'gnu' ? 3 : 1;
}

/**
 * A file that names no system and no architecture, when it is the only one of its kind. An archive is for all systems (a
 * jar, scripts) where a Linux package of the same name or a word says so. A file named like a script is for every Unix;
 * a zip is macOS's; a bare file with nothing beside it is for Linux on amd64. Otherwise names don't decide.
 */
function lonely(files: readonly Named[], platform: Platform, beside: readonly string[]): string[] {
  const [only, ...others] = files.filter(({ name }) => typeRank(name) !== undefined);
  if (only === undefined || others.length > 0 || only.os !== undefined || only.archs.length > 0) return [];
  if (files.some(({ os, archs }) => archs.length > 0 || (os !== undefined && os !== 'linux'))) return [];
  const archive = typeRank(only.name) !== 0;
  const everywhere = /(?:^|[-_.])(?:bin|dist|release|archive|all|jar|java|portable)(?:[-_.]|$)/.test(only.stem);
  if ((archive && everywhere) || isJvmByHabit(only.name) || /\.(?:py|pl|rb|jar|phar)$/i.test(only.name)) {
    return [only.name];
  }
  const sole = beside.every((name) => name === only.name || isSideFile(name) || typeRank(name) === undefined);
  if (sole && isScriptByHabit(only.name)) return platform.os === 'windows' ? [] : [only.name];
  const onPc = platform.os === 'linux' && platform.arch === 'amd64';
  if (files.some((file) => file !== only && file.os === 'linux' && file.stem === only.stem)) {
    return archive || onPc ? [only.name] : [];
  }
  if (/\.zip$/i.test(only.name)) return platform.os === 'darwin' ? [only.name] : [];
  return platform.os !== 'windows' && beside.length === 1 && (archive || onPc) ? [only.name] : [];
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
