import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { programSource, withProgram } from '../../io/program-source.ts';
import { bash } from '../adoption/bash.ts';
import type { Ran } from '../adoption/bash.ts';
import { makeShims } from '../adoption/shims.ts';
import { parseWorkflow, workflowText } from './workflow.ts';
import type { Job, Step } from './workflow.ts';

/**
 * The values that expressions get: `github.ref_name` is `contexts.github.ref_name`. One that isn't here is an error.
 * `github.token` is one of `github.tokens`, `read` or `write`, as the job's permissions say.
 */
export type Contexts = Readonly<Record<string, unknown>>;

export interface StepRan extends Ran {
  readonly name: string;
  /** What Actions would show of it on the job's page. */
  readonly summary: string;
}

export interface JobRan {
  readonly conclusion: 'success' | 'failure' | 'skipped';
  /** The scripts that ran, in order. */
  readonly steps: readonly StepRan[];
  /** The last script's, for messages. */
  readonly log: string;
  /** The folder that its scripts ran in. */
  readonly workspace: string;
}

export interface RunnerOptions {
  /** For each job's home and workspace. */
  readonly folder: string;
  /** A script that is the program. */
  readonly program: string;
  /** What every step has beside what Actions sets, as the way to the loopback servers. */
  readonly env: NodeJS.ProcessEnv;
  /** Keys of scripts that are not run, as `reached` has them. */
  readonly leaveOut: readonly string[];
}

/** A step's state while its job runs. */
interface Running {
  readonly workspace: string;
  readonly home: string;
  readonly contexts: Record<string, unknown>;
  readonly env: Record<string, string>;
  failed: boolean;
}

/** Runs jobs of workflows step by step on this machine, as a new GitHub runner does; actions have stand-ins. */
export class Runner {
  readonly #options: RunnerOptions;
  /** Each script as `FILE JOB/STEP`, with the lines that ran in one run or another. */
  readonly reached = new Map<string, Set<number>>();

  readonly #vars: Readonly<Record<string, string>>;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#vars = publishProgram(join(options.folder, 'files'), options.program);
  }

  /**
   * `file` is one of WORKFLOWS. `checkout` is what actions/checkout finds. A job whose `if` is `failure()` runs when
   * `needsFailed`.
   */
  async run(
    file: string,
    jobName: string,
    given: {
      contexts: Contexts;
      checkout?: string | undefined;
      needsFailed?: boolean;
      /** What the runner itself sets, as for `id-token: write`. */
      env?: Readonly<Record<string, string>>;
    },
  ): Promise<JobRan> {
    // What `init` and `ledger init` put in when they write the file.
    const workflow = parseWorkflow(withProgram(workflowText(file), programSource()));
    const job = workflow.jobs[jobName];
    if (job === undefined) throw new Error(`${file} has no job ${jobName}`);
    if ((job.steps.find(({ shell }) => shell)?.shell ?? workflow.defaults?.run?.shell) !== 'bash') {
      throw new Error(`${file} leaves its shell to the runner: then a pipe's first commands may fail unseen`);
    }
    const { vars } = given.contexts as { readonly vars?: object };
    const running = this.#begin(withToken({ ...given.contexts, vars: { ...this.#vars, ...vars } }, job));
    running.failed = given.needsFailed === true;
    Object.assign(running.env, given.env);
    const { workspace } = running;
    if (job.if !== undefined && evaluate(job.if, running) !== true) {
      return { conclusion: 'skipped', steps: [], log: '', workspace };
    }
    running.failed = false;
    const steps: StepRan[] = [];
    for (const step of job.steps) {
      const wanted = step.if === undefined ? !running.failed : evaluate(step.if, running) === true;
      if (!wanted) continue;
      if (step.uses !== undefined) act(step, running, given.checkout);
      else if (!this.#options.leaveOut.includes(keyOf(file, jobName, step))) {
        steps.push(await this.#script(keyOf(file, jobName, step), step, running));
      }
    }
    const last = steps.at(-1);
    return {
      conclusion: running.failed ? 'failure' : 'success',
      steps,
      log: last === undefined ? '' : `${last.stdout}${last.stderr}`,
      workspace,
    };
  }

  #begin(contexts: Contexts): Running {
    const home = mkdtempSync(join(this.#options.folder, 'runner-'));
    const workspace = join(home, 'work');
    mkdirSync(workspace);
    const { bin } = makeShims(home, this.#options.program);
    const env = {
      ...(this.#options.env as Record<string, string>),
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: home,
      XDG_CACHE_HOME: join(home, '.cache'),
      XDG_STATE_HOME: join(home, '.local/state'),
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: join(home, 'temp'),
    };
    mkdirSync(env.RUNNER_TEMP);
    return { home, workspace, env, contexts: { ...contexts }, failed: false };
  }

  async #script(key: string, step: Step, running: Running): Promise<StepRan> {
    const { name = '', run = '' } = step;
    const commands = ['GITHUB_STEP_SUMMARY', 'GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_PATH'];
    const files = Object.fromEntries(commands.map((variable) => [variable, join(running.home, variable)]));
    for (const path of Object.values(files)) writeFileSync(path, '');
    const own = Object.entries(step.env ?? {}).map(([key, value]) => [key, fill(String(value), running)]);
    const env = { ...running.env, ...files, ...(Object.fromEntries(own) as Record<string, string>) };
    const ran = await bash(run, { cwd: join(running.workspace, step['working-directory'] ?? '.'), env });
    this.reached.set(key, new Set([...(this.reached.get(key) ?? []), ...ran.lines]));
    if (ran.code !== 0) running.failed = true;
    Object.assign(running.env, assignments(files['GITHUB_ENV'] ?? ''));
    const folders = readFileSync(files['GITHUB_PATH'] ?? '', 'utf8')
      .split('\n')
      .filter(Boolean);
    running.env['PATH'] = [...folders.reverse(), running.env['PATH']].join(delimiter);
    return { ...ran, name, summary: readFileSync(files['GITHUB_STEP_SUMMARY'] ?? '', 'utf8') };
  }
}

/** An archive as a release of the program has it, at https://files.acme.example; gives the variables that name it. */
function publishProgram(folder: string, program: string): Record<string, string> {
  const cli = join(folder, 'pullthrough-1/cli');
  mkdirSync(cli, { recursive: true });
  const lines = [
    "import { spawnSync } from 'node:child_process';",
    `process.exit(spawnSync(${JSON.stringify(program)}, process.argv.slice(2), { stdio: 'inherit' }).status ?? 1);`,
  ];
  writeFileSync(join(cli, 'main.js'), lines.join('\n'));
  writeFileSync(join(folder, 'pullthrough-1/package.json'), '{ "type": "module" }');
  execFileSync('tar', ['--create', '--gzip', '--file', 'pullthrough.tar.gz', 'pullthrough-1'], { cwd: folder });
  const bytes = readFileSync(join(folder, 'pullthrough.tar.gz'));
  return {
    PULLTHROUGH_URL: 'https://files.acme.example/pullthrough.tar.gz',
    PULLTHROUGH_SHA256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** Without `permissions` a job's token may do nothing. */
function withToken(contexts: Contexts, { permissions }: Job): Contexts {
  const github = contexts['github'] as { readonly tokens?: Readonly<Record<string, string>> } | undefined;
  const rights = Object.values(permissions);
  const right = rights.includes('write') ? 'write' : rights.includes('read') ? 'read' : 'none';
  return { ...contexts, github: { ...github, token: github?.tokens?.[right] } };
}

function keyOf(file: string, job: string, { name = '' }: Step): string {
  return `${file} ${job}/${name}`;
}

function assignments(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** What the actions that workflows use would do, as far as a later step sees it. */
function act(step: Step, running: Running, checkout: string | undefined): void {
  const [action = ''] = (step.uses ?? '').split('@');
  const input = (name: string): string => fill(String(step.with?.[name] ?? ''), running);
  switch (action) {
    case 'actions/setup-node':
      return;
    case 'actions/checkout':
      if (checkout === undefined) throw new Error('there is nothing to check out');
      cpSync(checkout, running.workspace, { recursive: true });
      return;
    case 'aws-actions/configure-aws-credentials':
      if (input('role-to-assume') === '') throw new Error('configure-aws-credentials needs a role');
      Object.assign(running.env, { AWS_REGION: input('aws-region'), ...(running.contexts['aws'] as object) });
      return;
    case 'actions/create-github-app-token': {
      for (const name of ['app-id', 'private-key', 'owner', 'repositories']) {
        if (input(name) === '') throw new Error(`create-github-app-token needs ${name}`);
      }
      const token = lookUp('apps.token', running.contexts);
      running.contexts['steps'] = { ...(running.contexts['steps'] as object), [step.id ?? '']: { outputs: { token } } };
      return;
    }
    default:
      throw new Error(`there is no stand-in for ${action}`);
  }
}

function fill(text: string, running: Running): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => String(evaluate(expression, running)));
}

/** The few expressions that the workflows use: a path, a comparison with a word, `failure()`, `always()`. */
function evaluate(expression: string, { contexts, failed }: Running): unknown {
  const text = expression.trim();
  if (text === 'failure()') return failed;
  if (text === 'always()') return true;
  const [, path = text, operator, word] = /^([\w.-]+) (==|!=) '([^']*)'$/.exec(text) ?? [];
  const value = lookUp(path, contexts);
  if (operator === undefined) return value;
  return operator === '==' ? value === word : value !== word;
}

function lookUp(path: string, contexts: Contexts): unknown {
  let value: unknown = contexts;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  if (value === undefined || value === null) throw new Error(`there is no test value for ${path}`);
  return value;
}

/** Each script of a job, by the key that `reached` has. */
export function scriptsOf(file: string, jobs: Readonly<Record<string, Job>>): [key: string, script: string][] {
  return Object.entries(jobs).flatMap(([name, { steps }]) =>
    steps.flatMap((step): [string, string][] => (step.run === undefined ? [] : [[keyOf(file, name, step), step.run]])),
  );
}
