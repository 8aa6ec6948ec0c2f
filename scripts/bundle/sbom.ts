import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Enums, Models, SPDX, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { BundledPackage } from './packages.ts';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
}

/** https://github.com/package-url/purl-spec, type `npm`: a scope's `@` is escaped, its `/` is not. */
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`;
}

function licenseOf(license: string): Models.License {
  if (SPDX.isSupportedSpdxId(license)) return new Models.SpdxLicense(license);
  return new Models.NamedLicense(license);
}

/** npm's archive of a package, with the SHA-512 that package-lock.json has for it. */
function distribution(path: string, { name, version }: BundledPackage, lock: Lock): Models.ExternalReference {
  const [, base64] = /^sha512-([A-Za-z0-9+/]+=*)$/.exec(lock.packages[path]?.integrity ?? '') ?? [];
  if (base64 === undefined) throw new Error(`package-lock.json says nothing of ${path}`);
  const hashes = new Models.HashDictionary([
    [Enums.HashAlgorithm['SHA-512'], Buffer.from(base64, 'base64').toString('hex')],
  ]);
  const url = `https://registry.npmjs.org/${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`;
  return new Models.ExternalReference(url, Enums.ExternalReferenceType.Distribution, { hashes });
}

function componentOf(type: Enums.ComponentType, name: string, version: string, license?: string): Models.Component {
  const [, group, short = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  const purl = purlOf(name, version);
  const component = new Models.Component(type, short, { bomRef: purl, purl, version, ...(group && { group }) });
  if (license !== undefined) component.licenses.add(licenseOf(license));
  return component;
}

/**
 * What is in the bundle, as CycloneDX 1.6: each package with its licence, the archive that it came from, and what it
 * needs; `direct` is the folders of those that the project itself imports. The same packages give the same bytes: it has no
 * serial number and no date.
 */
export function sbom(root: string, packages: readonly BundledPackage[], direct: readonly string[]): string {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
  const { name, version, license } = read('package.json') as Record<'name' | 'version' | 'license', string>;
  const lock = read('package-lock.json') as Lock;
  const program = componentOf(Enums.ComponentType.Application, name, version, license);
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: program }) });
  // One component where the same version lies in two folders.
  const components = new Map<string, Models.Component>();
  const byFolder = new Map<string, Models.Component>();
  for (const one of packages) {
    const purl = purlOf(one.name, one.version);
    const made = components.get(purl) ?? componentOf(Enums.ComponentType.Library, one.name, one.version, one.license);
    components.set(purl, made);
    byFolder.set(one.folder, made);
    const path = relative(root, one.folder).replaceAll('\\', '/');
    if (made.externalReferences.size === 0) made.externalReferences.add(distribution(path, one, lock));
    bom.components.add(made);
  }
  const link = (from: Models.Component, folders: readonly string[]): void => {
    for (const folder of folders) {
      const to = byFolder.get(folder);
      if (to !== undefined) from.dependencies.add(to.bomRef);
    }
  };
  link(program, direct);
  for (const { folder, needs } of packages) {
    const from = byFolder.get(folder);
    if (from !== undefined) link(from, needs);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}
