import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { satisfies } from 'semver';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { packageReport, reportLine } from '../scripts/package-report.ts';
import type { PackageReport } from '../scripts/package-report.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

describe('CONTRIBUTING.md', () => {
  const report = packageReport(root);
  /** The numbers of a line, in its order. */
  const numbers = (line: string): number[] => Array.from(line.matchAll(/\d+/g), ([digits]) => Number(digits));

  test('has the size of the package, within a tenth, and the very number of packages', () => {
    const shape = new RegExp(`^ {4}${reportLine(report).replaceAll(/\d+/g, '\\d+')}$`, 'm');
    const written = numbers(shape.exec(page)?.[0] ?? '');
    const measured = numbers(reportLine(report));
    expect(written).toHaveLength(5);
    for (const [i, value] of measured.slice(0, 3).entries()) {
      expect(written[i], reportLine(report)).toBeGreaterThan(value * 0.9);
      expect(written[i], reportLine(report)).toBeLessThan(value * 1.1);
    }
    expect(written.slice(3), reportLine(report)).toEqual(measured.slice(3));
  });

  test('says of each direct dependency what it is for, and of no other', () => {
    const [, table = ''] = /^## Direct dependencies.*?\n(\| .*?)\n\n/ms.exec(page) ?? [];
    const rows = table.split('\n').slice(2);
    const named = rows.flatMap((row) => (row.split('|')[1] ?? '').split(',').map((name) => name.trim()));
    expect(named.sort()).toEqual([...report.direct].sort());
    for (const row of rows) expect((row.split('|')[2] ?? '').trim(), row).not.toBe('');
  });

  test('the line has what was measured', () => {
    const one: PackageReport = { packed: 2048, unpacked: 10_240, files: 3, direct: ['a'], all: 4 };
    expect(numbers(reportLine(one))).toEqual([2, 10, 3, 1, 4]);
  });
});

describe('package-lock.json', () => {
  interface Locked {
    readonly version?: string;
    readonly engines?: { readonly node?: string };
    readonly hasInstallScript?: boolean;
  }
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };

  test.each(['20.19.0', '20.20.2', '22.13.0', '22.99.0', '24.0.0', '24.99.0'])(
    'holds no package that npm ci warns of on Node %s',
    (version) => {
      const refused = Object.entries(packages).filter(
        ([, { engines }]) => engines?.node !== undefined && !satisfies(version, engines.node),
      );
      expect(refused.map(([path, { engines }]) => `${path} wants ${engines?.node}`)).toEqual([]);
    },
  );
});

/** Relative specifiers of a compiled module that end with `.ts`: node finds no such file. */
function wrongSpecifiers(path: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && /^\.{1,2}\/.*\.[cm]?tsx?$/.test(node.text)) {
      const { parent } = node;
      const named = ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isCallExpression(parent);
      if (named || ts.isNewExpression(parent)) found.push(`${path}: ${node.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}

describe('dist', () => {
  test('no module names a .ts file: neither by import, import() nor as a worker', () => {
    const modules = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.js'),
    );
    expect(modules.length).toBeGreaterThan(200);
    // Text first: to parse all of it takes long.
    const suspects = modules.map((name) => [name, readFileSync(join(root, 'dist', name), 'utf8')] as const);
    const wrong = suspects.filter(([, text]) => /\.[cm]?tsx?['"`]/.test(text));
    expect(wrong.flatMap(([name, text]) => wrongSpecifiers(name, text))).toEqual([]);
  });

  test.each([
    "import { a } from './a.ts';",
    "export * from '../a.ts';",
    "const a = await import('./a.ts');",
    "new URL('./worker.ts', import.meta.url);",
  ])('the check finds %s', (text) => {
    expect(wrongSpecifiers('x.js', text)).toHaveLength(1);
  });

  test('the types of both entry points are found by who installs the package', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pt-types-'));
    try {
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(root, join(folder, 'node_modules/pullthrough'));
      const file = join(folder, 'use.mts');
      const lines = [
        "import { Consumer } from 'pullthrough/consumer';",
        "import { encodeSegment } from 'pullthrough/ledger-schema';",
        "export const text: string = encodeSegment('cli/v1');",
        "export const get = (consumer: Consumer) => consumer.get('jqlang/jq@latest', { output: 'bin' });",
        '// @ts-expect-error -- a number is not a path',
        'encodeSegment(1);',
      ];
      writeFileSync(file, lines.join('\n'));
      const program = ts.createProgram([file], {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        target: ts.ScriptTarget.ES2023,
        lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
      });
      const found = ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText);
      expect(found).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
