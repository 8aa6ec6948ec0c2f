// What action.yml runs: puts the command on the PATH of later steps, and runs one command with the step's inputs.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { annotation } from '../io/escape.ts';
import { VERSION } from '../cli/version.ts';
import { toFailure } from '../cli/screens/failure.ts';
import { writeCommand } from './command.ts';
import { readInputs } from './inputs.ts';
import { addPath, setOutput } from './runner-files.ts';
import { runProgram } from './run.ts';

/** The paths of the files that `get` wrote. */
function pathsOf(document: string): string[] {
  try {
    const { files } = JSON.parse(document) as { files?: readonly { path?: unknown }[] };
    return (files ?? []).flatMap(({ path }) => (typeof path === 'string' ? [path] : []));
  } catch {
    return [];
  }
}

async function main(): Promise<number> {
  const program = { node: process.execPath, main: fileURLToPath(new URL('../cli/main.js', import.meta.url)) };
  const { argv, workingDirectory } = readInputs(process.env, VERSION);
  addPath(writeCommand(program));
  setOutput('version', VERSION);
  if (argv === undefined) return 0;
  const { code, stdout } = await runProgram(program, argv, resolve(workingDirectory));
  // The document is written in a form in which no line is a command to the runner.
  process.stdout.write(`::group::what pullthrough ${argv[0]} says\n${stdout}::endgroup::\n`);
  setOutput('exit-code', String(code));
  setOutput('paths', pathsOf(stdout).join('\n'));
  if (!setOutput('json', stdout.trim())) {
    process.stdout.write(`${annotation('warning', 'the output json is left empty: it is too large', 'pullthrough')}\n`);
  }
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  const { code, message, hint, exit } = toFailure(error);
  process.stdout.write(`${annotation('error', hint === undefined ? message : `${message} hint: ${hint}`, code)}\n`);
  process.exitCode = exit;
}
