import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createGitHandler } from '../servers/git.ts';
import { bareRepository, github, temporaryFolder } from './setup.ts';

const run = promisify(execFile);
const env = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
};

async function git(...args: string[]): Promise<string> {
  return (await run('git', args, { env })).stdout.trim();
}

/** As git is told a token: the password of Basic authentication. */
const as = (token: string) => [
  '-c',
  `http.extraHeader=Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
];

async function served(options: { private?: boolean; enterprise?: boolean; separateWeb?: boolean } = {}) {
  const bare = await bareRepository();
  const tokens = { w: { login: 'ada' }, r: { login: 'eve', access: 'read' } } as const;
  const server = await github({ tokens, ...options });
  const repository = server.addRepository('acme/ledger', { git: bare.path, private: options.private });
  return { ...bare, server, repository, url: `${server.web}/acme/ledger.git` };
}

test.each([{}, { enterprise: true }, { separateWeb: true }])(
  'anybody clones a public repository, in part too %o',
  async (options) => {
    const { url, git: inBare } = await served(options);
    const clone = join(await temporaryFolder(), 'clone');
    await git('clone', '--quiet', '--bare', '--filter=blob:none', '--depth=1', url, clone);
    expect(await git('-C', clone, 'rev-parse', 'main')).toBe(inBare(['rev-parse', 'main']));
    expect(await git('-C', clone, 'rev-list', '--objects', '--missing=print', 'main')).toContain('?');
  },
);

test('a push needs a token that may write', async () => {
  const { url, commit, git: inBare } = await served();
  const clone = join(await temporaryFolder(), 'clone');
  await git('clone', '--quiet', '--bare', url, clone);
  const push = ['-C', clone, 'push', '--quiet', '--atomic', url, 'main:refs/heads/new'];
  await expect(git(...push)).rejects.toThrow(/terminal prompts disabled|Authentication failed/);
  await expect(git(...as('r'), ...push)).rejects.toThrow(/403/);
  await expect(git(...as('unknown'), ...push)).rejects.toThrow(/terminal prompts disabled|Authentication failed/);
  expect(inBare(['branch', '--list', 'new'])).toBe('');
  await git(...as('w'), ...push);
  expect(inBare(['rev-parse', 'new'])).toBe(inBare(['rev-parse', 'main']));
  commit('main', 'more');
  await git('-C', clone, 'fetch', '--quiet', url, 'main');
});

test('a private repository is not there for others', async () => {
  const { url } = await served({ private: true });
  await expect(git('ls-remote', url)).rejects.toThrow(/terminal prompts disabled|Authentication failed/);
  expect(await git(...as('w'), 'ls-remote', url)).toContain('refs/heads/main');
});

test('an old name still leads to the repository', async () => {
  const { url, server, repository } = await served();
  server.rename(repository, 'acme/renamed');
  expect(await git('ls-remote', url)).toContain('refs/heads/main');
});

test('nothing outside of the repositories can be read', async () => {
  const { server } = await served();
  for (const path of [
    '/acme/..%2f..%2fetc.git/HEAD',
    '/acme/none.git/HEAD',
    '/acme/ledger.git/config',
    '/acme/ledger.git/../x.git/HEAD',
  ]) {
    expect((await fetch(`${server.web}${path}`)).status).toBeGreaterThanOrEqual(401);
  }
});

test('the handler alone asks for one password', async () => {
  const { path } = await bareRepository();
  const { createServer } = await import('node:http');
  const server = createServer(createGitHandler({ root: join(path, '..'), token: 'secret' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const url = `http://127.0.0.1:${port}/repository.git`;
    await expect(git('ls-remote', url)).rejects.toThrow();
    await expect(git(...as('wrong'), 'ls-remote', url)).rejects.toThrow();
    expect(await git(...as('secret'), 'ls-remote', url)).toContain('refs/heads/main');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
