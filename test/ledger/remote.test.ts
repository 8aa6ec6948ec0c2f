import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { remoteError, remoteOf, shownStderr } from '../../ledger/git/remote.ts';
import { makeCertificates } from '../servers/certificates.ts';
import { createGitHandler } from '../servers/git.ts';
import { startGitServer } from '../servers/git-server.ts';
import { GIT_ENV, git, ledgerOf, open, temporary } from '../kit/ledger/git-fixture.ts';

const TOKEN = 'ghp_verySecret123';
const BASIC = Buffer.from(`x-access-token:${TOKEN}`).toString('base64');

/** The error of `action`, all that could be shown of it. */
async function textOf(action: () => Promise<unknown>): Promise<string> {
  const error: unknown = await action().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PullthroughError)) throw new Error(`not refused: ${String(error)}`);
  return `${error.code} ${error.message} ${error.hint ?? ''} ${error.stack ?? ''} ${String(error.cause)}`;
}

describe('LEDGER_TOKEN', () => {
  it('goes with every request to its origin, and stands in no argument of any process', async () => {
    const directory = ledgerOf(3);
    await using host = await startGitServer({ root: dirname(directory), token: TOKEN });
    const bin = temporary();
    const log = join(bin, 'log');
    const real = git('/', ['--exec-path']);
    // A git that writes down its arguments; helpers that git starts are found beside the real one.
    writeFileSync(join(bin, 'git'), `#!/bin/sh\necho "$@" >>${log}\nexec ${real}/git "$@"\n`);
    chmodSync(join(bin, 'git'), 0o755);
    const env = { ...GIT_ENV, PATH: `${bin}:${process.env.PATH ?? ''}` };
    const ledger = await open({ url: `${host.origin}/ledger.git`, token: TOKEN, env });
    await ledger.update();
    const head = ledger.head() ?? '';
    await ledger.snapshot(head).list('packages');
    await ledger.push([{ branch: 'pullthrough/x', to: head, from: undefined }]);
    expect(host.requests.length).toBeGreaterThan(5);
    for (const { headers } of host.requests) expect(headers.authorization).toBe(`Basic ${BASIC}`);
    expect(readFileSync(log, 'utf8')).toContain('fetch');
    expect(readFileSync(log, 'utf8')).not.toMatch(new RegExp(`${TOKEN}|${BASIC}`));
    expect(readFileSync(join(ledger.directory, 'config'), 'utf8')).not.toMatch(/extraHeader|ghp_/i);
    expect(ledger.label).toBe(`${host.origin}/ledger.git`);
  });

  it('that is refused is E_CREDENTIAL, which names the variable and never shows it', async () => {
    const directory = ledgerOf(1);
    await using host = await startGitServer({ root: dirname(directory), token: 'another' });
    const ledger = await open({ url: `${host.origin}/ledger.git`, token: TOKEN });
    const text = await textOf(() => ledger.update());
    expect(text).toMatch(/^E_CREDENTIAL .*LEDGER_TOKEN/);
    expect(text).not.toMatch(new RegExp(`${TOKEN}|${BASIC}`));
  });

  it('is the password of the user in the URL, for hosts that check the name, and neither is shown', async () => {
    const directory = ledgerOf(1);
    const seen: (string | undefined)[] = [];
    await using host = await startGitServer({
      root: dirname(directory),
      authorize: ({ password }) => (password === TOKEN ? directory : 401),
    });
    const url = `${host.origin.replace('//', '//mirror%40bot@')}/ledger.git`;
    const ledger = await open({ url, token: TOKEN });
    await ledger.update();
    seen.push(...host.requests.map(({ headers }) => headers.authorization));
    const basic = Buffer.from(`mirror@bot:${TOKEN}`).toString('base64');
    expect([...new Set(seen)]).toEqual([`Basic ${basic}`]);
    expect(ledger.label).toBe(`${host.origin}/ledger.git`);
    await expect(() => open({ url: 'https://bot:secret@host.example/x.git', token: TOKEN })).toFailWith('E_CONFIG');
  });

  it('that is missing is E_CREDENTIAL, and nobody is asked', async () => {
    const directory = ledgerOf(1);
    await using host = await startGitServer({ root: dirname(directory), token: TOKEN });
    const ledger = await open({ url: `${host.origin}/ledger.git` });
    expect(await textOf(() => ledger.update())).toMatch(/^E_CREDENTIAL .*set LEDGER_TOKEN/);
  });

  it('that may read and not write is E_CREDENTIAL when it pushes', async () => {
    const directory = ledgerOf(1);
    await using host = await startGitServer({
      root: dirname(directory),
      authorize: ({ write }) => (write ? 403 : directory),
    });
    const ledger = await open({ url: `${host.origin}/ledger.git`, token: TOKEN });
    await ledger.update();
    const push = () => ledger.push([{ branch: 'pullthrough/x', to: ledger.head(), from: undefined }]);
    expect(await textOf(push)).toMatch(/^E_CREDENTIAL .*LEDGER_TOKEN/s);
  });

  it('is never seen by the host that a redirect leads to', async () => {
    const directory = ledgerOf(1);
    await using other = await startGitServer({ root: dirname(directory) });
    await using host = await startGitServer({ root: dirname(directory), redirect: other.origin });
    const ledger = await open({ url: `${host.origin}/ledger.git`, token: TOKEN });
    await expect(() => ledger.update()).toFailWith('E_LEDGER_UNREACHABLE');
    expect(host.requests.length).toBeGreaterThan(0);
    expect(other.requests).toHaveLength(0);
    // Without a token there is nothing to lose.
    const free = await open({ url: `${host.origin}/ledger.git` });
    await free.update();
    expect(free.head()).toBe(git(directory, ['rev-parse', 'main']));
  });

  it('with a line break in it is refused', async () => {
    const ledger = open({ url: 'http://127.0.0.1:1/x.git', token: 'a\r\nX-Evil: 1' });
    await expect(() => ledger).toFailWith('E_CREDENTIAL');
  });
});

describe('the caller’s environment', () => {
  it('says which CA is trusted, by git’s own variable', async () => {
    const directory = ledgerOf(1);
    const { caFile, key, cert } = await makeCertificates(temporary());
    const host = createServer({ key, cert }, createGitHandler({ root: dirname(directory) }));
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    try {
      const url = `https://localhost:${(host.address() as AddressInfo).port}/ledger.git`;
      const env = { ...GIT_ENV, GIT_SSL_CAINFO: undefined, SSL_CERT_FILE: undefined, CURL_CA_BUNDLE: undefined };
      const stranger = await open({ url, env });
      expect(await textOf(() => stranger.update())).toMatch(/^E_LEDGER_UNREACHABLE .*certificate.*GIT_SSL_CAINFO/);
      const ledger = await open({ url, env: { ...env, GIT_SSL_CAINFO: caFile } });
      await ledger.update();
      expect(ledger.head()).toBe(git(directory, ['rev-parse', 'main']));
    } finally {
      host.close();
    }
  });

  it('adds no second credential', async () => {
    const directory = ledgerOf(1);
    await using host = await startGitServer({ root: dirname(directory) });
    const config = join(temporary(), 'config');
    const header = 'extraHeader = Authorization: Basic b3RoZXI6b3RoZXI=';
    writeFileSync(config, `[http]\n\t${header}\n[http "${host.origin}/"]\n\t${header}\n`);
    const env = { ...GIT_ENV, GIT_CONFIG_GLOBAL: config };
    const ledger = await open({ url: `${host.origin}/ledger.git`, token: TOKEN, env });
    await ledger.update();
    for (const { headers } of host.requests) expect(headers.authorization).toBe(`Basic ${BASIC}`);
  });

  it('cannot point git to another repository, run hooks, or replace objects', async () => {
    const directory = ledgerOf(3);
    // Over HTTP: a ledger in a folder is served by a git that has the user's configuration too, as a host has its own.
    await using host = await startGitServer({ root: dirname(directory) });
    const evil = temporary();
    const trace = join(evil, 'ran');
    mkdirSync(join(evil, 'hooks'));
    for (const hook of ['post-checkout', 'reference-transaction', 'pre-push', 'post-commit']) {
      writeFileSync(join(evil, 'hooks', hook), `#!/bin/sh\necho ${hook} >>${trace}\n`);
      chmodSync(join(evil, 'hooks', hook), 0o755);
    }
    writeFileSync(join(evil, 'config'), `[core]\n\thooksPath = ${evil}/hooks\n[push]\n\tfollowTags = true\n`);
    const ledger = await open({
      url: `${host.origin}/ledger.git`,
      env: {
        ...GIT_ENV,
        GIT_CONFIG_GLOBAL: join(evil, 'config'),
        GIT_DIR: join(evil, 'nowhere'),
        GIT_WORK_TREE: evil,
        GIT_INDEX_FILE: join(evil, 'index'),
        GIT_OBJECT_DIRECTORY: join(evil, 'objects'),
        GIT_ALTERNATE_OBJECT_DIRECTORIES: join(evil, 'objects'),
        GIT_COMMON_DIR: evil,
        GIT_NAMESPACE: 'evil',
        GIT_CEILING_DIRECTORIES: '/',
        GIT_TRACE: '1',
        GIT_SSL_NO_VERIFY: '1',
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'core.hooksPath',
        GIT_CONFIG_VALUE_0: join(evil, 'hooks'),
        GIT_CONFIG_KEY_1: 'core.attributesFile',
        GIT_CONFIG_VALUE_1: join(evil, 'attributes'),
        EDITOR: 'false',
      },
    });
    await ledger.update();
    const head = ledger.head() ?? '';
    expect(head).toBe(git(directory, ['rev-parse', 'main']));
    const commit = await ledger.commit({
      parents: [head],
      base: head,
      files: new Map([['x', Buffer.from('x')]]),
      message: 'x',
      author: { name: 'A', email: 'a@example.org' },
    });
    await ledger.push([{ branch: 'pullthrough/x', to: commit, from: undefined }]);
    expect(git(directory, ['rev-parse', 'pullthrough/x'])).toBe(commit);
    git(ledger.directory, ['update-ref', `refs/replace/${head}`, commit]);
    expect(await ledger.snapshot(head).list('')).toHaveLength(3);
    expect(existsSync(trace)).toBe(false);
    expect(existsSync(join(evil, 'index'))).toBe(false);
  });

  it('keeps the user’s own way to reach hosts', async () => {
    const directory = ledgerOf(1);
    const config = join(temporary(), 'config');
    writeFileSync(config, `[url "${dirname(directory)}/"]\n\tinsteadOf = https://mirror.example/acme/\n`);
    const env = { ...GIT_ENV, GIT_CONFIG_GLOBAL: config };
    const ledger = await open({ url: 'https://mirror.example/acme/ledger.git', token: TOKEN, env });
    await ledger.update();
    expect(ledger.head()).toBe(git(directory, ['rev-parse', 'main']));
  });
});

describe('a ledger’s URL', () => {
  it.each([
    '-uhttps://host.example/x',
    '--upload-pack=x',
    'ext::sh -c true',
    'git://host.example/x.git',
    'http://host.example/x.git',
    'ftp://host.example/x.git',
    'https://user:secret@host.example/x.git',
    'ssh://user:secret@host.example/x.git',
    'ssh://-oProxyCommand=x/y',
    'ssh://-x@host.example/y',
    'git@-oProxyCommand=x:y',
    'host.example:-x',
    'relative/path',
    'https://host.example/x\nevil',
    'file://host.example/x',
    '',
  ])('is refused: %j', async (url) => {
    await expect(() => open({ url })).toFailWith('E_CONFIG');
  });

  it.each([
    'https://github.com/acme/ledger.git',
    'ssh://git@host.example:2222/acme/ledger.git',
    'git@github.com:acme/ledger.git',
    'host.example:ledger.git',
    '/srv/ledger.git',
    'file:///srv/ledger.git',
    'http://[::1]:8080/x.git',
  ])('is taken: %s', async (url) => {
    expect((await open({ url })).head()).toBeUndefined();
  });

  it('needs a branch that git could have', async () => {
    for (const branch of ['', 'a b', '../x', 'x.lock', 'a:b']) {
      await expect(() => open({ url: '/x', branch }), branch).toFailWith('E_CONFIG');
    }
  });
});

describe('what git said', () => {
  it('is shown without secrets, users in URLs, queries and control characters', () => {
    const stderr = [
      'remote: Counting objects: 10% (1/10)\rremote: Counting objects: 100%',
      `fatal: unable to access 'https://me:pw@host.example/x.git?sig=abc': token ${TOKEN} is bad\u001b[31m`,
      'hint: do this',
    ].join('\n');
    const shown = shownStderr(stderr, [TOKEN]);
    expect(shown).toContain("unable to access 'https://host.example/x.git'");
    expect(shown).toContain('token *** is bad');
    expect(shown).not.toMatch(/pw|sig=|hint|\u001b/);
  });

  it('of ssh is its own reason, and the hint is about what ssh needs', async () => {
    for (const [said, code, shown, hint] of [
      ['FATAL: R any ledger ada DENIED by fallthru', 'E_CREDENTIAL', 'ada DENIED by fallthru', 'ask who runs the host'],
      ['Host key verification failed.', 'E_LEDGER_UNREACHABLE', 'Host key verification failed', 'known_hosts'],
      ['No ED25519 host key is known for h.', 'E_LEDGER_UNREACHABLE', 'No ED25519 host key is known', 'your ssh key'],
      ['Unable to negotiate with 192.0.2.1: x', 'E_LEDGER_UNREACHABLE', 'Unable to negotiate', 'your ssh key'],
      ['a reason that nobody knew of', 'E_LEDGER_UNREACHABLE', 'ledger: a reason that nobody knew of', 'ssh key'],
      ['git@h: Permission denied (publickey).', 'E_CREDENTIAL', 'Permission denied (publickey)', 'your ssh key'],
      ['ssh: Could not resolve hostname h: x', 'E_LEDGER_UNREACHABLE', 'Could not resolve hostname', 'your ssh key'],
    ] as const) {
      const ssh = join(temporary(), 'ssh');
      writeFileSync(ssh, `#!/bin/sh\necho '${said}' >&2\nexit 255\n`);
      chmodSync(ssh, 0o755);
      const ledger = await open({ url: 'git@h.example:ledger', env: { ...GIT_ENV, GIT_SSH_COMMAND: ssh } });
      const text = await textOf(() => ledger.update());
      expect(text).toContain(`${code} cannot`);
      expect(text).toContain(shown);
      expect(text).toContain(hint);
      expect(text).not.toContain('LEDGER_TOKEN');
    }
  });

  it('of a host whose key changed names the new key and where the old one is', () => {
    const frame = '@'.repeat(59);
    const said = [
      frame,
      '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
      frame,
      'IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!',
      'The fingerprint for the ED25519 key sent by the remote host is',
      'SHA256:j9R4/b16TyCAzPPT002I6isG1G8vk9HuFOoPkBQByEA.',
      'Offending ED25519 key in /home/ada/.ssh/known_hosts:1',
      'Host key verification failed.',
      'fatal: Could not read from remote repository.',
    ];
    expect(shownStderr(said.join('\r\n'))).toBe(
      'WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nSHA256:j9R4/b16TyCAzPPT002I6isG1G8vk9HuFOoPkBQByEA.\n' +
        'Offending ED25519 key in /home/ada/.ssh/known_hosts:1\nHost key verification failed.',
    );
  });

  it.each([
    "fatal: unable to access 'https://h.example/x.git/': The requested URL returned error: 407",
    "fatal: unable to access 'https://h.example/x.git/': Received HTTP code 407 from proxy after CONNECT",
    "fatal: unable to access 'https://h.example/x.git/': CONNECT tunnel failed, response code 407",
  ])('of a proxy is answered by what the proxy needs: %s', (stderr) => {
    const remote = remoteOf('https://h.example/x.git', TOKEN);
    const error = remoteError({ exitCode: 128, stderr, stdout: '' }, 'fetch', { remote, clone: '/nowhere' });
    expect(error).toMatchObject({ code: 'E_LEDGER_UNREACHABLE', exit: 1 });
    expect(error.hint).toContain('USER:PASSWORD');
  });

  it.each([
    ['Could not resolve proxy: p.example', 'no host has the name of the proxy'],
    ['server certificate verification failed. CAfile: none CRLfile: none', 'clock'],
  ])('says what to look at: %s', (said, hint) => {
    const remote = remoteOf('https://h.example/x.git', TOKEN);
    const stderr = `fatal: unable to access 'https://h.example/x.git/': ${said}`;
    const error = remoteError({ exitCode: 128, stderr, stdout: '' }, 'fetch', { remote, clone: '/nowhere' });
    expect(error).toMatchObject({ code: 'E_LEDGER_UNREACHABLE', hint: expect.stringContaining(hint) as string });
  });

  it('of an object that git takes from nobody names it, and who can help', async () => {
    const directory = ledgerOf(1);
    const header = 'author A <a@x> 01 +0000\ncommitter A <a@x> 1 +0000';
    const text = `tree ${git(directory, ['rev-parse', 'HEAD^{tree}'])}\n${header}\n\na change\n`;
    const commit = git(directory, ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], text);
    git(directory, ['update-ref', 'refs/heads/main', commit]);
    const ledger = await open({ url: directory });
    const error: unknown = await ledger.update().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_GIT', hint: expect.stringContaining('who runs the ledger') as string });
    expect((error as Error).message).toMatch(
      new RegExp(`git refuses what is in it: object ${commit}: zeroPaddedDate[^\\n]*$`),
    );
  });

  it('is bounded', () => {
    expect(shownStderr(`fatal: ${'x'.repeat(100_000)}`).length).toBeLessThanOrEqual(600);
  });
});
