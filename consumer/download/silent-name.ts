import { hasSideWord, isSideFile, stemOf, typeRank } from './asset-kind.ts';
import { isMachineByHabit, isScriptByEnding, isScriptByHabit } from './habits.ts';
import type { Named } from './habits.ts';
import type { Platform } from './platform.ts';

// Files whose names say neither a system nor an architecture, and what the names beside them say instead.

function isSilent({ os, archs }: Named): boolean {
  return os === undefined && archs.length === 0;
}

/** All but packages. */
function programs(files: readonly Named[]): Named[] {
  return files.filter(({ name }) => typeRank(name) !== undefined);
}

/**
 * A silent file, when it is the only one of its kind. An archive is for all systems where a word or the program's name
 * says so. A file named like a script is for every Unix. A zip is macOS's, but `name_1.2.zip` Linux's; other archives, with
 * nothing beside them, are for every Unix, and a bare file is for Linux on amd64. Otherwise names don't decide.
 */
export function lonely(files: readonly Named[], platform: Platform, beside: readonly string[]): string | undefined {
  const rank = ({ name }: Named): number => typeRank(name, platform.os) ?? 0;
  const [only, ...others] = programs(files).toSorted((a, b) => rank(a) - rank(b));
  if (only === undefined || !isSilent(only)) return undefined;
  // `maven-3.9-bin.tar.gz` and `maven-3.9-bin.zip` are one.
  if (others.length > 0 && !(isForAll(only) && others.every(({ stem }) => stem === only.stem))) return undefined;
  if (files.some(({ os, archs }) => archs.length > 0 || (os !== undefined && os !== 'linux'))) return undefined;
  return fitsAlone(only, files, platform, beside) ? only.name : undefined;
}

/** By a word of an archive's name. */
function isForAll({ stem }: Named): boolean {
  return /(?:^|[-_.])(?:bin|binaries|dist|release|archive|all|java|portable)(?:[-_.]|$)/.test(stem);
}

function fitsAlone(only: Named, files: readonly Named[], platform: Platform, beside: readonly string[]): boolean {
  const unix = platform.os !== 'windows';
  const onPc = platform.os === 'linux' && platform.arch === 'amd64';
  // What is only compressed is one program, as a bare file is.
  const archive = /\.(?:tar(?:\.\w+)?|t[gxb]z2?|zip|7z)$/i.test(only.name);
  if ((archive && isForAll(only)) || isMachineByHabit(only.name) || isJar(only.name)) return true;
  const isSide = (name: string): boolean => isSideFile(name) || hasSideWord(name) || typeRank(name) === undefined;
  const sole = beside.every((name) => name === only.name || isSide(name));
  const zip = /\.zip$/i.test(only.name);
  if (zip && isLook(only.name)) return false;
  if (isScriptByHabit(only.name) && (sole || isScriptByEnding(only.name))) return unix;
  if (hasLinuxPackage(only, files)) return zip ? platform.os === 'linux' : archive ? unix : onPc;
  if (zip) return platform.os === (/^[^_]+_v?\d[\d.]*\.zip$/i.test(only.name) ? 'linux' : 'darwin');
  // An archive with a version is how sources are published.
  const program = archive ? withoutVersion(only.stem) === only.stem || /installer/.test(only.stem) : onPc;
  return unix && beside.length === 1 && program;
}

/** Fonts, icons and themes are a zip alone, too. */
function isLook(name: string): boolean {
  const stem = withoutVersion(stemOf(name));
  return /(?:^|[-_.])(?:[ot]tf|woff2?|typefaces?|cursors?|themes?|wallpapers?)(?:[-_.]|$)|(?:font|mono|sans|serif|icon)s?$/.test(
    stem,
  );
}

function isJar(name: string): boolean {
  return /\.jar$/i.test(name);
}

function hasLinuxPackage(file: Named, files: readonly Named[]): boolean {
  return files.some((other) => other !== file && other.os === 'linux' && other.stem === file.stem);
}

/**
 * The one silent archive beside files that say their system is for what is left. A zip: for Windows where they are for
 * Linux and macOS, for macOS where they are for Linux. Any archive beside `name.exe` alone: for every Unix.
 */
export function remaining(files: readonly Named[], platform: Platform): string | undefined {
  const all = programs(files);
  const [only, ...others] = all.filter(isSilent);
  if (only === undefined || others.length > 0 || typeRank(only.name) === 0) return undefined;
  const beside = all.filter((file) => file !== only);
  if (beside.every(({ name, stem }) => /\.exe$/i.test(name) && stem === withoutVersion(only.stem))) {
    return beside.length > 0 && platform.os !== 'windows' ? only.name : undefined;
  }
  const begins = (stem: string): boolean => stem.startsWith(withoutVersion(only.stem));
  if (!/\.zip$/i.test(only.name) || !beside.every(({ stem }) => begins(stem))) return undefined;
  const named = new Set(all.map(({ os }) => os));
  if (!named.has('linux') || named.has('windows')) return undefined;
  const left = named.has('darwin') ? 'windows' : 'darwin';
  const fits = platform.os === left && (left === 'darwin' || platform.arch === 'amd64');
  return fits ? only.name : undefined;
}

function withoutVersion(stem: string): string {
  return stem.replace(/[-_.]v?\d.*$/, '');
}

/** The one silent file that there is a Linux package of, where other files are silent too or are for other systems. */
export function packaged(files: readonly Named[], platform: Platform): string | undefined {
  if (platform.os !== 'linux' || platform.arch !== 'amd64') return undefined;
  const [only, ...others] = programs(files).filter((file) => isSilent(file) && hasLinuxPackage(file, files));
  return others.length === 0 ? only?.name : undefined;
}

/** Is it a package of a program for the same system that lies beside it? Such a package is never what is meant. */
export function isPackageOfAnother(file: Named, files: readonly Named[]): boolean {
  if (typeRank(file.name) !== undefined) return false;
  return programs(files).some(({ name, stem, os }) => {
    const same = stem === file.stem || (isJar(name) && stem.replace(/\.jar$/, '') === file.stem);
    return same && (os === file.os || (os === undefined && file.os === 'linux'));
  });
}

/**
 * Jars run everywhere. Beside programs for other systems a jar is the program only where it is named as they are, or says
 * that it is complete: `tool-hadoop.jar` is not `tool`.
 */
export function jars(files: readonly Named[]): string[] {
  const beside = programs(files).filter(({ os }) => os !== undefined);
  const isProgram = ({ name, stem }: Named): boolean =>
    beside.length === 0 ||
    /(?:^|[-_.])(?:standalone|uber|fat|all|complete)(?:[-_.]|$)/i.test(name) ||
    beside.some((other) => other.stem.startsWith(withoutVersion(stem.replace(/\.jar$/, ''))));
  return files.filter((file) => file.os === undefined && isJar(file.name) && isProgram(file)).map(({ name }) => name);
}
