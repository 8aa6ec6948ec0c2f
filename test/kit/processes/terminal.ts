import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { builtMain } from './program.ts';

/** The program at a real pseudo-terminal. */
export interface Terminal {
  /** Everything that it has shown so far, with its control sequences. */
  readonly shown: () => string;
  /** Types keys: Ctrl-C is `\x03`, and the terminal makes of it what a terminal makes of it. */
  readonly type: (keys: string) => void;
  /** Waits until it shows this after what was waited for before. */
  readonly until: (text: string | RegExp) => Promise<void>;
  readonly ended: Promise<number | null>;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Starts the program as a person does, at a terminal of 80 columns and 24 rows, which `script` of util-linux opens. */
export function atTerminal(
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly columns?: number },
): Terminal {
  const { cwd, env, columns = 80 } = options;
  const program = [process.execPath, builtMain(), ...argv].map(quoted).join(' ');
  const line = `stty cols ${columns} rows 24 && exec ${program}`;
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let read = 0;
  let look = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    look();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => (look(), resolve(code))));
  let over = false;
  void ended.then(() => (over = true));
  return {
    shown: () => shown,
    type: (keys) => void child.stdin.write(keys),
    until: (text) =>
      new Promise((resolve, reject) => {
        look = () => {
          const rest = shown.slice(read);
          const at = typeof text === 'string' ? rest.indexOf(text) : rest.search(text);
          if (at >= 0) {
            read += at + 1;
            look = () => undefined;
            resolve();
          } else if (over) reject(new Error(`it ended before it showed ${String(text)}:\n${shown}`));
        };
        void ended.then(() => look());
        look();
      }),
    ended,
  };
}

/** Lines as they stand on the screen in the end: without control sequences, and of redrawn lines the last. */
export function screenLines(shown: string): string[] {
  return stripVTControlCharacters(shown)
    .split('\n')
    .map((line) => line.replace(/\r+$/, '').split('\r').at(-1) ?? '');
}
