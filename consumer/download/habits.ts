import type { Arch, Os } from './asset-name.ts';

// What the makers of releases leave out of names because everybody knew, or so they thought.

/** One file of a release, and what its name says. */
export interface Named {
  readonly name: string;
  /** Lower case, without what the repository's name says. */
  readonly stem: string;
  readonly os: Os | undefined;
  readonly archs: readonly Arch[];
}

/**
 * `tool_1.0_aarch64.zip` where no file names a system: packers on macOS zip, those on Linux make tarballs or none at all.
 */
export function isMacByHabit({ name, os, archs }: Named, files: readonly Named[]): boolean {
  if (os !== undefined || archs.length === 0 || !/\.zip$/i.test(name)) return false;
  return files.every((other) => other.os === undefined && (other.archs.length === 0 || /\.zip$/i.test(other.name)));
}

/** `arm` alone is 64-bit on macOS and Windows, and on Linux where the release has no other word for ARM. */
export function isArm64ByHabit({ name, os, archs }: Named, files: readonly Named[]): boolean {
  if (archs.length !== 1 || archs[0] !== 'arm' || /armv|armhf|armel|eabi|arm32/i.test(name)) return false;
  if (os === 'darwin' || os === 'windows') return true;
  return !files.some(
    (other) => other.os === os && (other.archs.includes('arm64') || /armv|armhf|armel/i.test(other.name)),
  );
}

/** `win32` is Node's name for Windows, `x86` was once any PC: amd64 where nothing of that system says more. */
export function isAmd64ByHabit({ name, os, archs }: Named, files: readonly Named[]): boolean {
  if (os !== 'windows' || archs[0] !== '386' || !/win32/i.test(name)) return false;
  return files.every((other) => other.os !== 'windows' || other.archs[0] === '386');
}

/** `install.sh`, `wait-for`, `shdotenv` and `tfenv` are named as scripts are, `goofys` and `periphery` are not. */
export function isScriptByHabit(name: string): boolean {
  return /[a-z]-[a-z]|^(?:ba|z|k)?sh|(?:bash|sh|env)(?=[-_.]|$)/i.test(name);
}

/** `ktlint`, `detekt.zip`: what runs on a Java machine runs on every system. */
export function isJvmByHabit(name: string): boolean {
  return /^(?:kt|kotlin|gradle|maven|scala|groovy|clojure)|(?:^|[-_.])(?:jvm|jdk)(?:[-_.]|$)/i.test(name);
}
