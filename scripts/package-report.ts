// Prints what installing the package costs: what `npm pack` packs. It has no dependency: what it needs is in its bundle.
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
  /** Names of the packages in the bundle that the project itself imports. */
  readonly direct: readonly string[];
  /** Packages in the bundle. */
  readonly bundled: number;
}

/** The part of a CycloneDX SBOM that is read here. */
export interface Sbom {
  readonly components: readonly Readonly<
    Record<'bom-ref' | 'name' | 'version' | 'purl', string> & { group?: string }
  >[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
  readonly metadata: { readonly component: { readonly 'bom-ref': string } };
}

/** `root` is the project's folder, built. */
export function packageReport(root: string): PackageReport {
  const { components, dependencies, metadata } = JSON.parse(
    readFileSync(join(root, 'bundle/sbom.cdx.json'), 'utf8'),
  ) as Sbom;
  const own = new Set(dependencies.find(({ ref }) => ref === metadata.component['bom-ref'])?.dependsOn);
  const direct = components.filter((component) => own.has(component['bom-ref']));
  // Through a shell on Windows, where npm is a script that only a shell can start; no word comes from outside.
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
    direct: direct.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`)),
    bundled: components.length,
  };
}

/** As CONTRIBUTING.md has it. */
export function reportLine({ packed, unpacked, files, direct, bundled }: PackageReport): string {
  const kib = (bytes: number): number => Math.round(bytes / 1024);
  return `${kib(packed)} KiB packed, ${kib(unpacked)} KiB unpacked, ${files} files; no dependency; ${bundled} packages bundled, ${direct.length} of them imported by its own code`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  process.stdout.write(`${reportLine(packageReport(root))}\n`);
}
