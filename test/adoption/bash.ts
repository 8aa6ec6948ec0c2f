import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Ran {
  /** Its exit status. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Numbers of the script's lines that ran, counted from 1. */
  readonly lines: ReadonlySet<number>;
}

/** Runs a script as GitHub Actions runs one whose shell is bash, and notes which of its lines were reached. */
export async function bash(script: string, options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'pullthrough-step-'));
  try {
    const [file, startup, reached] = ['script.sh', 'startup.sh', 'lines'].map((name) => join(folder, name));
    await writeFile(file ?? '', script);
    await writeFile(reached ?? '', '');
    await writeFile(startup ?? '', `unset BASH_ENV\nset -T\ntrap 'echo "$LINENO" >> ${reached ?? ''}' DEBUG\n`);
    const args = ['--noprofile', '--norc', '-eo', 'pipefail', file ?? ''];
    const child = spawn('bash', args, {
      cwd: options.cwd,
      env: { ...options.env, BASH_ENV: startup },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 128));
    });
    const lines = new Set((await readFile(reached ?? '', 'utf8')).split('\n').filter(Boolean).map(Number));
    return { code, stdout, stderr, lines };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The lines of a script that begin a command, counted from 1: what must have been reached for it to count as run. */
export function commandLines(script: string): number[] {
  const lines = script.split('\n');
  return lines.flatMap((line, index) => {
    const word = line.trim();
    const goesOn = lines[index - 1]?.endsWith('\\') === true;
    return word === '' || word.startsWith('#') || goesOn || /^(?:else|fi|then|done|do|esac|\}|\))$/.test(word)
      ? []
      : [index + 1];
  });
}
