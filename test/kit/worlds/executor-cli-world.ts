import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseResult } from '../../../executor/result.ts';
import { people } from './executor-keys.ts';
import { world } from './executor-world.ts';
import type { WorldOptions } from './executor-world.ts';
import { runCli } from './cli-world.ts';
import type { Ran, RunWorld } from './cli-world.ts';

export interface Document {
  readonly releases?: readonly ReleaseResult[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

/** An executor's folder as a person has it, with a tool that has one release. */
export async function executor(options: WorldOptions = {}) {
  const made = await world(options);
  const repository = made.github.addRepository('acme/tool');
  await repository.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool-linux', content: 'linux bytes' }] });
  await made.tool('acme/tool');
  const ledger = options.onGitHub === true ? `acme/ledger\napi = ${made.github.api}` : './ledger.git';
  await writeFile(
    join(made.folder, 'mirror.ini'),
    `[ledger]\nrepository = ${ledger}\nauthor = Mirror Bot <bot@acme.example>\n` +
      `[store]\nurl = file:./store\n[source]\napi = ${made.github.api}\nhost = github.com\n`,
  );
  const key = join(made.folder, 'bot.key');
  await writeFile(key, (await people()).bot.secret);
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(made.folder, 'caches'),
    XDG_STATE_HOME: join(made.folder, 'state'),
    PULLTHROUGH_SIGNING_KEY_FILE: key,
    GITHUB_TOKEN: 'reader',
    LEDGER_TOKEN: 'ledger-token',
  };
  const cli = (argv: string[], more: RunWorld = {}): Promise<Ran> =>
    runCli(argv, { cwd: made.folder, env, now: made.now, ...more });
  const json = async (...argv: string[]) => {
    const ran = await cli([...argv, '--json']);
    return { ...ran, document: JSON.parse(ran.stdout) as Document };
  };
  return { made, repository, cli, json, env };
}
