import { execFile, spawn } from 'node:child_process';
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
import { transformSync } from 'rolldown/utils';
import ts from 'typescript';
import { inject } from 'vitest';
import { ROOMS } from '../../import-rules.ts';

const root = join(import.meta.dirname, '../../..');

/** Lies beside the program when it is built. */
export const WARM_SERVER = 'test/adoption/warm-server.ts';

/** What children import beside the program. */
const BESIDE = ['test/adoption', 'test/io', 'test/kit', 'test/servers'];

/** How long another test file's work is waited for. */
const PATIENCE_MS = 240_000;

/**
 * The folder of the program as JavaScript, and of what tests run beside it, made from what lies here, as `dist/` may be
 * older: by the first test file of a run that asks for it; the others wait.
 */
export function program(): string {
  const folder = join(inject('runFolder'), 'program');
  if (existsSync(folder)) return folder;
  try {
    mkdirSync(`${folder}.claim`);
  } catch {
    const end = Date.now() + PATIENCE_MS;
    while (!existsSync(folder)) {
      if (Date.now() > end) throw new Error(`nobody finished ${folder}`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    return folder;
  }
  const rooms = [...ROOMS.filter((room) => room !== 'scripts'), ...BESIDE];
  const names = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true }).map((name) => `${room}/${String(name)}`),
  );
  renameSync(build(names.filter((name) => !/\.(?:test|d)\.ts$/.test(name))), folder);
  return folder;
}

export function builtMain(): string {
  return join(program(), 'cli/main.js');
}

/** Some files alone, as JavaScript in a new folder, which goes when the tests are over. */
export function build(paths: readonly string[]): string {
  const made = mkdtempSync(join(inject('runFolder'), 'built-'));
  writeFileSync(join(made, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(made, 'node_modules'));
  for (const path of paths) {
    const out = join(made, path.replace(/\.ts$/, '.js'));
    if (path.endsWith('.ts')) {
      mkdirSync(dirname(out), { recursive: true });
      writeFileSync(out, toJavaScript(path, readFileSync(join(root, path), 'utf8')));
    } else if (/\/templates\/.*\./.test(path)) {
      mkdirSync(dirname(out), { recursive: true });
      copyFileSync(join(root, path), out);
    }
  }
  return made;
}

function toJavaScript(path: string, source: string): string {
  const typescript = { rewriteImportExtensions: 'rewrite', onlyRemoveTypeImports: true } as const;
  const { code, helpersUsed } = transformSync(path, source, { typescript, target: 'es2023' });
  if (Object.keys(helpersUsed).length === 0) return code;
  // `using` needs help: this takes ten times as long, and writes the help into the file.
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  return ts.transpileModule(source, { compilerOptions, fileName: path }).outputText;
}

/** Starts the program in a process of its own; `output` has what it wrote when it is over. */
export function start(
  argv: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; nodeOptions?: readonly string[] } = {},
) {
  const { nodeOptions = [], ...others } = options;
  const child = spawn(process.execPath, [...nodeOptions, builtMain(), ...argv], {
    ...others,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { child, ended, stdout: () => text(child.stdout), stderr: () => text(child.stderr) };
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
  const args = [...nodeOptions, '--input-type=module', '--eval', toJavaScript('child.ts', source)];
  const options = { cwd: program(), env: { PATH: process.env.PATH, ...env } };
  return new Promise((settle) => {
    const child = execFile(process.execPath, args, options, (_error, stdout, stderr) =>
      settle({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
