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

/** `tool-x64.zip` where every file that names a system names Windows. */
export function isWindowsByHabit({ name, os }: Named, files: readonly Named[]): boolean {
  if (os !== undefined || !/\.zip$/i.test(name)) return false;
  const systems = new Set(files.map((other) => other.os).filter((other) => other !== undefined));
  return systems.size === 1 && systems.has('windows');
}

/** `arm` alone is 64-bit on macOS and Windows, and on Linux where the release has no other word for ARM. */
export function isArm64ByHabit({ name, os, archs }: Named, files: readonly Named[]): boolean {
  if (archs.length !== 1 || archs[0] !== 'arm' || /armv|armhf|armel|eabi|arm32/i.test(name)) return false;
  if (os === 'darwin' || os === 'windows') return true;
  return !files.some(
    (other) => other.os === os && (other.archs.includes('arm64') || /armv|armhf|armel/i.test(other.name)),
  );
}

/**
 * `win32` is Node's name for Windows, and `x86` beside 64-bit ARM is every PC: amd64 where nothing of that system says
 * more. A Mac has had no other Intel processor for as long as there are such names.
 */
export function isAmd64ByHabit({ name, os, archs }: Named, files: readonly Named[]): boolean {
  if (archs.length !== 1 || archs[0] !== '386') return false;
  const x86 = /(?<![a-z0-9])x86(?![a-z0-9])/i.test(name);
  if (os === 'darwin') return x86;
  const more = files.some((other) => other.os === os && (other.archs.includes('amd64') || other.archs.length === 0));
  if (os === 'windows' && /win32/i.test(name))
    return files.every((other) => other.os !== os || other.archs[0] === '386');
  return x86 && !more && files.some((other) => other.archs.includes('arm64'));
}

/** `install.sh`, `wait-for`, `shdotenv` and `tfenv` are named as scripts are, `goofys` and `periphery` are not. */
export function isScriptByHabit(name: string): boolean {
  const plain = name.replace(/[-_.]v?\d.*$/i, '');
  // Of tarballs and of what is said to be compiled, two words say nothing.
  if (/\.(?:tar(?:\.\w+)?|t[gxb]z2?|gz|xz|bz2|zst)$|[-_](?:go|rs)$/i.test(name)) return /(?:bash|sh|env)$/i.test(plain);
  // A `-cli` is compiled, and so is what is written in Swift.
  if (/[-_]cli\.zip$|^swift/i.test(name)) return false;
  return isScriptByEnding(name) || /[a-z]-[a-z]|^(?:ba|z|k)?sh|(?:bash|sh|env)(?=[-_.]|$)/i.test(plain);
}

/** Is it a script by its ending? */
export function isScriptByEnding(name: string): boolean {
  return /\.(?:sh|bash|py|pyz|pl|rb|phar)$/i.test(name);
}

/** Programs for the virtual machines of Java, Erlang and JavaScript, by how their names begin. */
const ON_MACHINE =
  /^(?:kt|kotlin|gradle|maven|scala|sbt|groovy|grails|clojure|jruby|jbang|jmeter|keycloak|wildfly|kafka|ghidra|jreleaser|liquibase|flyway|pmd|spotbugs|plantuml|micronaut|quarkus|elixir|erlang|rebar|yarn|npm|pnpm)(?![a-z])|^(?:kt|kotlin)|(?:^|[-_.])(?:jvm|jdk)(?:[-_.]|$)/i;

/** `ktlint`, `gradle.zip`, `yarn.tar.gz`: what runs on such a machine runs on every system. */
export function isMachineByHabit(name: string): boolean {
  return ON_MACHINE.test(name);
}
