import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WARM_SERVER, builtMain } from '../kit/processes/program.ts';

/** A program for a PATH that hands its command line to {@link WARM_SERVER}, and what ends that. */
export interface Warm {
  readonly program: string;
  stop(): Promise<void>;
}

/** Starts it with variables that hold for all commands: those that node and undici read from the process itself. */
export async function startWarm(folder: string, env: NodeJS.ProcessEnv): Promise<Warm> {
  const socket = join(folder, 'warm.socket');
  const server = join(dirname(dirname(builtMain())), WARM_SERVER.replace(/\.ts$/, '.js'));
  const child = spawn(process.execPath, [server, socket], {
    env: { ...env, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    void ended.then(() => reject(new Error('the warm program did not start')));
  });
  const program = join(folder, 'pullthrough-warm');
  const lines = [
    '#!/bin/sh',
    'outputs=$(mktemp -d)',
    'code=$({ printf \'%s\\0\' "$outputs" "$PWD" "$#" "$@"; env -0; } |',
    `  curl --silent --show-error --fail --unix-socket '${socket}' --data-binary @- http://localhost/) || code=99`,
    'cat "$outputs/out"; cat "$outputs/err" >&2',
    'rm -r "$outputs"',
    'exit "$code"',
  ];
  writeFileSync(program, `${lines.join('\n')}\n`);
  chmodSync(program, 0o755);
  return {
    program,
    stop: () => {
      child.kill();
      return ended;
    },
  };
}
