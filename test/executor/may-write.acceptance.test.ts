import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mirror } from '../../executor/mirror.ts';
import { GitHubClient } from '../../github/client.ts';
import { SILENT } from '../../io/progress.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import { actions, world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

async function withTool(onGitHub: boolean): Promise<World> {
  const made = await world({ onGitHub });
  const repository = made.github.addRepository('acme/tool');
  await repository.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool-linux', content: 'linux bytes' }] });
  await made.tool('acme/tool');
  return made;
}

/** A run whose LEDGER_TOKEN is this one. */
async function mirrorWith(made: World, token: string | undefined): Promise<string[]> {
  return made.run(async (context, tools) => {
    const client = new GitHubClient({ api: made.github.api, token, tokenName: 'LEDGER_TOKEN', progress: SILENT });
    const ledger = await openLedger({
      url: `${made.github.web}/acme/ledger.git`,
      token,
      branch: 'main',
      cacheDir: `${made.folder}/other`,
      refs: 'all',
    });
    const github = { client, repository: 'acme/ledger' };
    const results = await mirror({ ...context, ledger, github }, { tools, signing: await made.signing() });
    await ledger.close();
    return results.map(({ action, error, reason }) => `${action} ${error?.code ?? ''} ${reason}`);
  });
}

describe('before its first download, mirror finds', () => {
  it('that LEDGER_TOKEN is missing', async () => {
    const made = await withTool(true);
    made.requests();
    expect((await mirrorWith(made, undefined)).join()).toMatch(/^failed E_CREDENTIAL LEDGER_TOKEN is not set/);
    expect(made.requests('storage')).toEqual([]);
  });

  it('that LEDGER_TOKEN may not push', async () => {
    const made = await withTool(true);
    made.github.addToken('reads', { login: 'bot', access: 'read' });
    made.requests();
    expect((await mirrorWith(made, 'reads')).join()).toMatch(/^failed E_CREDENTIAL .*/);
    expect(made.requests('storage')).toEqual([]);
    expect(made.branches()).toEqual([]);
  });

  it('that the store cannot be written', async () => {
    const made = await withTool(false);
    await mkdir(dirname(made.storeDirectory), { recursive: true });
    await writeFile(made.storeDirectory, 'a file, where a folder is wanted');
    made.requests();
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_STORE']);
    expect(made.requests('storage')).toEqual([]);
  });

  it('nothing where all is there, and leaves no branch or file behind', async () => {
    const made = await withTool(false);
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
    expect(made.branches()).toEqual(['pullthrough/github.com/acme/tool/v1.0.0']);
    expect((await made.stored()).size).toBe(1);
  });
});
