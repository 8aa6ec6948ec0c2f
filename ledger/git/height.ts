import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import type { Clone } from './clone.ts';
import { shownStderr } from './remote.ts';

/**
 * Counts the commits along first parents. In a shallow clone git takes the boundary for the beginning: what lies beyond
 * it is fetched by `deepen`, until the line ends at a commit that has no parent. Throws `E_GIT`, and what `deepen`
 * throws.
 */
export async function firstParentHeight(
  clone: Clone,
  commit: string,
  deepen: (rim: string) => Promise<void>,
): Promise<number> {
  const list = async (...args: string[]): Promise<string> => {
    const result = await clone.local(['rev-list', '--first-parent', ...args, commit, '--']);
    if (result.exitCode !== 0) fail('E_GIT', `cannot count the ledger's commits: ${shownStderr(result.stderr)}`);
    return result.stdout.trim();
  };
  let before = -1;
  for (;;) {
    const rims = await readFile(join(clone.directory, 'shallow'), 'latin1').catch(() => '');
    const height = Number(await list('--count'));
    const last = rims === '' ? '' : await list('--max-parents=0');
    if (last === '' || !rims.split('\n').includes(last)) return height;
    if (height <= before) fail('E_GIT', `the history behind commit ${last} is needed and the ledger's host gives none`);
    before = height;
    await deepen(last);
  }
}
