import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { archOf, armVersion, hasSideWord, isSideFile, osOf, stemOf, typeRank } from './asset-name.ts';
import type { Arch, Os } from './asset-name.ts';

export interface Platform {
  readonly os: Os;
  readonly arch: Arch;
  /** Does this Linux have musl and not the GNU C library? Undefined where it isn't known. */
  readonly musl?: boolean | undefined;
  /** The version of the 32-bit ARM architecture, 5 to 7. */
  readonly arm?: number | undefined;
}

const OSES: Record<string, Os> = {
  linux: 'linux',
  darwin: 'darwin',
  macos: 'darwin',
  windows: 'windows',
  win32: 'windows',
};
const NODE_ARCHS: Record<string, Arch> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle', ppc64: 'ppc64le' };

/** The system that this process runs on. */
export function thisPlatform(): Platform {
  const os = OSES[process.platform] ?? (process.platform as Os);
  const arch = NODE_ARCHS[process.arch] ?? archOf(process.arch)[0] ?? (process.arch as Arch);
  const arm = Number((process.config.variables as { arm_version?: unknown }).arm_version);
  return { os, arch, musl: os === 'linux' ? isMusl() : undefined, arm: arm > 0 ? arm : undefined };
}

/** Node's report names the GNU C library that it runs on, and has nothing of the kind with musl. */
function isMusl(): boolean | undefined {
  const report: unknown = process.report?.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return undefined;
  const { header } = report;
  return typeof header === 'object' && header !== null && !('glibcVersionRuntime' in header);
}

/** Reads `auto` or `OS/ARCH` by any of their common names: `linux/amd64`, `macos/aarch64`. Throws `E_USAGE`. */
export function parsePlatform(text: string): Platform {
  if (text === 'auto') return thisPlatform();
  const [osText = '', ...archText] = text.toLowerCase().split('/');
  const os = OSES[osText] ?? osOf(osText);
  const arch = archOf(archText.join('-'))[0];
  if (os === undefined || arch === undefined || archText.length === 0) {
    fail('E_USAGE', `not a platform: ${brief(text)}`, {
      hint: 'write auto, or OS/ARCH as linux/amd64 or darwin/arm64',
    });
  }
  return { os, arch };
}

/**
 * The assets for a platform by the common habits of naming them; several where names don't decide, none where nothing
 * fits. Signatures, digests and the like are never among them, packages only where there is nothing else.
 */
export function pickForPlatform(names: readonly string[], platform: Platform): string[] {
  const files = names.filter((name) => !isSideFile(name));
  const likely = files.filter((name) => !hasSideWord(name));
  const picked = best(likely, platform);
  return picked.length > 0 ? picked : best(files, platform);
}

function best(files: readonly string[], platform: Platform): string[] {
  const scored = files.map((name) => ({ name, score: fit(name, platform) })).filter(({ score }) => score > 0);
  if (scored.length === 0) return lonely(files);
  const highest = Math.max(...scored.map(({ score }) => score));
  return onePerStem(
    scored.filter(({ score }) => score === highest).map(({ name }) => name),
    platform,
  );
}

/** A file that names no system and no architecture (a script, a jar) is for all of them, when it is the only one. */
function lonely(files: readonly string[]): string[] {
  const anywhere = files.every((name) => osOf(name) === undefined && archOf(name).length === 0);
  return anywhere && files.length === 1 ? [...files] : [];
}

/** How well a name fits: 0 not at all; the more of it is said, the higher. Packages come behind everything else. */
function fit(name: string, platform: Platform): number {
  const os = osOf(name);
  const archs = archOf(name);
  if (os !== undefined ? os !== platform.os : platform.os !== 'linux') return 0;
  if (os === undefined && !archs.includes(platform.arch)) return 0;
  const precise = archFit(name, archs, platform);
  if (precise === 0) return 0;
  return precise + (os === undefined ? 0 : 100) + (isPackage(name) ? 0 : 1000) + libc(name, platform.musl);
}

function archFit(name: string, archs: readonly Arch[], platform: Platform): number {
  if (archs.includes(platform.arch)) {
    const arm = platform.arch === 'arm' ? armVersion(name) : 0;
    return arm > (platform.arm ?? 7) ? 0 : 40 + 2 * arm - archs.length;
  }
  if (archs.includes('any')) return 20;
  // Without an architecture it is the one that everybody had when such names were given; on macOS perhaps both.
  return archs.length === 0 && (platform.arch === 'amd64' || platform.os === 'darwin') ? 10 : 0;
}

function libc(name: string, musl: boolean | undefined): number {
  const named = /musl|static/i.test(name) ? 'musl' : /gnu|glibc/i.test(name) ? 'gnu' : undefined;
  if (named === undefined) return 2;
  if (musl === true) return named === 'musl' ? 3 : -2000;
  return named === 'gnu' ? 3 : 1;
}

function isPackage(name: string): boolean {
  return typeRank(name) === undefined;
}

/** Of one file in several wrappings one; of one file and its variants (`…-slim`) the plain one. */
function onePerStem(names: readonly string[], platform: Platform): string[] {
  const byStem = new Map<string, string>();
  const rank = (name: string) => typeRank(name, platform.os) ?? 100;
  for (const name of names) {
    const other = byStem.get(stemOf(name));
    if (other === undefined || rank(name) < rank(other)) byStem.set(stemOf(name), name);
  }
  const plain = [...byStem].filter(([stem]) => [...byStem.keys()].every((other) => isVariant(other, stem)));
  return plain.length === 1 ? plain.map(([, name]) => name) : [...byStem.values()];
}

function isVariant(stem: string, plain: string): boolean {
  return stem === plain || (stem.startsWith(plain) && /^[-_.]/.test(stem.slice(plain.length)));
}
