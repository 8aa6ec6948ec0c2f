import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { inject } from 'vitest';

const root = resolve(import.meta.dirname, '..');
let folder: string | undefined;
const compiled = new Set<string>();

/** A folder that holds this project's files as JavaScript, as far as they were asked for. */
function target(): string {
  if (folder !== undefined) return folder;
  const made = mkdtempSync(join(inject('runFolder'), 'child-'));
  symlinkSync(join(root, 'node_modules'), join(made, 'node_modules'));
  writeFileSync(join(made, 'package.json'), '{"type":"module"}');
  folder = made;
  return made;
}

function compile(text: string, file: string): string {
  const options = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  for (const [, path = ''] of text.matchAll(/(?:from|import\()\s*'(\.[^']*\.ts)'/g)) {
    const source = resolve(dirname(file), path);
    if (compiled.has(source)) continue;
    compiled.add(source);
    const out = join(target(), relative(root, source).replace(/\.ts$/, '.js'));
    const code = compile(readFileSync(source, 'utf8'), source);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, code);
  }
  return ts.transpileModule(text, { compilerOptions: options, fileName: file }).outputText;
}

export interface ChildResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a module's text in a process of its own, for what is fixed when a process starts (NODE_EXTRA_CA_CERTS) or counts
 * by the process (memory). It imports this project's files relative to the project's root, as './io/file.ts'.
 */
export function runModule(
  source: string,
  env: Readonly<Record<string, string | undefined>> = {},
  nodeOptions: readonly string[] = [],
): Promise<ChildResult> {
  const code = compile(source, join(root, 'child.ts'));
  const args = [...nodeOptions, '--input-type=module', '--eval', code];
  const options = { cwd: target(), env: { PATH: process.env.PATH, ...env } };
  return new Promise((settle) => {
    const child = execFile(process.execPath, args, options, (_error, stdout, stderr) =>
      settle({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
