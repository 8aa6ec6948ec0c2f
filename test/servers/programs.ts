import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What the tests run beside node, npm and git, each by the Debian package that has it. */
const PROGRAMS = {
  '7zz': '7zip',
  aria2c: 'aria2',
  bazel: 'bazel-bootstrap',
  bsdtar: 'libarchive-tools',
  bzip2: 'bzip2',
  chromium: 'chromium',
  clamscan: 'clamav',
  curl: 'curl',
  fish: 'fish',
  gh: 'gh',
  gpg: 'gpg',
  'gpg-agent': 'gpg-agent',
  gpgv: 'gpgv',
  'nix-prefetch-url': 'nix-bin',
  openssl: 'openssl',
  python3: 'python3',
  rpmbuild: 'rpm',
  script: 'bsdutils',
  sqv: 'sqv',
  tinyproxy: 'tinyproxy',
  wget: 'wget',
  xz: 'xz-utils',
  zip: 'zip',
  zsh: 'zsh',
  zstd: 'zstd',
} as const;

/** The S3 server, where no other one is given. */
const GATEWAY = { radosgw: 'radosgw', 'ceph-mon': 'ceph-mon', 'ceph-osd': 'ceph-osd', ceph: 'ceph-common' } as const;

/** Is there a program of this name? */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What the tests of this run need, each program by its package. */
export function testPrograms(): Readonly<Record<string, string>> {
  const { PULLTHROUGH_TEST_S3, PULLTHROUGH_TEST_NO_S3 } = process.env;
  const ownGateway = process.platform === 'linux' && !PULLTHROUGH_TEST_S3 && PULLTHROUGH_TEST_NO_S3 !== '1';
  return ownGateway ? { ...PROGRAMS, ...GATEWAY } : PROGRAMS;
}

/** The programs of a list that are not here, and how each is installed. */
export function missingPrograms(wanted: Readonly<Record<string, string>>): { program: string; advice: string }[] {
  return Object.entries(wanted)
    .filter(([program]) => !hasProgram(program))
    .map(([program, name]) => ({ program, advice: `on Debian: sudo apt-get install --yes ${name}` }));
}

/**
 * Installs the programs that are missing, where this runs as root on Debian; elsewhere says by which command they are
 * installed, and leaves it to who needs one to say that it isn't there.
 */
export function ensurePrograms(wanted: Readonly<Record<string, string>>): void {
  const missing = Object.entries(wanted).filter(([program]) => !hasProgram(program));
  if (missing.length === 0) return;
  const install = ['install', '--yes', '--no-install-recommends', ...missing.map(([, name]) => name)];
  const advice = `on Debian: sudo apt-get ${install.join(' ')}\n`;
  if (process.getuid?.() !== 0 || !hasProgram('apt-get')) {
    console.warn(`Some programs that are needed are not here; ${advice}`);
    return;
  }
  console.warn(`Installing what is needed: apt-get ${install.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    for (const args of [['update'], install]) {
      execFileSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    }
  } catch (error) {
    console.warn(`That failed (${error instanceof Error ? error.message : String(error)}); ${advice}`);
  }
}
