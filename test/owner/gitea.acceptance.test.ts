import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GitHubClient } from '../../github/client.ts';
import { createPull, listPulls, upsertComment } from '../../github/pulls.ts';
import { SILENT } from '../../io/progress.ts';
import { closeChange } from '../../owner/close.ts';
import { mergeReady } from '../../owner/merge-all.ts';
import { reopenChange } from '../../owner/reopen.ts';
import { findChange, listOpenChanges } from '../../proposals/list-changes.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { startGitea } from '../servers/gitea.ts';
import { LEDGER, TOKEN, World } from '../reviewer/world.ts';

describe('a ledger on Gitea or Forgejo, by its API', () => {
  let world: World;
  let context: ReviewerContext;
  let client: GitHubClient;
  let gitea: Awaited<ReturnType<typeof startGitea>>;
  beforeAll(async () => {
    world = await World.start({ transport: 'github' });
    gitea = await startGitea(world.upstream, (branch) => world.branches().has(branch));
    client = new GitHubClient({ api: gitea.api, token: TOKEN, tokenName: 'LEDGER_TOKEN', progress: SILENT });
    context = await world.context({ github: { client, repository: LEDGER } });
  });
  beforeEach(() => {
    world.restart();
  });
  afterAll(async () => {
    await gitea.close();
    await world[Symbol.asyncDispose]();
  });

  const last = () => world.ledger?.pulls.at(-1);

  test('all open proposals are found, page by page, and each by the URL that mirror printed', async () => {
    const made = [];
    for (const tag of ['v1', 'v2', 'v3']) made.push(await world.propose(tag));
    await context.ledger.update();
    const { changes } = await listOpenChanges(context);
    expect(changes.map(({ branch }) => branch)).toEqual(made.map(({ branch }) => branch).sort());
    const [first] = changes;
    expect(first?.pull?.url).toMatch(/\/acme\/ledger\/pulls\/\d+$/);
    expect(await findChange(context, first?.pull?.url ?? '')).toEqual(first);
    await expect(() => findChange(context, 'https://elsewhere.example/acme/ledger/pulls/1')).toFailWith('E_USAGE');
  });

  test('a pull request that is there already is found, and a comment is written once', async () => {
    const { branch } = await world.propose('v1');
    const again = await createPull(client, LEDGER, { title: 't', head: branch, base: 'main', body: '' });
    expect(again.number).toBe(last()?.number);
    const first = await upsertComment(client, LEDGER, again.number, 'acks', 'one is missing');
    expect(await upsertComment(client, LEDGER, again.number, 'acks', 'none is missing')).toMatchObject({
      id: first.id,
    });
  });

  test('close and reopen, also where the branch was deleted', async () => {
    const { branch, commit } = await world.propose('v1');
    const number = last()?.number ?? 0;
    await closeChange(context, String(number));
    expect(last()?.state).toBe('closed');
    world.host.remove(branch);
    expect(await reopenChange(context, String(number))).toMatchObject({ branch, pull: { number } });
    expect(world.branches().get(branch)).toBe(commit);
  });

  test('a closed pull request is still that of its branch once the branch is gone', async () => {
    const { branch } = await world.propose('v1');
    const number = last()?.number ?? 0;
    await closeChange(context, String(number));
    world.host.remove(branch);
    const closed = await listPulls(client, LEDGER, { state: 'closed' });
    expect(closed.find((pull) => pull.number === number)).toMatchObject({ headRef: branch, merged: false });
  });

  test('merge goes by git', async () => {
    const { branch, commit } = await world.propose('v1', { acks: [world.people.ada] });
    const { results } = await mergeReady(context, {});
    expect(results).toMatchObject([{ action: 'merged', branch, commit }]);
    expect(world.branches()).toEqual(new Map([['main', commit]]));
  });
});
