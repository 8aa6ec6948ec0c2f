import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import ts from 'typescript';
import { inject } from 'vitest';
import { ROOMS } from '../import-rules.ts';

const root = join(import.meta.dirname, '../..');
/** Scripts are not part of the program. */
const PROGRAM = ROOMS.filter((room) => room !== 'scripts');

const compilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** Lies beside the program when it is built. */
export const WARM_SERVER = 'test/adoption/warm-server.ts';

/** How long another test file's work is waited for. */
const PATIENCE_MS = 120_000;

/**
 * The program as JavaScript, made from what lies here, as `dist/` may be older: by the first test file of a run that asks
 * for it; the others wait.
 */
export function builtMain(): string {
  const folder = join(inject('runFolder'), 'program');
  const main = join(folder, 'cli/main.js');
  if (existsSync(main)) return main;
  try {
    mkdirSync(`${folder}.claim`);
  } catch {
    const end = Date.now() + PATIENCE_MS;
    while (!existsSync(main)) {
      if (Date.now() > end) throw new Error(`nobody finished ${folder}`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    return main;
  }
  const files = PROGRAM.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true }).map((name) => `${room}/${String(name)}`),
  );
  renameSync(build([...files, WARM_SERVER]), folder);
  return main;
}

/** Some files alone, as JavaScript in a new folder, which goes when the tests are over. */
export function build(paths: readonly string[]): string {
  const made = mkdtempSync(join(inject('runFolder'), 'built-'));
  writeFileSync(join(made, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(made, 'node_modules'));
  for (const path of paths.filter((name) => name.endsWith('.ts'))) {
    const out = join(made, path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(out), { recursive: true });
    const source = readFileSync(join(root, path), 'utf8');
    writeFileSync(out, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  for (const path of paths.filter((name) => name.includes('/templates/'))) {
    const out = join(made, path);
    mkdirSync(dirname(out), { recursive: true });
    copyFileSync(join(root, path), out);
  }
  return made;
}

/** Starts the program in a process of its own; `output` has what it wrote when it is over. */
export function start(argv: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const child = spawn(process.execPath, [builtMain(), ...argv], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { child, ended, stdout: () => text(child.stdout), stderr: () => text(child.stderr) };
}
