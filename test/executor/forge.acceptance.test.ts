import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGitHub } from '../servers/github/github.ts';
import { actions, world } from '../kit/worlds/executor-world.ts';

const PRIVATE = { login: 'someone', access: { 'acme/secret': 'read' } } as const;

describe('a private repository', () => {
  it('is mirrored with the token, which goes to the API and to nobody else', async () => {
    const made = await world();
    made.github.addToken('reader-token', PRIVATE);
    const repository = made.github.addRepository('acme/secret', { private: true });
    await repository.addRelease({ tag: 'v1', assets: [{ name: 'a', content: 'secret bytes' }] });
    await made.tool('acme/secret');
    expect(actions(await made.mirror())).toEqual(['- failed E_UPSTREAM_NOT_FOUND']);
    made.env = { GITHUB_TOKEN: 'reader-token' };
    made.github.takeRequests();
    expect(actions(await made.mirror())).toEqual(['v1 proposed']);
    const asked = made.github.takeRequests();
    expect(asked.filter(({ server }) => server === 'storage')).not.toEqual([]);
    for (const { server, headers } of asked) {
      if (server !== 'api') expect(headers.authorization).toBeUndefined();
    }
  });
});

describe('another forge for a tool', () => {
  it('has an API and a token of its own, and never sees the token of [source]', async () => {
    const made = await world();
    const enterprise = await startGitHub({ enterprise: true, tokens: { 'ghe-token': PRIVATE } });
    onTestFinished(() => enterprise.close());
    const repository = enterprise.addRepository('acme/secret', { private: true });
    await repository.addRelease({ tag: 'v1', assets: [{ name: 'a', content: 'a' }] });
    const file = join(made.folder, 'packages/ghe.acme.example/acme/secret/tool.ini');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `[source]\napi = ${enterprise.api}\ntoken-from = PULLTHROUGH_TOKEN_GHE\n`);
    made.env = { GITHUB_TOKEN: 'reader' };
    expect(actions(await made.mirror())).toEqual(['- failed E_UPSTREAM_NOT_FOUND']);
    expect(made.warnings).toEqual([
      expect.stringContaining('PULLTHROUGH_TOKEN_GHE, which token-from names, is not set'),
    ]);
    made.env = { GITHUB_TOKEN: 'reader', PULLTHROUGH_TOKEN_GHE: 'ghe-token' };
    expect(await made.mirror()).toMatchObject([{ tool: 'ghe.acme.example/acme/secret', action: 'proposed' }]);
    expect(made.branches()).toEqual(['pullthrough/ghe.acme.example/acme/secret/v1']);
    expect(JSON.stringify(enterprise.requests)).not.toContain('Bearer reader');
    expect(JSON.stringify(made.github.requests)).not.toContain('ghe-token');
  });

  it('without a token asks for its own, not for that of [source], which it would never be sent', async () => {
    const made = await world();
    const enterprise = await startGitHub({ enterprise: true });
    onTestFinished(() => enterprise.close());
    enterprise.addRepository('acme/secret', { private: true });
    const file = join(made.folder, 'packages/ghe.acme.example/acme/secret/tool.ini');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `[source]\napi = ${enterprise.api}\n`);
    const [missing] = await made.mirror();
    enterprise.faults.answer({ status: 401, message: 'Must authenticate to access this API.' });
    const [refused] = await made.mirror();
    for (const result of [missing, refused]) {
      expect(result?.error?.hint).toContain('token-from');
      expect(result?.error?.hint).not.toContain('GITHUB_TOKEN');
    }
  });

  it('that nothing names the API of stops the run before any request', async () => {
    const made = await world();
    const file = join(made.folder, 'packages/ghe.acme.example/acme/tool/tool.ini');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '');
    await expect(made.mirror()).toFailWith('E_CONFIG');
    await expect(made.plan()).toFailWith('E_CONFIG');
    expect(made.github.requests).toEqual([]);
  });
});
