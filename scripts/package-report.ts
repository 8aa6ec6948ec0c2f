// Prints what installing the package costs: what `npm pack` packs, and how many packages it brings.
//   npm run build && node dist/scripts/package-report.js
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PackageReport {
  /** Bytes of the tarball. */
  readonly packed: number;
  /** Bytes of the files in it. */
  readonly unpacked: number;
  readonly files: number;
  /** Names of the direct dependencies. */
  readonly direct: readonly string[];
  /** Packages that an installation without development has beside this one. */
  readonly all: number;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly devOptional?: true }>>;
}

/** `root` is the project's folder, built. */
export function packageReport(root: string): PackageReport {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
  const { dependencies } = read('package.json') as { readonly dependencies: Readonly<Record<string, string>> };
  const { packages } = read('package-lock.json') as Lock;
  const all = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional);
  // By a shell where npm is a script that only one can start; none of the words is from outside.
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [pack] = JSON.parse(printed) as { size: number; unpackedSize: number; entryCount: number }[];
  if (pack === undefined) throw new Error('npm pack says nothing');
  return {
    packed: pack.size,
    unpacked: pack.unpackedSize,
    files: pack.entryCount,
    direct: Object.keys(dependencies),
    all: all.length,
  };
}

/** As CONTRIBUTING.md has it. */
export function reportLine({ packed, unpacked, files, direct, all }: PackageReport): string {
  const kib = (bytes: number): number => Math.round(bytes / 1024);
  return `${kib(packed)} KiB packed, ${kib(unpacked)} KiB unpacked, ${files} files; ${direct.length} direct dependencies, ${all} packages in all`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  process.stdout.write(`${reportLine(packageReport(root))}\n`);
}
