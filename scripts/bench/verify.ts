// `verify TOOL@TAG` with a ledger of 100,000 records over git's own HTTP: seconds and bytes on the wire, cold and warm.
//   node dist/scripts/bench/verify.js [--records N]
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { createGitHandler } from '../../test/servers/git.ts';
import { makeLedger, median, runCommand } from './consumer-ledger.ts';
import type { BenchRecord } from './consumer-ledger.ts';

const TAGS_A_TOOL = 20;

/** Twenty releases per tool, ten tools per owner; the first record is the one to verify. */
function* records(count: number): Generator<BenchRecord> {
  for (let i = 0; i < count; i++) {
    const tool = Math.floor(i / TAGS_A_TOOL);
    yield {
      repository: `owner${Math.floor(tool / 10)}/tool${tool}`,
      tag: `v1.${i % TAGS_A_TOOL}.0`,
      assets: ['darwin-arm64', 'linux-amd64', 'linux-arm64'].map((name) => ({
        name: `tool-${name}`,
        size: 1000 + i,
        sha256: sha256Hex(utf8(`${i} ${name}`)),
      })),
    };
  }
}

const { values } = parseArgs({ options: { records: { type: 'string' } } });
const count = Number(values.records ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), 'pullthrough-bench-'));
const sockets = new Set<Socket>();
let closed = 0;
const wire = () => closed + [...sockets].reduce((sum, socket) => sum + socket.bytesWritten + socket.bytesRead, 0);
const server = createServer(createGitHandler({ root: folder }));
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    closed += socket.bytesWritten + socket.bytesRead;
  });
});
try {
  const made = performance.now();
  const { pin } = await makeLedger(join(folder, 'ledger.git'), records(count), 1);
  console.log(`made a ledger of ${count} records in ${((performance.now() - made) / 1000).toFixed(0)} s`);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ledger = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ledger.git`;
  const verify = ['verify', 'owner0/tool0@v1.0.0', '--ledger', ledger, '--pin', pin];
  const round = async (home: string) => {
    const before = wire();
    const run = await runCommand(verify, home);
    return { ...run, bytes: wire() - before };
  };
  const cold: Awaited<ReturnType<typeof round>>[] = [];
  for (let i = 0; i < 3; i++) cold.push(await round(join(folder, `home-${i}`)));
  const warm: typeof cold = [];
  for (let i = 0; i < 5; i++) warm.push(await round(join(folder, 'home-0')));
  const show = (name: string, runs: typeof cold, bound: string) => {
    const seconds = median(runs.map((run) => run.seconds));
    const mebibytes = median(runs.map((run) => run.bytes)) / 1e6;
    const memory = Math.max(...runs.map((run) => run.memory));
    console.log(
      `  ${name}  ${seconds.toFixed(2)} s, ${mebibytes.toFixed(2)} MB on the wire (${bound}), peak memory ${memory.toFixed(0)} MiB`,
    );
  };
  show('cold', cold, 'at most 3 s and 5 MB');
  show('warm', warm, 'at most 0.5 s');
} finally {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
