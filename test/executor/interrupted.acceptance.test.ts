import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { builtMain } from '../kit/processes/program.ts';
import { executor } from '../kit/worlds/executor-cli-world.ts';

const MIB = 1 << 20;

/** The bytes of the files in a folder, hidden ones too. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('mirror interrupted by Ctrl-C', { timeout: 120_000 }, () => {
  it.each([
    ['a file whose digest GitHub says', undefined],
    ['one of before June 2025', null],
  ])('goes on where it was with %s, and its store never holds a part', async (_, digest) => {
    const { made, repository, env } = await executor();
    const content = randomBytes(6 * MIB);
    await repository.addRelease({
      tag: 'v2.0.0',
      assets: [{ name: 'large', content, ...(digest === null ? { digest } : {}) }],
    });
    made.github.faults.bytes('stalled', { asset: 'large', at: 4 * MIB });
    const cache = join(made.folder, 'own-cache');
    const mirror = async (interrupt: boolean): Promise<number | null> => {
      const argv = [builtMain(), 'mirror', '--cache', cache];
      const child = spawn(process.execPath, argv, { cwd: made.folder, env, stdio: 'ignore' });
      const ended = once(child, 'exit') as Promise<[number | null]>;
      while (interrupt && (await bytesIn(join(made.storeDirectory, '.tmp'))) < 2 * MIB) await sleep(20);
      if (interrupt) child.kill('SIGINT');
      return (await ended)[0];
    };
    expect(await mirror(true)).toBe(130);
    expect(await bytesIn(join(made.storeDirectory, '.tmp'))).toBe(0);
    expect([...(await made.stored()).values()]).toEqual([]);
    const begun = await bytesIn(join(cache, 'partial'));
    expect(begun).toBeGreaterThan(MIB);

    made.github.takeRequests();
    expect(await mirror(false)).toBe(0);
    const asked = made.github.takeRequests().filter(({ server, status }) => server === 'storage' && status === 206);
    expect(asked).toHaveLength(1);
    expect(Number(/\d+/.exec(String(asked[0]?.headers.range))?.[0])).toBeGreaterThan(MIB);
    expect([...(await made.stored()).keys()]).toHaveLength(1);
    expect(await readdir(join(cache, 'partial'))).toEqual([]);
  });
});
