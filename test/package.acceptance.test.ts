import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { satisfies } from 'semver';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageReport, reportLine } from '../scripts/package-report.ts';
import type { PackageReport } from '../scripts/package-report.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

describe('CONTRIBUTING.md', () => {
  const report = packageReport(root);
  /** The numbers of a line, in its order. */
  const numbers = (line: string): number[] => Array.from(line.matchAll(/\d+/g), ([digits]) => Number(digits));

  test('has the size of the package, within a tenth, and the very number of packages in it', () => {
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

  test('says of each package that the program imports what it is for, and of no other', () => {
    const [, table = ''] = /^## Packages that the program imports.*?\n(\| .*?)\n\n/ms.exec(page) ?? [];
    const rows = table.split('\n').slice(2);
    const named = rows.flatMap((row) => (row.split('|')[1] ?? '').split(',').map((name) => name.trim()));
    expect(named.sort()).toEqual([...report.direct].sort());
    for (const row of rows) expect((row.split('|')[2] ?? '').trim(), row).not.toBe('');
  });

  test('the line has what was measured', () => {
    const one: PackageReport = { packed: 2048, unpacked: 10_240, files: 3, direct: ['a'], bundled: 4 };
    expect(numbers(reportLine(one))).toEqual([2, 10, 3, 4, 1]);
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
});

describe('who installs the package', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pt-installed-'));
    const npm = (cwd: string, ...args: readonly string[]): string =>
      execFileSync('npm', [...args, '--silent', '--ignore-scripts'], { cwd, encoding: 'utf8' });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const tarball = npm(root, 'pack', '--pack-destination', folder).trim();
    npm(folder, 'install', '--offline', join(folder, tarball));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const installed = (): string => join(folder, 'node_modules/pullthrough');

  test('gets no other package, and at most 12 MB', () => {
    const folders = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(folders).toEqual(['pullthrough']);
    // In blocks, as a disk counts them.
    const files = readdirSync(installed(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const blocks = files.map(({ parentPath, name }) => Math.ceil(statSync(join(parentPath, name)).size / 4096));
    expect(blocks.reduce((sum, count) => sum + count, 0) * 4096).toBeLessThan(12e6);
  });

  test('runs the program and both entries of the library', () => {
    const node = (...args: readonly string[]): string =>
      execFileSync(process.execPath, [...args], { cwd: folder, encoding: 'utf8' });
    expect(node(join(installed(), 'bundle/cli/main.js'), '--version')).toMatch(/^\d/);
    const lines = [
      "import { encodeSegment } from 'pullthrough/ledger-schema';",
      "import { PullthroughError, verify } from 'pullthrough/consumer';",
      "const options = { ledger: 'https://127.0.0.1:1/nothing.git', pin: 'a'.repeat(64), stateDir: './state', cacheDir: './cache' };",
      "const error = await verify('acme/tool@v1', options).catch((error) => error);",
      "console.log(encodeSegment('cli/v1'), error instanceof PullthroughError, error.code);",
    ];
    expect(node('--input-type=module', '-e', lines.join('\n')).trim()).toBe('cli%2Fv1 true E_LEDGER_UNREACHABLE');
  });

  test.each(['checklist', 'policy', 'mirror.ini', 'tool.ini'])('finds the JSON Schema of %s by its name', (name) => {
    const line = `import schema from 'pullthrough/schemas/${name}.schema.json' with { type: 'json' }; console.log(schema.title);`;
    const title = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', line], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(title).toContain('pullthrough');
  });

  test.each([
    ['that says nothing of libraries', {}],
    ['for node', { lib: ['lib.es2023.d.ts'], types: ['node'], typeRoots: [join(root, 'node_modules/@types')] }],
  ])('finds the types of both entries whole, with no other package, in a project %s', (_, options) => {
    const file = join(folder, 'use.mts');
    const lines = [
      "import { Consumer, PullthroughError } from 'pullthrough/consumer';",
      "import type { VerifiedRelease } from 'pullthrough/consumer';",
      "import { encodeSegment, parseChecklist } from 'pullthrough/ledger-schema';",
      "import type { Policy } from 'pullthrough/ledger-schema';",
      "export const text: string = encodeSegment('cli/v1');",
      "export const get = (consumer: Consumer) => consumer.get('jqlang/jq@latest', { output: 'bin' });",
      'export const sizes = (bytes: Uint8Array): number[] => parseChecklist(bytes).assets.map(({ size }) => size);',
      'export const who = (release: VerifiedRelease): string[] => release.acks.map(({ holder }) => holder);',
      'export const roots = (policy: Policy): number => policy.roots.threshold;',
      "export const code = (error: PullthroughError): boolean => error.code === 'E_PIN';",
      '// @ts-expect-error -- a number is not a path',
      'encodeSegment(1);',
      "// @ts-expect-error -- what only the program's own rooms use is not offered",
      'export const view = (consumer: Consumer) => consumer.view();',
    ];
    writeFileSync(file, lines.join('\n'));
    const program = ts.createProgram([file], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      ...options,
    });
    const found = ts
      .getPreEmitDiagnostics(program)
      .map(({ file: where, messageText }) => [where?.fileName, messageText]);
    expect(found).toEqual([]);
  });
});
