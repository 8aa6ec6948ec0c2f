import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { people } from '../kit/worlds/executor-keys.ts';
import type { World } from '../kit/worlds/executor-world.ts';
import { executor } from '../kit/worlds/executor-cli-world.ts';

const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';

const branches = (made: World) => made.branches();

describe('plan', () => {
  test('says what a run would do and why, and changes nothing', async () => {
    const { made, cli, json } = await executor();
    const plain = await cli(['plan']);
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout).toMatch(/^propose {2}acme\/tool {2}v1\.0\.0 {2}1 file, 11 B {2}\S.*\n1 to propose\n$/);
    const { document } = await json('plan', 'ACME/tool');
    expect(document.releases).toMatchObject([{ tool: 'acme/tool', tag: 'v1.0.0', action: 'propose' }]);
    expect(document.error).toBeUndefined();
    expect(branches(made)).toEqual([]);
  });

  test('a shard takes its share, all shards together take all', async () => {
    const { made, json } = await executor();
    for (let i = 0; i < 6; i++) {
      await made.github.addRepository(`acme/more${i}`).addRelease({ tag: 'v1', assets: [{ name: 'x', content: 'x' }] });
      await made.tool(`acme/more${i}`);
    }
    const shares = await Promise.all(['1/3', '2/3', '3/3'].map((share) => json('plan', '--shard', share)));
    const tools = shares.flatMap(({ document }) => (document.releases ?? []).map(({ tool }) => tool));
    expect(tools.sort()).toEqual([
      'acme/more0',
      'acme/more1',
      'acme/more2',
      'acme/more3',
      'acme/more4',
      'acme/more5',
      'acme/tool',
    ]);
  });

  test('a share without a tool says so, and not that there is none', async () => {
    const { cli } = await executor();
    const shares = await Promise.all(['1/2', '2/2'].map((share) => cli(['plan', '--shard', share])));
    const said = shares.map(({ stderr }) => stderr).join('');
    expect(said).toMatch(/^share [12] of 2 holds no tool\n$/);
  });

  test('what is wrong here is exit 2 before any request', async () => {
    const { made, cli, env } = await executor();
    const cases: [string[], Record<string, string>, string][] = [
      [['plan', 'tool'], {}, 'not a tool: tool'],
      [['watch', 'acme/tool@v1.0.0'], {}, 'not a tool: acme/tool@v1.0.0'],
      [['plan'], { GITHUB_TOKEN: 'two words' }, 'GITHUB_TOKEN'],
      [['add', 'acme/tool'], { GITHUB_TOKEN: 'two words' }, 'GITHUB_TOKEN'],
      [['review'], { GITHUB_TOKEN: 'two words' }, 'GITHUB_TOKEN'],
      [['add', 'acme/other', '../tool'], {}, 'not a tool: ../tool'],
      [['watch', 'acme/tool', '--issue'], {}, '--issue'],
      [['review', 'https://github.com/acme/ledger/pull/1'], {}, 'not on GitHub'],
      [['ledger', 'merge', '7'], {}, 'not on GitHub'],
      [['ledger', 'close', 'a b'], {}, 'not a change'],
    ];
    await rm(made.ledgerDirectory, { recursive: true });
    for (const [argv, more, said] of cases) {
      const { code, stderr } = await cli(argv, { env: { ...env, ...more } });
      expect(code, argv.join(' ')).toBe(2);
      expect(stderr).toContain(said);
    }
    await made.tool('acme/broken', '[release]', 'selct = all');
    expect(await cli(['add', 'acme/other', 'acme/more'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tool.ini:2: unknown key selct') as string,
    });
    expect(made.requests('api')).toEqual([]);
  });

  test('without any tool says how to get one', async () => {
    const { made, cli } = await executor();
    await rm(join(made.folder, 'packages'), { recursive: true });
    expect(await cli(['plan'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('add') as string,
    });
  });
});

describe('mirror', () => {
  test('proposes, and a second run has nothing to do', async () => {
    const { made, cli, json } = await executor();
    const first = await json('mirror');
    expect(first.code).toBe(0);
    expect(first.document.releases).toMatchObject([{ action: 'proposed', branch: BRANCH }]);
    expect(branches(made)).toEqual([BRANCH]);
    expect([...(await made.stored()).values()]).toEqual(['linux bytes']);
    const main = made.git(['rev-parse', 'main']);
    expect(JSON.parse(made.file('pullthrough-head', 'head.json'))).toMatchObject({ format: 1, commit: main });
    const second = await json('mirror');
    expect(second.code).toBe(0);
    expect(second.document.releases).toMatchObject([{ action: 'held' }]);
    const third = await cli(['mirror']);
    expect(third.stdout).toBe('1 held\n');
    expect((await cli(['plan', '--all'])).stdout).toMatch(/^held {2}acme\/tool.*\n1 held\n$/);
    expect(made.git(['rev-list', '--count', 'pullthrough-head'])).toBe('1');
  });

  test('on GitHub opens a pull request, and names it', async () => {
    const { made, cli } = await executor({ onGitHub: true });
    const ran = await cli(['mirror']);
    expect(ran.code).toBe(0);
    const [pull] = made.ledgerRepository.pulls;
    expect(pull?.title).toBe('acme/tool v1.0.0');
    expect(ran.stdout).toContain(`/acme/ledger/pull/${pull?.number}`);
  });

  test('--dry-run needs no key and leaves nothing', async () => {
    const { made, cli, env } = await executor();
    const ran = await cli(['mirror', '--dry-run'], { env: { ...env, PULLTHROUGH_SIGNING_KEY_FILE: undefined } });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('propose  acme/tool');
    expect(branches(made)).toEqual([]);
    expect((await made.stored()).size).toBe(0);
  });

  test('one bad release is a problem, and exit 3 for a digest; others go on', async () => {
    const { made, json, cli } = await executor();
    const other = made.github.addRepository('acme/other');
    await other.addRelease({
      tag: 'v2',
      assets: [{ name: 'x', content: 'right', digest: `sha256:${'0'.repeat(64)}` }],
    });
    await made.tool('acme/other');
    const { code, document, stderr } = await json('mirror');
    expect(code).toBe(3);
    expect(document.error).toMatchObject({ code: 'E_DIGEST_MISMATCH' });
    expect(document.releases).toMatchObject([
      { tool: 'acme/other', action: 'failed', error: { code: 'E_DIGEST_MISMATCH' } },
      { tool: 'acme/tool', action: 'proposed' },
    ]);
    expect(stderr).toContain('error: acme/other@v2: ');
    const alone = await cli(['mirror', 'acme/other']);
    expect(alone.code).toBe(3);
    expect(alone.stderr.match(/E_DIGEST_MISMATCH/g)).toHaveLength(1);
  });

  test('one tool that is not there among others is exit 4, alone exit 1', async () => {
    const { made, json } = await executor();
    await made.tool('acme/gone');
    const both = await json('mirror');
    expect(both).toMatchObject({ code: 4, document: { error: { code: 'E_PARTIAL' } } });
    expect(await json('mirror', 'acme/gone')).toMatchObject({
      code: 1,
      document: { error: { code: 'E_UPSTREAM_NOT_FOUND' } },
    });
  });

  test('what befalls every release is said once, and ends the command as it is', async () => {
    const { made, cli, json, env } = await executor({ onGitHub: true });
    const other = made.github.addRepository('acme/other');
    await other.addRelease({ tag: 'v2', assets: [{ name: 'x', content: 'x' }] });
    await made.tool('acme/other');
    const ran = await cli(['mirror'], { env: { ...env, LEDGER_TOKEN: '' } });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^failed {2}acme\/other .*\nfailed {2}acme\/tool .*\n2 failed\n$/);
    expect(ran.stderr).toMatch(/^error: LEDGER_TOKEN is not set, .* \[E_CREDENTIAL\]\nhint: .*\n$/);
    await made.tool('acme/gone');
    delete (env as Record<string, string | undefined>)['LEDGER_TOKEN'];
    const { document, stderr } = await json('mirror');
    expect(document.error).toMatchObject({ message: '3 of 3 releases failed' });
    expect(stderr.match(/LEDGER_TOKEN is not set/g)).toHaveLength(1);
    expect(stderr).toContain('error: acme/other@v2, acme/tool@v1.0.0: LEDGER_TOKEN');
  });

  test('a key that is not an executor is exit 3 before any download', async () => {
    const { made, json } = await executor();
    await writeFile(join(made.folder, 'bot.key'), (await people()).stranger.secret);
    expect(await json('mirror')).toMatchObject({ code: 3, document: { error: { code: 'E_NOT_EXECUTOR' } } });
    expect(made.requests('storage')).toEqual([]);
  });

  test.each([
    ['a wrong tool.ini', 'E_CONFIG', async (made: World) => made.tool('acme/tool', '[release]', 'selct = all')],
    ['a wrong mirror.ini', 'E_CONFIG', (made: World) => writeFile(join(made.folder, 'mirror.ini'), '[leger]')],
    ['no mirror.ini', 'E_NO_LEDGER', (made: World) => rm(join(made.folder, 'mirror.ini'))],
    ['no key', 'E_NO_KEY', (made: World) => rm(join(made.folder, 'bot.key'))],
    ['a broken key', 'E_SIGNING_KEY', (made: World) => writeFile(join(made.folder, 'bot.key'), 'x')],
  ])('%s is exit 2, found before any request', async (_, code, spoil) => {
    const { made, json } = await executor();
    await spoil(made);
    made.github.takeRequests();
    expect(await json('mirror')).toMatchObject({ code: 2, document: { error: { code } } });
    expect(made.github.takeRequests()).toEqual([]);
  });

  test('a tool that is not configured is exit 2', async () => {
    const { json } = await executor();
    expect(await json('mirror', 'acme/another')).toMatchObject({ code: 2, document: { error: { code: 'E_USAGE' } } });
  });

  test.each(['check', 'apply'])(
    'bundle %s without a pin is exit 2: a bundle says itself whom to believe',
    async (what) => {
      const { json } = await executor();
      const ran = await json('bundle', what, 'ledger.tar');
      expect(ran).toMatchObject({ code: 2, document: { error: { code: 'E_NO_PIN' } } });
      expect(ran.document.error?.hint).not.toContain('--pin');
    },
  );

  test.each([
    ['acme/tool@v1.0.0', 'OWNER/REPO'],
    ['tool', 'owner/repo'],
  ])('bundle create of %s is exit 2, found before any request', async (tool, hint) => {
    const { made, json } = await executor();
    made.github.takeRequests();
    const ran = await json('bundle', 'create', 'ledger.tar', tool);
    expect(ran).toMatchObject({ code: 2, document: { error: { code: 'E_USAGE' } } });
    expect(ran.document.error?.hint).toContain(hint);
    expect(made.github.takeRequests()).toEqual([]);
  });

  test('bundle create of a tool that the ledger has not makes none', async () => {
    const { made, json } = await executor();
    for (const tool of ['acme/nowhere', 'github.com/acme/nowhere']) {
      const ran = await json('bundle', 'create', 'ledger.tar', tool);
      expect(ran).toMatchObject({ code: 3, document: { error: { code: 'E_NOT_FOUND' } } });
    }
    expect(await readdir(made.folder)).not.toContain('ledger.tar');
  });

  test('keeps its caches where --cache says', async () => {
    const { made, cli } = await executor();
    const cache = await mkdtemp(join(tmpdir(), 'pullthrough-cache-'));
    onTestFinished(() => rm(cache, { recursive: true, force: true }));
    await cli(['mirror', '--cache', cache]);
    expect((await readdir(cache)).length).toBeGreaterThan(0);
    await expect(readdir(join(made.folder, 'caches'))).rejects.toThrow();
  });

  test('no secret shows, whatever goes wrong', async () => {
    const { cli, env } = await executor();
    const secrets = { GITHUB_TOKEN: 'ghp_secretsecret1', LEDGER_TOKEN: 'ghp_secretsecret2' };
    const ran = await cli(['mirror'], { env: { ...env, ...secrets, PULLTHROUGH_DEBUG: '1' } });
    expect(ran.code).toBe(1);
    expect(ran.stderr + ran.stdout).toContain('GITHUB_TOKEN');
    expect(ran.stderr + ran.stdout).not.toContain('secretsecret');
  });
});

describe('an answer of upstream that is a no', () => {
  test.each([
    ['expired', 'E_CREDENTIAL', 'acme/tool@v1.0.0: access to tool-linux at 127.0.0.1:'],
    ['missing', 'E_UPSTREAM_NOT_FOUND', 'acme/tool@v1.0.0: tool-linux at 127.0.0.1:'],
  ] as const)('to a file says which file of which release it is, and no path: %s', async (fault, error, message) => {
    const { made, cli } = await executor();
    made.github.faults.bytes(fault, { times: 20 });
    const { code: exit, stderr } = await cli(['mirror']);
    expect(exit).toBe(1);
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr).toContain(`[${error}]`);
    expect(stderr).not.toMatch(/\/repos\/|\/assets\//);
  });

  test.each([401, 403, 503])('to the API says what was asked for, and no path: %i', async (status) => {
    const { made, cli } = await executor();
    made.github.faults.answer({ status, message: 'first line\nsecond line', times: 20, match: /releases/ });
    const { code: exit, stderr } = await cli(['plan']);
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^error: .*acme\/tool/m);
    expect(stderr).not.toMatch(/\/repos\/|GET /);
    if (status === 403) expect(stderr).toContain('first line [E_CREDENTIAL]\n  second line\n');
  });
});
