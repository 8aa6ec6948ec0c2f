// The cost of an operation follows the change, never the ledger: seconds of processor time and requests for what people
// and machines do every day, over larger and larger ledgers. Writes growth.json and growth.svg.
//   node dist/scripts/bench/growth.js [--records 100,1000,10000,100000] [--into docs/speed] [--dir FOLDER]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startGitHub } from '../../test/servers/github/github.ts';
import { createGitHandler } from '../../test/servers/git.ts';
import { addRecord, makeLedger, median, runCommand, startCommand, usageOf } from './consumer-ledger.ts';
import type { BenchRecord } from './consumer-ledger.ts';
import { plot } from './plot.ts';
import type { Growth } from './plot.ts';

const RELEASES_A_TOOL = 10;
const MIRRORED = 10;
const ROUNDS = 3;

function* records(count: number, ids: readonly number[]): Generator<BenchRecord> {
  const tools = Math.ceil(count / RELEASES_A_TOOL);
  for (let i = 0; i < count; i++) {
    const tool = i % tools;
    yield {
      repository: `owner${tool % 1000}/tool${tool}`,
      repositoryId: ids[tool] ?? 1_000_000 + tool,
      tag: `v1.${Math.floor(i / tools)}.0`,
      assets: [{ name: 'tool', size: 1, sha256: (BigInt(i) + 1n).toString(16).padStart(64, '0') }],
    };
  }
}

/** The branch `before` is `main` without one record, and `proposal` brings that record. */
function propose(ledger: string): void {
  const record = 'packages/github.com/owner0/tool0/v1.0.0';
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: ledger, encoding: 'utf8' }).trim();
  const added = git('ls-tree', '-r', 'main', record).split('\n');
  const commit = (branch: string, from: string): string =>
    `commit refs/heads/${branch}\ncommitter Bench <bench@localhost> 1700000001 +0000\ndata 4\nmore\nfrom ${from}\n`;
  const input = [
    `${commit('before', 'refs/heads/main^0')}D ${record}\n`,
    commit('proposal', 'refs/heads/before'),
    ...added.map((line) => line.replace(/^(\d+) blob (\w+)\t(.*)$/, 'M $1 $2 $3\n')),
  ];
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: ledger, input: input.join('') });
}

async function measure(count: number, base: string): Promise<Growth> {
  const folder = mkdtempSync(join(base, `${count}-`));
  const github = await startGitHub();
  let requests = 0;
  const handler = createGitHandler({ root: folder });
  const server = createServer((request, response) => {
    requests++;
    handler(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const ids: number[] = [];
    for (let tool = 0; tool < MIRRORED; tool++) {
      const repository = `owner${tool}/tool${tool}`;
      const made = github.addRepository(repository);
      await made.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool', content: 'a' }] });
      ids.push(made.id);
      const place = join(folder, 'packages/github.com', repository);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'tool.ini'), '');
    }
    const directory = join(folder, 'ledger.git');
    // The records that are looked at are really signed.
    const { pin, botKey } = await makeLedger(directory, records(count, ids), 20);
    propose(directory);
    writeFileSync(join(folder, 'bot.key'), botKey);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ledger.git`;
    const lines = [
      '[ledger]',
      `repository = ${url}`,
      'author = Bench <bench@localhost>',
      '[store]',
      'url = file:./store',
    ];
    lines.push('[source]', `api = ${github.api}`, 'host = github.com', '');
    writeFileSync(join(folder, 'mirror.ini'), lines.join('\n'));
    const home = join(folder, 'home');
    const from = ['--ledger', url, '--pin', pin];
    const results: Growth['results'] = {};
    const take = async (name: string, once: () => Promise<{ processor: number }>): Promise<void> => {
      await once();
      const seconds: number[] = [];
      github.takeRequests();
      requests = 0;
      for (let round = 0; round < ROUNDS; round++) seconds.push((await once()).processor);
      const asked = (requests + github.takeRequests().length) / ROUNDS;
      results[name] = { seconds: Number(median(seconds).toFixed(3)), requests: Number(asked.toFixed(1)) };
      console.log(`${count} records: ${name} ${median(seconds).toFixed(2)} s, ${asked.toFixed(1)} requests`);
    };
    await take('verify', () => runCommand(['verify', 'owner0/tool0@v1.0.0', ...from], home));
    await take('ledger check --base', () =>
      runCommand(['ledger', 'check', '--head', 'proposal', '--base', 'before'], home, directory),
    );
    await take('mirror, nothing new', () =>
      runCommand(['mirror'], home, folder, { PULLTHROUGH_SIGNING_KEY_FILE: join(folder, 'bot.key') }),
    );
    await take('serve, until it answers', () => serveOnce([...from, '--store', join(folder, 'store')], home));
    let added = 0;
    await take('site, one record more', () => {
      addRecord(directory, 'owner0/tool0', 'v1.0.0', `v9.${added++}.0`);
      return runCommand(['site', join(folder, 'site'), ...from], home, folder);
    });
    return { records: count, tools: Math.ceil(count / RELEASES_A_TOOL), seconds: 'of processor time', results };
  } finally {
    server.closeAllConnections();
    server.close();
    await github.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function serveOnce(args: readonly string[], home: string): Promise<{ processor: number }> {
  const child = startCommand(['serve', '--listen', '127.0.0.1:0', ...args], home, home);
  let said = '';
  await new Promise<void>((done, failed) => {
    child.stderr?.on('data', (data: Buffer) => {
      said += String(data);
      if (said.includes('serving acknowledged files at')) done();
    });
    child.once('close', (code) => failed(new Error(`serve ended with ${code}: ${said}`)));
  });
  child.kill('SIGTERM');
  await new Promise((done) => child.once('close', done));
  return usageOf(home);
}

const options = { records: { type: 'string' }, into: { type: 'string' }, dir: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const base = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-growth-'));
try {
  const points: Growth[] = [];
  const into = resolve(values.into ?? 'docs/speed');
  mkdirSync(into, { recursive: true });
  for (const count of (values.records ?? '100,1000,10000,100000').split(',')) {
    points.push(await measure(Number(count), base));
    writeFileSync(join(into, 'growth.json'), `${JSON.stringify(points, null, 2)}\n`);
    writeFileSync(join(into, 'growth.svg'), plot(points));
  }
} finally {
  rmSync(base, { recursive: true, force: true });
}
