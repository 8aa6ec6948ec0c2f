import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { executor } from '../kit/worlds/executor-cli-world.ts';

const DAY = 86_400_000;

test('ledger status says how old the signed head is, and is exit 3 where max-age says that it is too old', async () => {
  const { made, cli } = await executor();
  const status = (now: Date, ...flags: string[]) => cli(['ledger', 'status', ...flags], { now });
  expect((await status(made.now)).stdout).toContain("no signed head: 'pullthrough mirror' signs one");
  await cli(['mirror']);
  const later = new Date(made.now.getTime() + 2 * DAY);
  expect(await status(later)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('signed head: 2 d old') as string,
  });

  await appendFile(join(made.folder, 'mirror.ini'), '[trust]\nmax-age = 1d\n');
  expect(await status(made.now)).toMatchObject({ code: 0, stderr: '' });
  const stale = await status(later);
  expect(stale).toMatchObject({ code: 3, stdout: expect.stringContaining('signed head: 2 d old') as string });
  expect(stale.stderr).toContain('E_STALE');
  expect(stale.stderr).toContain('ask its owner');
  const document = JSON.parse((await status(later, '--json')).stdout) as unknown;
  expect(document).toMatchObject({ head: {}, stale: { code: 'E_STALE' }, error: { code: 'E_STALE' }, proposals: [{}] });

  made.git(['update-ref', '-d', 'refs/heads/pullthrough-head']);
  expect(await status(made.now)).toMatchObject({
    code: 3,
    stdout: expect.stringContaining('no signed head') as string,
  });
});

test('ledger status warns of a head that speaks of a state which the ledger does not show, though nobody set max-age', async () => {
  const { made, cli } = await executor();
  const before = made.git(['rev-parse', 'main']);
  made.commit('main', 'README.md', 'newer\n');
  await cli(['mirror']);
  made.git(['update-ref', 'refs/heads/main', before]);
  const env = { ...process.env, XDG_CACHE_HOME: join(made.folder, 'new'), XDG_STATE_HOME: join(made.folder, 'new') };
  const { code, stdout, stderr } = await cli(['ledger', 'status'], { env });
  expect([code, stdout]).toEqual([0, expect.stringContaining('signed head: 0 min old')]);
  expect(stderr).toContain('does not hold the commit');
  // For a consumer that doesn't ask for it, it is nothing but a warning.
  const { checks } = JSON.parse((await cli(['doctor', '--json'], { env })).stdout) as { checks: { name: string }[] };
  expect(checks.filter(({ name }) => name === 'ledger' || name === 'head')).toMatchObject([
    { state: 'ok' },
    { state: 'warn', message: expect.stringContaining('does not hold the commit') as string },
  ]);
});
