import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What the tests run beside node, npm and git, each by the Debian package that has it. */
const PROGRAMS = {
  curl: 'curl',
  fish: 'fish',
  gh: 'gh',
  gpg: 'gpg',
  'gpg-agent': 'gpg-agent',
  gpgv: 'gpgv',
  openssl: 'openssl',
  sqv: 'sqv',
  tinyproxy: 'tinyproxy',
  zsh: 'zsh',
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

/**
 * Installs what the tests need, where they run as root on Debian; elsewhere says by which command it is installed. What is
 * missing then, its tests say.
 */
export function ensurePrograms(): void {
  const { PULLTHROUGH_TEST_S3, PULLTHROUGH_TEST_NO_S3 } = process.env;
  const ownGateway = process.platform === 'linux' && !PULLTHROUGH_TEST_S3 && PULLTHROUGH_TEST_NO_S3 !== '1';
  const wanted = Object.entries({ ...PROGRAMS, ...(ownGateway ? GATEWAY : {}) });
  const packages = wanted.filter(([program]) => !hasProgram(program)).map(([, name]) => name);
  if (packages.length === 0) return;
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  if (process.getuid?.() !== 0 || !hasProgram('apt-get')) {
    console.warn(`Some tests need programs that are not here; on Debian: sudo apt-get ${install.join(' ')}\n`);
    return;
  }
  console.warn(`Installing what the tests need: apt-get ${install.join(' ')}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], install])
    execFileSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}
