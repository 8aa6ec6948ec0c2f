import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package that is in the bundle, whole or in part. */
export interface BundledPackage {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** As its package.json names it, most often by an SPDX id. */
  readonly license: string | undefined;
  readonly author: string;
  /** The licence text that it comes with; undefined where it has none. */
  readonly licenseText: string | undefined;
  /** The folders of the packages that it declares as needed, where they are in the bundle too. */
  readonly needs: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** The folder of a module's package; undefined for the project's own modules and for those that the bundler made. */
export function packageFolder(module: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(module)?.[0];
}

/** Where node finds a package from a folder: in its node_modules, or in one further up. */
function resolveFrom(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const found = join(at, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (dirname(at) === at) return undefined;
  }
}

function resolved(folder: string, names: Readonly<Record<string, string>>, among: ReadonlySet<string>): string[] {
  return Object.keys(names)
    .flatMap((name) => resolveFrom(folder, name) ?? [])
    .filter((found) => among.has(found));
}

function licenseText(folder: string): string | undefined {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(?:[.-]|$)/i.test(entry));
  return file === undefined ? undefined : readFileSync(join(folder, file), 'utf8').trim();
}

/** The packages of a bundle's modules, sorted by name and version. */
export function bundledPackages(modules: readonly string[]): BundledPackage[] {
  const folders = new Set(modules.flatMap((module) => packageFolder(module) ?? []));
  const packages = [...folders].map((folder) => {
    const { name, version, license, author = '', ...needs } = manifest(folder);
    const names = { ...needs.dependencies, ...needs.optionalDependencies, ...needs.peerDependencies };
    return {
      folder,
      name,
      version,
      license,
      author: typeof author === 'string' ? author : author.name,
      licenseText: licenseText(folder),
      needs: resolved(folder, names, folders),
    };
  });
  const key = ({ name, version }: BundledPackage): string => `${name} ${version}`;
  return packages.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
