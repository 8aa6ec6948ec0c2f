import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';
import { makeBundle } from '../../scripts/bundle.ts';
import { builtMain } from '../kit/processes/program.ts';

const root = join(import.meta.dirname, '../..');

let made: Promise<string> | undefined;

/** The bundle of what lies here, made once a test file, where no node_modules is above it. */
export function bundle(): Promise<string> {
  made ??= make();
  return made;
}

async function make(): Promise<string> {
  const folder = temporaryFolder();
  const compiled = realpathSync(join(builtMain(), '../..'));
  await makeBundle({ root, compiled, folder: join(folder, 'bundle') });
  return join(folder, 'bundle');
}

const base = realpathSync(mkdtempSync(join(inject('runFolder'), 'action-')));

export function temporaryFolder(): string {
  return mkdtempSync(join(base, 'folder-'));
}

export interface Step {
  readonly code: number | null;
  /** stdout and stderr, as the job's log. */
  readonly log: string;
  readonly outputs: ReadonlyMap<string, string>;
  /** The folders that later steps find first on their PATH. */
  readonly paths: readonly string[];
  readonly summary: string;
}

/** Outputs as the runner reads them: `name<<DELIMITER`, lines, `DELIMITER`. */
function readOutputs(file: string): Map<string, string> {
  const found = file.matchAll(/^([\w-]+)<<(\S+)\n(.*?)\n\2\n/gms);
  return new Map(Array.from(found, ([, name = '', , value = '']) => [name, value]));
}

/** A runner's machine: what a job's steps share. */
export class Runner {
  readonly folder = temporaryFolder();
  readonly workspace = join(this.folder, 'work space');

  constructor() {
    mkdirSync(this.workspace);
    mkdirSync(join(this.folder, 'temp'));
  }

  /** Runs the action as one step of a job, with its inputs. */
  async step(inputs: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Promise<Step> {
    const file = (name: string): string => join(this.folder, name);
    for (const name of ['output', 'path', 'summary']) writeFileSync(file(name), '');
    const given = Object.entries(inputs).map(([name, value]): [string, string] => [
      `INPUT_${name.toUpperCase()}`,
      value,
    ]);
    const child = spawn(process.execPath, [join(await bundle(), 'action/main.js')], {
      cwd: this.workspace,
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        RUNNER_TEMP: file('temp'),
        GITHUB_ACTIONS: 'true',
        GITHUB_OUTPUT: file('output'),
        GITHUB_PATH: file('path'),
        GITHUB_STEP_SUMMARY: file('summary'),
        ...Object.fromEntries(given),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return {
      code,
      log: stdout + stderr,
      outputs: readOutputs(readFileSync(file('output'), 'utf8')),
      paths: readFileSync(file('path'), 'utf8').split('\n').filter(Boolean),
      summary: readFileSync(file('summary'), 'utf8'),
    };
  }
}
