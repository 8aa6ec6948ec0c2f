import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandLines } from '../adoption/bash.ts';
import { EXECUTOR } from '../adoption/team.ts';
import { verifyBundle } from '../../evidence/sigstore/sigstore.ts';
import { MockSigstore } from '../evidence/mock-sigstore.ts';
import { statementOf } from '../kit/stamps.ts';
import { startSigstore } from '../servers/sigstore-server.ts';
import type { TestPull } from '../servers/github/github.ts';
import { scriptsOf } from './runner.ts';
import type { JobRan } from './runner.ts';
import { makeConsumer, startWorkflowTeam } from './team.ts';
import type { WorkflowTeam } from './team.ts';
import { WORKFLOWS, parseWorkflow, workflowText } from './workflow.ts';

/** Scripts that can't be run by a test, and why. Every other script of every workflow is run below, each line of it. */
const NOT_RUN: Readonly<Record<string, string>> = {
  '.github/workflows/ci.yml everything/tools': 'installs packages of the system',
  '.github/workflows/ci.yml everything/run': 'runs these tests',
  '.github/workflows/ci.yml elsewhere/install': 'asks the registry for all packages',
  '.github/workflows/ci.yml elsewhere/quickstart':
    'builds into dist/; test/quickstart.acceptance.test.ts runs what it starts',
  '.github/workflows/ci.yml elsewhere/tests of the format': 'runs some of these tests',
  ".github/workflows/ci.yml elsewhere/the action's command": 'is what test/action/action.acceptance.test.ts runs',
  '.github/workflows/release.yml build/build': 'asks the registry for all packages',
  '.github/workflows/release.yml build/files': 'needs dist/ and git; test/release.acceptance.test.ts runs its script',
  '.github/workflows/release.yml npm/publish': 'publishes on the registry',
  '.github/workflows/release.yml release/tag': 'pushes by gh; test/release.acceptance.test.ts runs its script',
  '.github/workflows/release.yml release/release': 'publishes on GitHub, by its GraphQL and uploads',
  '.github/workflows/release.yml ledger/build': 'asks the registry for all packages',
  '.github/workflows/release.yml ledger/propose': 'needs dist/; test/release.acceptance.test.ts runs it to the end',
};

const MIRROR = 'executor/templates/mirror.yml';
const GATE = 'owner/templates/gate.yml';
const MERGE = 'owner/templates/merge.yml';

let world: WorkflowTeam;
beforeAll(async () => {
  world = await startWorkflowTeam(Object.keys(NOT_RUN));
});
afterAll(() => world.team[Symbol.asyncDispose]());

const mirror = (shard: string, more = {}): Promise<JobRan> =>
  world.runner.run(MIRROR, 'mirror', {
    checkout: world.executor,
    contexts: world.executorContexts({ matrix: { shard }, ...more }),
  });

async function gate({ number }: TestPull): Promise<JobRan> {
  // GitHub gives a pull request its ref after each push; the server does when it is asked.
  const pull = (await world.pulls()).find((one) => one.number === number);
  const event = { number, pull_request: { base: { sha: pull?.baseSha }, head: { sha: pull?.headSha } } };
  return world.runner.run(GATE, 'gate', { contexts: world.ledgerContexts({ github: { event } }) });
}

const merge = (): Promise<JobRan> => world.runner.run(MERGE, 'merge', { contexts: world.ledgerContexts() });

const onMain = (path: string): string[] =>
  execFileSync('git', ['ls-tree', '-r', '--name-only', 'main', path], { cwd: world.ledger.git, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

async function pullOf(title: string): Promise<TestPull> {
  const found = (await world.pulls()).find((pull) => pull.title === title);
  if (found === undefined) throw new Error(`there is no pull request ${title}`);
  return found;
}

/** The tests stand in the order of a team's first days, each on what the ones before left. */
describe('a team whose workflows run', { sequential: true, timeout: 240_000 }, () => {
  test('mirror: every shard proposes each tool once, and say so on the job’s page', async () => {
    const { matrix } = parseWorkflow(workflowText(MIRROR)).jobs['mirror']?.strategy ?? {};
    const ran = await Promise.all((matrix?.['shard'] ?? []).map((shard) => mirror(String(shard))));
    expect(ran.map(({ conclusion, log }) => [conclusion, conclusion === 'failure' && log])).toEqual([
      ['success', false],
    ]);
    const pulls = await world.pulls();
    expect(pulls.map(({ title, author }) => [title, author]).sort()).toEqual([
      ['jqlang/jq jq-1.7.1', 'acme-mirror[bot]'],
      ['mikefarah/yq v4.44.3', 'acme-mirror[bot]'],
    ]);
    const summaries = ran.map(({ steps }) => steps.at(-1)?.summary ?? '').join('');
    expect(summaries).toContain('jq-1.7.1');
    expect(summaries).toContain('v4.44.3');
    expect(onMain('packages')).toEqual([]);
  });

  test('gate: red until the threshold is met, then green', async () => {
    const pull = await pullOf('jqlang/jq jq-1.7.1');
    await world.ack('ada', pull);
    const verdicts = [await gate(pull)];
    await world.ack('grace', pull);
    verdicts.push(await gate(pull));
    expect(verdicts.map(({ conclusion }) => conclusion)).toEqual(['failure', 'success']);
    expect(verdicts.map(({ steps }) => steps.at(-1)?.code)).toEqual([3, 0]);
    expect(verdicts[0]?.log).toMatch(/^::error .*needs 1 more ack/m);
  });

  test('merge: what is acknowledged goes in, what is not waits', async () => {
    const ran = await merge();
    expect(ran).toMatchObject({ conclusion: 'success' });
    expect((await pullOf('jqlang/jq jq-1.7.1')).mergedAt).not.toBeNull();
    expect((await pullOf('mikefarah/yq v4.44.3')).state).toBe('open');
    const files = onMain('packages');
    expect(files.filter((path) => path.endsWith('.ack'))).toHaveLength(2);
    expect(files.every((path) => path.startsWith('packages/github.com/jqlang/jq/jq-1.7.1/'))).toBe(true);
  });

  test('gate: a change of what is merged is red, acks or not', async () => {
    const { git = '' } = world.ledger;
    const path = onMain('packages').find((name) => name.endsWith('checklist.sha256')) ?? '';
    const clone = join(world.team.folder, 'attacker');
    execFileSync('git', ['clone', '--quiet', git, clone]);
    writeFileSync(join(clone, path), 'other bytes\n');
    const as = ['-c', 'user.name=eve', '-c', 'user.email=eve@example.org'];
    execFileSync('git', [...as, 'commit', '--quiet', '--all', '--message', 'an edit'], { cwd: clone });
    execFileSync('git', ['push', '--quiet', 'origin', 'HEAD:refs/heads/an-edit'], { cwd: clone });
    const created = await fetch(`${world.team.github.api}/repos/${world.ledger.fullName}/pulls`, {
      method: 'POST',
      headers: { authorization: 'Bearer ada-token', 'user-agent': 'test' },
      body: JSON.stringify({ title: 'an edit', head: 'an-edit', base: 'main' }),
    });
    expect(created.status).toBe(201);
    const ran = await gate(await pullOf('an edit'));
    expect([ran.conclusion, ran.steps.at(-1)?.code]).toEqual(['failure', 3]);
    expect(ran.log).toContain('E_APPEND_ONLY');
  });

  test('a build gets what is locked, without a ledger; the daily check is green', async () => {
    const { team, runner } = world;
    const pin = /^pin = (.*)$/m.exec(readFileSync(join(world.executor, 'mirror.ini'), 'utf8'))?.[1] ?? '';
    const project = makeConsumer(team, pin);
    await team.must('linus', 'pullthrough lock jqlang/jq@^1.7', { cwd: project });
    team.github.takeRequests();
    const built = await runner.run('docs/examples/workflows/build.yml', 'build', { contexts: {}, checkout: project });
    expect(built).toMatchObject({ conclusion: 'success', log: 'jq-1.7.1\n' });
    expect(team.github.takeRequests()).toEqual([]);
    expect(await daily(project)).toMatchObject({ conclusion: 'success' });
  });

  test('site: publishes what is acknowledged, signed by its own name, and signs nothing twice', async () => {
    const sigstore = await MockSigstore.make();
    const identity = 'acme/mirror/.github/workflows/site.yml@refs/heads/main';
    const claims = {
      iss: 'https://token.actions.githubusercontent.com',
      sub: 'repo:acme/mirror',
      job_workflow_ref: identity,
    };
    await using server = await startSigstore(sigstore, claims);
    const { repository, directory } = world.team.newRepository('acme/pages');
    world.team.github.addToken('pages-write', {
      login: 'github-actions[bot]',
      access: { [repository.fullName]: 'write' },
    });
    const checkout = join(world.team.folder, 'site-checkout');
    cpSync(world.executor, checkout, { recursive: true });
    writeFileSync(join(checkout, 'root.json'), JSON.stringify(sigstore.rootJson));
    appendFileSync(join(checkout, 'mirror.ini'), '[evidence]\ntrusted-root[] = root.json\n');
    const contexts = world.executorContexts();
    const vars = { ...(contexts['vars'] as object), SITE_URL: 'https://releases.acme.example' };
    const sigstoreVars = { SIGSTORE_FULCIO_URL: server.url, SIGSTORE_REKOR_URL: server.url };
    const github = { ...(contexts['github'] as object), repository: 'acme/pages', tokens: { write: 'pages-write' } };
    const site = () =>
      world.runner.run('executor/templates/site.yml', 'site', {
        checkout,
        contexts: { ...contexts, github, vars: { ...vars, ...sigstoreVars } },
        env: server.env,
      });
    const logged = () => server.asked.filter((path) => path === '/api/v1/log/entries').length;
    const published = (path: string) =>
      execFileSync('git', ['cat-file', 'blob', `gh-pages:${path}`], { cwd: directory });
    const first = await site();
    expect({ ...first, steps: [] }).toMatchObject({ conclusion: 'success' });
    const list = published('.well-known/packslip/github.com/jqlang/jq.json');
    expect(verifyBundle(list, [sigstore.root('added')]).signer).toBe(`https://github.com/${identity}`);
    expect(statementOf(list).predicate).toMatchObject({
      identity: { scheme: 'sigstore-oidc', key_id: `https://github.com/${identity}` },
      releases: [{ version: '1.7.1' }],
    });
    expect(logged()).toBe(2);
    expect(await site()).toMatchObject({ conclusion: 'success' });
    expect(logged()).toBe(2);
    const without = { ...contexts, vars: { ...vars, SITE_URL: '' } };
    expect(
      await world.runner.run('executor/templates/site.yml', 'site', { checkout, contexts: without }),
    ).toMatchObject({
      conclusion: 'skipped',
    });
  });

  test('store check: green where all is well, red where bytes are missing', async () => {
    const check = () =>
      world.runner.run('executor/templates/store-check.yml', 'check', {
        checkout: world.executor,
        contexts: world.executorContexts(),
      });
    expect(await check()).toMatchObject({ conclusion: 'success' });
    const [prefix = ''] = readdirSync(join(world.team.store, 'sha256'));
    rmSync(join(world.team.store, 'sha256', prefix), { recursive: true });
    const ran = await check();
    expect([ran.conclusion, ran.steps.at(-1)?.code]).toEqual(['failure', 3]);
    expect(ran.log).toContain('E_STORE_DAMAGED');
  });

  test('watch: a file that upstream replaced makes it red, and opens one issue in the ledger', async () => {
    const watch = () =>
      world.runner.run('executor/templates/watch.yml', 'watch', {
        checkout: world.executor,
        contexts: world.executorContexts(),
      });
    const release = world.team.github.repository('jqlang/jq').releases.find(({ tag }) => tag === 'jq-1.7.1');
    await release?.replaceAsset('jq-linux-amd64', 'other bytes');
    for (const ran of [await watch(), await watch()]) {
      expect([ran.conclusion, ran.steps.at(-1)?.code]).toEqual(['failure', 3]);
    }
    expect(world.ledger.issues).toHaveLength(1);
    expect(world.ledger.issues[0]?.body).toContain('jq-linux-amd64');
  });

  test('a nack that is merged makes the consumers’ daily check red', async () => {
    await world.team.must(
      'grace',
      `pullthrough nack jqlang/jq@jq-1.7.1 --gpg --yes --reason 'upstream replaced a file'`,
      {
        cwd: world.executor,
      },
    );
    expect(await merge()).toMatchObject({ conclusion: 'success' });
    const ran = await daily(join(world.team.folder, 'project'));
    expect([ran.conclusion, ran.steps.at(-1)?.code]).toEqual(['failure', 3]);
    expect(ran.log).toContain('E_WITHDRAWN');
  });

  test('a mirror that fails opens one issue, comments on it while it goes on failing, and closes it then', async () => {
    const repository = world.team.github.repository(EXECUTOR);
    const failing = await mirror('1/1', { apps: { token: 'expired' } });
    expect(failing.conclusion).toBe('failure');
    const report = async (result: string) => {
      const contexts = world.executorContexts({ needs: { mirror: { result } } });
      expect(await world.runner.run(MIRROR, 'report', { contexts })).toMatchObject({ conclusion: 'success' });
    };
    for (const result of ['success', 'cancelled', 'failure', 'failure']) await report(result);
    expect(repository.issues.map(({ title, body }) => [title, body])).toEqual([
      ['The mirror failed', `See https://github.com/${EXECUTOR}/actions/runs/7`],
    ]);
    expect(repository.comments.map(({ issue, body }) => [issue, body])).toEqual([
      [1, `It failed again: https://github.com/${EXECUTOR}/actions/runs/7`],
    ]);
    expect(repository.issues[0]?.state).toBe('open');
    await report('success');
    expect(repository.issues[0]?.state).toBe('closed');
    expect(repository.comments.at(-1)?.body).toContain('It works again');
  });

  test('went through every host by its name, and to no other', () => {
    expect(world.team.internet.strangers).toEqual([]);
  });

  test('every line of every script was run, but for those that say why not', () => {
    const scripts = WORKFLOWS.flatMap((file) => scriptsOf(file, parseWorkflow(workflowText(file)).jobs));
    // The report is one script, and mirror's was run.
    const once = scripts.filter(([key]) => !key.endsWith(' report/one issue') || key.startsWith(MIRROR));
    const missed = once.flatMap(([key, script]) => {
      const reached = world.runner.reached.get(key) ?? new Set();
      const lines = script.split('\n');
      const left = commandLines(script).filter((line) => !reached.has(line));
      return key in NOT_RUN ? [] : left.map((line) => `${key}: ${lines[line - 1] ?? ''}`);
    });
    expect(missed).toEqual([]);
    const ran = Object.keys(NOT_RUN).filter((key) => world.runner.reached.has(key));
    const gone = Object.keys(NOT_RUN).filter((key) => scripts.every(([known]) => known !== key));
    expect([ran, gone]).toEqual([[], []]);
  });
});

const daily = (project: string): Promise<JobRan> =>
  world.runner.run('docs/examples/workflows/still-acknowledged.yml', 'check', {
    checkout: project,
    contexts: { secrets: { LEDGER_TOKEN: 'ledger-read' } },
  });
