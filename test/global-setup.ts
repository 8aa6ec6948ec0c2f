import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { missingPrograms } from './servers/programs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder of this run of the tests, for what is started once and shared by all test files. */
    runFolder: string;
    /** The process that what is started belongs to. */
    runOwner: number;
  }
}

export default function setup({ provide }: TestProject): () => Promise<void> {
  for (const { program, advice } of missingPrograms({ gpg: 'gpg', 'gpg-agent': 'gpg-agent', gpgv: 'gpgv' })) {
    console.warn(`${program} is not here, and the tests that run it fail: ${advice}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'pullthrough-run-'));
  provide('runFolder', folder);
  provide('runOwner', process.pid);
  return async () => {
    await stopGateway(join(folder, 'rgw'));
    removeGnupgs(join(folder, 'gpg-homes'));
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}

/** An agent ends by itself when its folder is gone. */
function removeGnupgs(list: string): void {
  if (!existsSync(list)) return;
  for (const home of readFileSync(list, 'utf8').split('\n').filter(Boolean)) {
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The gateway of servers/ceph-rgw.sh removes its own folder when it has stopped. */
async function stopGateway(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  writeFileSync(join(folder, 'stop'), '');
  for (let waited = 0; existsSync(folder) && waited < 5000; waited += 100) await sleep(100);
}
