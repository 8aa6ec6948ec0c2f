// `site` for a large ledger: from nothing, again when nothing changed, and when one record changed. Pages of tools cost too, so
// the records are parted among many tools and among fewer, unless it is said how many.
//   node dist/scripts/bench/site.js [--records N] [--tools N] [--dir FOLDER]
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addRecord, makeLedger, runCommand } from './consumer-ledger.ts';
import type { BenchRecord, Run } from './consumer-ledger.ts';

const options = { records: { type: 'string' }, tools: { type: 'string' }, dir: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const count = Number(values.records ?? 100_000);
const shapes = values.tools === undefined ? [count / 20, count / 100] : [Number(values.tools)];

function* records(tools: number): Generator<BenchRecord> {
  for (let i = 0; i < count; i++) {
    const tool = i % tools;
    const assets = ['linux-amd64', 'linux-arm64', 'darwin-arm64'].map((name, j) => ({
      name: `tool-${name}`,
      size: 1_000_000 + i,
      // As digests are: documents that are found by their first digits are all alike in size.
      sha256: createHash('sha256').update(`${i} ${j}`).digest('hex'),
    }));
    yield {
      repository: `owner-${tool % 500}/tool-${tool}`,
      repositoryId: tool + 1,
      tag: `v1.${Math.floor(i / tools)}.0`,
      assets,
    };
  }
}

/** How many files a folder holds, and their bytes. */
function contents(folder: string): { files: number; bytes: number } {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return {
    files: files.length,
    bytes: files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0),
  };
}

async function measure(tools: number): Promise<void> {
  const folder = mkdtempSync(join(values.dir ?? tmpdir(), 'pullthrough-bench-'));
  try {
    const ledger = join(folder, 'ledger.git');
    const { pin } = await makeLedger(ledger, records(tools));
    const home = join(folder, 'home');
    const run = () => runCommand(['site', join(folder, 'site'), '--ledger', ledger, '--pin', pin], home, folder);
    const show = (what: string, { seconds, memory, processor }: Run) =>
      console.log(
        `${what}: ${seconds.toFixed(2)} s, ${processor.toFixed(1)} s of processor time, ${memory.toFixed(0)} MiB`,
      );
    console.log(`${count} records of ${tools} tools`);
    show('from nothing', await run());
    const { files, bytes } = contents(join(folder, 'site'));
    console.log(`the site: ${files} files, ${(bytes / 1e6).toFixed(0)} MB`);
    show('again, nothing changed', await run());
    addRecord(ledger, 'owner-0/tool-0', 'v1.0.0', 'v9.0.0');
    show('again, one record more', await run());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const tools of shapes) await measure(Math.max(1, Math.round(tools)));
