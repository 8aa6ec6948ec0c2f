import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../program.ts';

/** An executor's folder, its key and an empty ledger, for runs of the whole command. */
export class Executor {
  readonly #folder: string;

  /** `api` is the upstream's, `tool` the one that is mirrored from it. */
  constructor(folder: string, api: string, tool: string) {
    this.#folder = folder;
    mkdirSync(join(folder, 'packages/github.com', tool), { recursive: true });
    writeFileSync(join(folder, 'packages/github.com', tool, 'tool.ini'), '');
    for (const name of ['bot', 'ada']) this.#run(['key', 'new', '--user-id', name, '--output', `${name}.key`]);
    const roles = ['--root', 'ada=ada.key.pub.asc', '--executor', 'bot=bot.key.pub.asc', '--reviewer'];
    const people = [...roles, 'ada=ada.key.pub.asc', '--threshold', '1'];
    this.#run(['ledger', 'init', 'empty.git', '--bare', ...people, '--key', 'ada.key']);
    const lines = ['[ledger]', 'repository = ledger.git', 'author = Bench <bench@localhost>', '[store]'];
    lines.push('url = file:./store', '[source]', `api = ${api}`, 'host = github.com', '');
    writeFileSync(join(folder, 'mirror.ini'), lines.join('\n'));
  }

  /** `pullthrough mirror` of what nobody has yet, into the file store at `store`. Says its peak memory. */
  mirror(store: string): string {
    rmSync(join(this.#folder, 'ledger.git'), { recursive: true, force: true });
    rmSync(join(this.#folder, 'home'), { recursive: true, force: true });
    cpSync(join(this.#folder, 'empty.git'), join(this.#folder, 'ledger.git'), { recursive: true });
    const ini = join(this.#folder, 'mirror.ini');
    writeFileSync(ini, readFileSync(ini, 'utf8').replace(/url = .*/, `url = file:${store}`));
    const memory = join(this.#folder, 'memory');
    const preload = join(this.#folder, 'memory.cjs');
    const report = `require('node:fs').writeFileSync(${JSON.stringify(memory)}, String(process.resourceUsage().maxRSS))`;
    writeFileSync(preload, `process.on('exit', () => ${report});\n`);
    this.#run(['mirror', '--quiet'], ['--require', preload]);
    return `peak memory ${Math.round(Number(readFileSync(memory, 'utf8')) / 1024)} MiB`;
  }

  #run(args: readonly string[], node: readonly string[] = []): void {
    const home = join(this.#folder, 'home');
    execFileSync(process.execPath, [...node, PROGRAM, ...args], {
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        XDG_CACHE_HOME: home,
        XDG_STATE_HOME: home,
        PULLTHROUGH_SIGNING_KEY_FILE: join(this.#folder, 'bot.key'),
      },
    });
  }
}
