import { expect, test } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { tokenForHost } from '../../io/token-hosts.ts';
import { remoteError, remoteOf } from '../../ledger/git/remote.ts';
import { parseToolDefinition } from '../../upstream/tool-definition.ts';
import type { Tool } from '../../upstream/tools.ts';
import { Upstreams } from '../../upstream/upstreams.ts';

const GHE = 'https://ghe.acme.example/api/v3';
const ACTIONS = { GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://ghe.acme.example', GITHUB_API_URL: GHE };

test.each([
  ['https://api.github.com/', {}],
  ['https://github.com/acme/ledger.git', {}],
  ['https://uploads.github.com/', {}],
  ['http://127.0.0.1:8080/', {}],
  ['http://localhost/', {}],
  [GHE, ACTIONS],
  [GHE, { PULLTHROUGH_TOKEN_HOSTS: 'git.acme.example, GHE.acme.example' }],
  ['https://ghe.acme.example:8443/', { PULLTHROUGH_TOKEN_HOSTS: 'ghe.acme.example' }],
  ['https://ghe.acme.example:8443/', { PULLTHROUGH_TOKEN_HOSTS: 'ghe.acme.example:8443' }],
])('a token goes to %s with %j', (url, env) => {
  expect(tokenForHost(env, 'LEDGER_TOKEN', 'secret', url)).toEqual({ token: 'secret' });
});

test.each([
  [GHE, {}],
  [GHE, { ...ACTIONS, GITHUB_ACTIONS: undefined }],
  ['https://other.example/', ACTIONS],
  ['https://github.com.evil.example/', {}],
  ['https://evil.example/github.com', {}],
  ['https://gist.github.com/', {}],
  ['https://api.github.com:8443/', {}],
  ['https://x.ghe.acme.example/', { PULLTHROUGH_TOKEN_HOSTS: 'ghe.acme.example' }],
  ['https://ghe.acme.example:8443/', { PULLTHROUGH_TOKEN_HOSTS: 'ghe.acme.example:443' }],
])('a token does not go to %s with %j, and the reason names both variables', (url, env) => {
  const { token, withheld } = tokenForHost(env, 'LEDGER_TOKEN', 'secret', url);
  expect(token).toBeUndefined();
  expect(withheld).toMatch(/LEDGER_TOKEN is not sent to .*PULLTHROUGH_TOKEN_HOSTS/);
});

test.each(['https://ghe.acme.example', 'a b', '*', '*.acme.example'])('%j is not a list of hosts', async (text) => {
  const env = { PULLTHROUGH_TOKEN_HOSTS: text };
  await expect(() => tokenForHost(env, 'LEDGER_TOKEN', 'secret', GHE)).toFailWith('E_CONFIG');
});

test('without a token there is nothing to withhold', () => {
  expect(tokenForHost({}, 'LEDGER_TOKEN', undefined, GHE)).toEqual({ token: undefined });
});

test('a [source] api of mirror.ini gets no GITHUB_TOKEN that the environment does not let go there', () => {
  const context = { source: { api: GHE, host: 'ghe.acme.example' }, cacheDir: '/nonexistent', progress: SILENT };
  const of = (env: Readonly<Record<string, string>>) => new Upstreams({ ...context, env }).ofSource('ghe.acme.example');
  expect(of({ GITHUB_TOKEN: 'secret' })?.authorization).toBeUndefined();
  expect(of({ GITHUB_TOKEN: 'secret' })?.withheld).toContain('GITHUB_TOKEN is not sent to ghe.acme.example');
  const allowed = of({ GITHUB_TOKEN: 'secret', PULLTHROUGH_TOKEN_HOSTS: 'ghe.acme.example' });
  expect(allowed?.authorization).toEqual({ origin: 'https://ghe.acme.example', value: 'Bearer secret' });
});

test('a tool.ini can not send a token that it names to a forge that it names, unless the environment lets it go there', () => {
  const warnings: string[] = [];
  const of = (host: string, env: Readonly<Record<string, string>>) => {
    const source = { api: 'https://api.github.com', host: 'github.com', privateHosts: [] };
    const progress = { ...SILENT, warn: (text: string) => void warnings.push(text) };
    const definition = parseToolDefinition(
      `[source]\napi = https://${host}/api/v3\ntoken-from = PULLTHROUGH_TOKEN_GHE\n`,
      'tool.ini',
    );
    const tool = { source: host, label: `${host}/acme/tool`, definition } as unknown as Tool;
    return new Upstreams({ source, env, cacheDir: '/nonexistent', progress }).of(tool);
  };
  const env = { PULLTHROUGH_TOKEN_GHE: 'secret', PULLTHROUGH_TOKEN_HOSTS: 'ghe.acme.example' };
  expect(of('evil.example', env).authorization).toBeUndefined();
  expect(warnings).toEqual([expect.stringMatching(/^PULLTHROUGH_TOKEN_GHE is not sent to evil.example: .*_HOSTS/)]);
  expect(of('ghe.acme.example', env).authorization).toMatchObject({ value: 'Bearer secret' });
});

test('what git says of a ledger that was asked without its token has the reason as its hint', () => {
  const { token, withheld } = tokenForHost({}, 'LEDGER_TOKEN', 'secret', 'https://ghe.acme.example/a/b.git');
  const remote = remoteOf('https://ghe.acme.example/a/b.git', token, withheld);
  expect(remote).toMatchObject({ hasToken: false, secrets: [] });
  const stderr = 'fatal: Authentication failed for https://ghe.acme.example/a/b.git';
  const error = remoteError({ exitCode: 128, stdout: '', stderr }, 'fetch the ledger', { remote, clone: '/clone' });
  expect(error).toMatchObject({ code: 'E_CREDENTIAL', hint: withheld });
});
