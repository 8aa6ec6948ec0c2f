import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../cli/wiring/run-command.ts';
import type { ReviewReport } from '../../reviewer/report.ts';
import { Written } from '../kit/worlds/cli-world.ts';
import { zipOf } from '../inspect/files.ts';
import { World } from './world.ts';

/** The file that every virus scanner is tried with; in two parts, so that this source is not one. */
const EICAR = `X5O!P%@AP[4\\PZX54(P^)7CC)7}${'$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'}`;
/** A whole database of clamav's: MD5, size and name of one file. */
const DATABASE = '44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-Signature\n';

let world: World;
beforeAll(async () => {
  world = await World.start({ transport: 'file' });
  const { api } = world.upstream;
  writeFileSync(join(world.folder, 'eicar.hdb'), DATABASE);
  const scan = 'clamscan --no-summary -d eicar.hdb {file}';
  const ini = `[ledger]\nrepository = ${world.git.directory}\n[source]\napi = ${api}\nhost = github.com\n[store]\nurl = file:./store\n[review]\nscan[] = ${scan}\n`;
  writeFileSync(join(world.folder, 'mirror.ini'), ini);
  mkdirSync(join(world.folder, 'elsewhere'));
});
afterAll(() => world[Symbol.asyncDispose]());

async function review(branch: string, ...more: string[]): Promise<ReviewReport> {
  const [stdout, stderr] = [new Written(undefined), new Written(undefined)];
  const env = {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: join(world.folder, 'xdg'),
    XDG_STATE_HOME: join(world.folder, 'state'),
  };
  await run({
    argv: ['review', branch, '--json', ...more],
    env,
    cwd: world.folder,
    stdin: Object.assign(new PassThrough(), { isTTY: false }),
    stdout,
    stderr,
    now: new Date(),
    signal: new AbortController().signal,
  });
  const { reviews } = JSON.parse(stdout.text) as { reviews: ReviewReport[] };
  if (reviews[0] === undefined) throw new Error(stderr.text);
  return reviews[0];
}

test('clamav finds EICAR in a file and in an archive, passes the others, and runs for the own folder alone', async () => {
  const files = {
    'tool-linux-amd64': 'nothing bad',
    'tool.com': EICAR,
    'tool.zip': zipOf({ name: 'bin/tool', content: EICAR }),
  };
  const { branch } = await world.propose('v1.0.0', { files });
  const { findings, files: seen } = await review(branch, '--tools', '.');
  const scans = findings.filter(({ name }) => name.startsWith('scan-'));
  expect(scans.map(({ name, message }) => [name, message])).toEqual([
    ['scan-objects', 'clamscan ended with 1 on tool.com: tool.com: Eicar-Test-Signature.UNOFFICIAL FOUND'],
    ['scan-objects', 'clamscan ended with 1 on tool.zip: tool.zip: Eicar-Test-Signature.UNOFFICIAL FOUND'],
    ['scan-passed', 'clamscan ended with 0 on tool-linux-amd64: tool-linux-amd64: OK'],
  ]);
  expect(seen.find(({ name }) => name === 'tool.com')?.scans).toMatchObject([{ scanner: 'clamscan', exit: 1 }]);
  for (const other of [[], ['--tools', 'elsewhere']]) {
    const report = await review(branch, ...other);
    expect(report.findings.filter(({ name }) => name.startsWith('scan-'))).toMatchObject([
      { name: 'scan-failed', level: 'look', files: [] },
    ]);
    expect(report.files.flatMap(({ scans: of }) => of ?? [])).toEqual([]);
  }
});
