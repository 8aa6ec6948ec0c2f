import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { archOf, osOf } from './asset-name.ts';
import type { Arch, Os } from './asset-name.ts';

export interface Platform {
  readonly os: Os;
  readonly arch: Arch;
  /** Does this Linux have musl and not the GNU C library? Undefined where it isn't known. */
  readonly musl?: boolean | undefined;
  /** The version of the 32-bit ARM architecture, 5 to 7. */
  readonly arm?: number | undefined;
}

/** Those that most releases have files for. */
export const PLATFORMS = [
  'linux/amd64',
  'linux/arm64',
  'darwin/amd64',
  'darwin/arm64',
  'windows/amd64',
  'windows/arm64',
] as const;

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

/** Node's report names the GNU C library that it runs on, and nothing of the kind for musl. */
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
