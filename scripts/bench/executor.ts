import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { runCommand } from './consumer-ledger.ts';
import type { Run } from './consumer-ledger.ts';

/** An executor's folder, its key and an empty ledger, for runs of the whole command. */
export class Executor {
  readonly folder: string;
  readonly #more: Readonly<Record<string, string>>;

  private constructor(folder: string, more: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#more = { PULLTHROUGH_SIGNING_KEY_FILE: join(folder, 'bot.key'), ...more };
  }

  /** `api` is the upstream's, `tool` the one that is mirrored from it; `more` of the environment. */
  static async make(
    folder: string,
    api: string,
    tool: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Executor> {
    const executor = new Executor(folder, more);
    mkdirSync(join(folder, 'packages/github.com', tool), { recursive: true });
    writeFileSync(join(folder, 'packages/github.com', tool, 'tool.ini'), '');
    for (const name of ['bot', 'ada']) await executor.run('key', 'new', '--user-id', name, '--output', `${name}.key`);
    const roles = ['--root', 'ada=ada.key.pub.asc', '--executor', 'bot=bot.key.pub.asc', '--reviewer'];
    const people = [...roles, 'ada=ada.key.pub.asc', '--threshold', '1'];
    await executor.run('ledger', 'init', 'empty.git', '--bare', ...people, '--key', 'ada.key');
    const lines = ['[ledger]', 'repository = ledger.git', 'author = Bench <bench@localhost>', '[store]'];
    lines.push('url = file:./store', '[source]', `api = ${api}`, 'host = github.com', '[trust]');
    const policy = execFileSync('git', ['show', 'main:trust/1.policy.json'], { cwd: join(folder, 'empty.git') });
    lines.push(`pin = sha256:${sha256Hex(policy)}`, '');
    writeFileSync(join(folder, 'mirror.ini'), lines.join('\n'));
    return executor;
  }

  /** From now on the ledger is empty, nothing of it is kept, and the store is at `url`. */
  begin(url: string): void {
    for (const name of ['ledger.git', 'home']) rmSync(join(this.folder, name), { recursive: true, force: true });
    cpSync(join(this.folder, 'empty.git'), join(this.folder, 'ledger.git'), { recursive: true });
    this.store(url);
  }

  /** From now on the store is at `url`. */
  store(url: string): void {
    const ini = join(this.folder, 'mirror.ini');
    writeFileSync(ini, readFileSync(ini, 'utf8').replace(/^url = .*/m, `url = ${url}`));
  }

  run(...args: readonly string[]): Promise<Run> {
    return runCommand(args, join(this.folder, 'home'), this.folder, this.#more);
  }
}
