import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTRIES, LIBRARY, makeBundle } from '../scripts/bundle.ts';
import { writeDeclarations } from '../scripts/bundle/declarations.ts';
import { packageFolder } from '../scripts/bundle/packages.ts';
import type { Sbom } from '../scripts/package-report.ts';

const root = join(import.meta.dirname, '..');
const at = (name: string): string => join(root, 'bundle', name);
const text = readFileSync(at('sbom.cdx.json'), 'utf8');
const sbom = JSON.parse(text) as Sbom & Readonly<Record<string, unknown>>;
const nameOf = ({ group, name, version }: Sbom['components'][number]): string =>
  `${group === undefined ? name : `${group}/${name}`} ${version}`;

const packagesOf = (modules: readonly string[]): string[] => {
  const folders = new Set(modules.flatMap((module) => packageFolder(module) ?? []));
  const described = [...folders].map((folder) => {
    const manifest = readFileSync(join(root, relative(root, folder), 'package.json'), 'utf8');
    const { name, version } = JSON.parse(manifest) as Record<'name' | 'version', string>;
    return `${name} ${version}`;
  });
  return [...new Set(described)].sort();
};

/** By the bundler's own account of a bundle that is made here: the modules of which some code is left. */
async function packagesInside(): Promise<string[]> {
  await using made = await rolldown({
    input: ENTRIES.map((name) => join(root, 'dist', `${name}.js`)),
    platform: 'node',
    logLevel: 'silent',
  });
  const { output } = await made.generate({ format: 'esm' });
  const modules = output.flatMap((file) => (file.type === 'chunk' ? Object.entries(file.modules) : []));
  return packagesOf(modules.flatMap(([id, { code }]) => ((code ?? '') === '' ? [] : id)));
}

/** What the bundle's own text says: the bundler writes above most modules where they are from. */
function packagesMarked(): string[] {
  const names = readdirSync(at(''), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const marks = names.flatMap((name) =>
    Array.from(readFileSync(at(name), 'utf8').matchAll(/^\t*\/\/ (node_modules\/\S+)$/gm), ([, path = '']) => path),
  );
  return packagesOf(marks.map((path) => join(root, path)));
}

describe('the SBOM of the package', () => {
  test('obeys the published schema of CycloneDX 1.6', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    expect(await validator.validate(text.replace('"SHA-512"', '"SHA-5"'))).not.toBeNull();
  });

  test('names exactly the packages that are in the bundle, each by its version, licence and archive', async () => {
    const inside = await packagesInside();
    const named = sbom.components.map(nameOf).sort();
    expect(named).toEqual(inside);
    expect(packagesMarked().length).toBeGreaterThan(100);
    expect(packagesMarked().filter((one) => !named.includes(one))).toEqual([]);
    for (const component of sbom.components) {
      expect(component).toMatchObject({
        type: 'library',
        purl: expect.stringMatching(/^pkg:npm\/(?:%40[^/@]+\/)?[^/@]+@\d/) as string,
        licenses: [{ license: { id: expect.any(String) as string } }],
        externalReferences: [{ type: 'distribution', hashes: [{ alg: 'SHA-512' }] }],
      });
    }
  });

  test('says what each of them needs, so that all are reached from the program', () => {
    const needs = new Map(sbom.dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const reach = (ref: string): void => {
      if (reached.has(ref)) return;
      reached.add(ref);
      needs.get(ref)?.forEach(reach);
    };
    reach(sbom.metadata.component['bom-ref']);
    expect(sbom.components.map((component) => component['bom-ref']).filter((ref) => !reached.has(ref))).toEqual([]);
  });

  test('NOTICES.txt has the licence of each of them, with its text', () => {
    const entries = readFileSync(at('NOTICES.txt'), 'utf8').split(`\n${'-'.repeat(80)}\n`);
    const heads = entries.map((entry) => entry.trim().split(':', 1)[0] ?? '');
    expect(heads.sort()).toEqual(sbom.components.map(nameOf).sort());
    for (const entry of entries) {
      expect(entry).toMatch(
        /Permission is hereby granted|Permission to use|Redistribution and use|Apache License|LESSER|Blue Oak/i,
      );
    }
  });
});

describe('a bundle that is made once more', () => {
  let folder: string;
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'pt-bundle-')));
    await makeBundle({ root, compiled: join(root, 'dist'), folder: join(folder, 'bundle') });
    writeDeclarations(LIBRARY, join(root, 'dist'), join(folder, 'bundle'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has the same files of the same bytes: no date, no number of its own', () => {
    const files = (base: string): Map<string, string> =>
      new Map(
        readdirSync(base, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name))
          .map((path) => [path.slice(base.length), readFileSync(path, 'base64')] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    const [before, after] = [files(join(root, 'bundle')), files(join(folder, 'bundle'))];
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [path, bytes] of after) expect(bytes === before.get(path), path).toBe(true);
    expect(sbom).not.toHaveProperty('serialNumber');
    expect(text).not.toContain('timestamp');
  });
});
