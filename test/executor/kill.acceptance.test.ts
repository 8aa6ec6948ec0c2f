import { describe, expect, it } from 'vitest';
import { runMirror } from '../kit/processes/executor-child.ts';
import { actions, world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';
/** Where a run is killed: the ledger is on GitHub, the step, and how often it is passed before. */
const STEPS = [
  [false, 'opened', 0],
  [false, 'stored', 0],
  [false, 'stored', 1],
  [false, 'fetched', 0],
  [false, 'signed', 0],
  [false, 'committed', 0],
  [false, 'pushed', 0],
  [false, 'proposed', 0],
  [true, 'committed', 0],
  [true, 'pushed', 0],
  [true, 'proposed', 0],
] as const;

/** Runs `mirror` until that step, where SIGKILL ends it; resolves when the process is gone. */
async function runKilled(made: World, killAt: string, skip: number): Promise<number> {
  const { status, stderr } = await runMirror(made, { killAt, skip });
  expect(stderr).toBe('');
  return status;
}

// The first child waits for all of the project to be compiled.
describe('a run killed', { timeout: 120_000 }, () => {
  it.each(STEPS)(
    '(ledger on GitHub: %s) at "%s", after %i of them, and run again ends as one run would',
    async (...step) => {
      const [onGitHub, name, skip] = step;
      const made = await world({ onGitHub });
      const repository = made.github.addRepository('acme/tool');
      await repository.addRelease({
        tag: 'v1.0.0',
        assets: [
          { name: 'tool-linux', content: 'linux bytes' },
          { name: 'tool-macos', content: 'macos bytes', digest: null },
        ],
      });
      await made.tool('acme/tool');
      // The run never came to its end: that would be 0.
      expect(await runKilled(made, name, skip)).toBe(-1);
      made.requests();
      const isDone = name === 'proposed' || (name === 'pushed' && !onGitHub);
      expect(actions(await made.mirror())).toEqual([`v1.0.0 ${isDone ? 'held' : 'proposed'}`]);
      if (name === 'pushed' || name === 'proposed') expect(made.requests('storage')).toEqual([]);

      expect(made.branches()).toEqual([BRANCH]);
      expect(made.git(['rev-list', '--count', `main..${BRANCH}`])).toBe('1');
      expect([...(await made.stored()).values()].sort()).toEqual(['linux bytes', 'macos bytes']);
      if (onGitHub) expect(made.ledgerRepository.pulls.map(({ state }) => state)).toEqual(['open']);
      expect(actions(await made.mirror())).toEqual(['v1.0.0 held']);
    },
  );
});
