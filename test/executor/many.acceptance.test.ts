import { describe, expect, it } from 'vitest';
import { foldExit } from '../../io/exit-code.ts';
import { world } from '../kit/worlds/executor-world.ts';

const TOOLS = 150;

describe('many tools with nothing new', () => {
  it('cost one request each, all of them 304s, and as many git processes as one tool', async () => {
    const made = await world({ onGitHub: true });
    const records: string[] = [];
    for (let i = 0; i < TOOLS; i += 1) {
      const name = `acme/tool${String(i)}`;
      const repository = made.github.addRepository(name);
      await repository.addRelease({ tag: 'v1', assets: [{ name: 'a', content: 'a' }] });
      await made.tool(name);
      records.push(`packages/github.com/${name}/v1/checklist.json`);
    }
    made.commitAll('main', records);
    const first = await made.mirror();
    expect(first.map(({ action }) => action)).toEqual(Array<string>(TOOLS).fill('held'));
    expect(foldExit(first)).toBe(0);
    made.github.takeRequests();
    await made.mirror();
    const asked = made.github.takeRequests();
    const api = asked.filter(({ url }) => !url.includes('.git/'));
    expect(api.map(({ status }) => status)).toEqual(Array<number>(TOOLS).fill(304));
    // One look at the ledger's branches, whatever the number of tools.
    expect(asked.length - api.length).toBeLessThanOrEqual(4);
  });
});
