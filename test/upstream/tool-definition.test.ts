import { describe, expect, it } from 'vitest';
import { globMatcher, parseToolDefinition } from '../../upstream/tool-definition.ts';
import { codeThrown } from '../matchers.ts';
import { tool } from '../kit/releases.ts';

describe('a tool definition', () => {
  it('that is empty means the latest release with every asset', () => {
    expect(tool('')).toEqual({
      select: { kind: 'latest' },
      prerelease: false,
      minAge: 0,
      tagPrefix: '',
      include: [],
      exclude: [],
      urls: [],
      api: undefined,
      tokenFrom: undefined,
      evidence: [],
      keep: 'all',
      gone: [],
    });
  });

  it.each([
    ['all', { kind: 'all' }],
    ['latest:5', { kind: 'newest', count: 5 }],
    ['^1.2', { kind: 'range', range: '^1.2' }],
    ['>=1.2 <2', { kind: 'range', range: '>=1.2 <2' }],
    ['tag:v1.2.3, v1.2.4,v1.2.3', { kind: 'tags', tags: ['v1.2.3', 'v1.2.4'] }],
  ])('select = %s', (text, select) => {
    expect(tool('[release]', `select = ${text}`).select).toEqual(select);
  });

  it.each([
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['3d', 259_200_000],
    ['0', 0],
  ])('min-age = %s', (text, milliseconds) => {
    expect(tool('[release]', `min-age = ${text}`).minAge).toBe(milliseconds);
  });

  it('has every key of the documentation', () => {
    const full = tool(
      '[release]',
      'select     = latest          ; all | latest:5',
      'prerelease = true',
      'tag-prefix = cli/',
      '[assets]',
      'include[]  = *linux*amd64*',
      'include[]  = *darwin*',
      'exclude[]  = *.deb',
      'url[]      = https://get.helm.sh/helm-{tag}-linux-amd64.tar.gz   ; elsewhere',
      '[source]',
      'api        = https://ghe.acme.example/api/v3/',
      'token-from = PULLTHROUGH_TOKEN_GHE',
      '[evidence]',
      'require[]  = github-digest',
      'require[]  = checksums:*sums.txt',
    );
    expect(full).toMatchObject({
      prerelease: true,
      tagPrefix: 'cli/',
      include: ['*linux*amd64*', '*darwin*'],
      exclude: ['*.deb'],
      urls: ['https://get.helm.sh/helm-{tag}-linux-amd64.tar.gz'],
      api: 'https://ghe.acme.example/api/v3',
      tokenFrom: 'PULLTHROUGH_TOKEN_GHE',
      evidence: [{ kind: 'github-digest' }, { kind: 'checksums', glob: '*sums.txt' }],
    });
  });

  it('refuses hurry, and says that the ledger format has no place for it', () => {
    expect(() => tool('[release]', 'hurry = 2')).toThrow(
      /:2: hurry in \[release\]: version 1 of the ledger format has no place for it/,
    );
  });

  it.each([
    ['[release]', 'select = lates'],
    ['[release]', 'select = latest:0'],
    ['[release]', 'select = latest:x'],
    ['[release]', 'select = tag:'],
    ['[release]', 'select = tag:a,,b'],
    ['[release]', 'select = newest one'],
    ['[release]', 'prerelease = yes'],
    ['[release]', 'min-age = 3 days'],
    ['[release]', 'min-age = 3'],
    ['[release]', 'tag-prefix = cli/', 'select = tag:v1'],
    ['[assets]', `include[] = ${'*'.repeat(300)}`],
    ['[assets]', 'url[] = http://get.helm.sh/helm-{tag}.tar.gz'],
    ['[assets]', 'url[] = https://user:secret@get.helm.sh/x'],
    ['[assets]', 'url[] = https://get.helm.sh/{name}'],
    ['[assets]', 'url[] = https://get.helm.sh/'],
    ['[assets]', 'url[] = helm'],
    ['[source]', 'api = http://ghe.acme.example/api/v3'],
    ['[source]', 'api = https://ghe.acme.example/api/v3?x=1'],
    ['[source]', 'token-from = PULLTHROUGH_TOKEN_GHE'],
    ['[source]', 'api = https://ghe.acme.example', 'token-from = ghp_secret-token'],
    ['[source]', 'api = https://ghe.acme.example', 'token-from = PULLTHROUGH_SIGNING_PASSPHRASE'],
    ['[source]', 'api = https://ghe.acme.example', 'token-from = AWS_SECRET_ACCESS_KEY'],
    ['[source]', 'api = https://ghe.acme.example', 'token-from = LEDGER_TOKEN'],
    ['[source]', 'api = https://ghe.acme.example', 'token-from = PULLTHROUGH_TOKEN_HOSTS'],
    ['[source]', 'api = https://ghe.acme.example', 'token-from = PULLTHROUGH_TOKEN_'],
    ['[evidence]', 'require[] = checksum:*'],
    ['[evidence]', 'require[] = checksums:'],
    ['[releases]', 'select = all'],
    ['[release]', 'min_age = 3d'],
  ])('%s %s %s is refused', async (...lines) => {
    await expect(() => tool(...lines)).toFailWith('E_CONFIG');
  });

  it('that is wrong is named with its line', () => {
    expect(() => parseToolDefinition('[release]\n\nselect = lates', 'packages/a/tool.ini')).toThrow(
      /^packages\/a\/tool\.ini:3: select in \[release\]: lates selects nothing/,
    );
  });

  it('never shows a token that stands where a name should', async () => {
    try {
      tool('[source]', 'api = https://ghe.acme.example', 'token-from = ghp-secret');
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('secret');
    }
    expect(await codeThrown(() => undefined)).toBe('nothing was thrown');
  });
});

describe('a glob', () => {
  it.each([
    ['*linux*amd64*', 'jq-linux-amd64', true],
    ['*', '.hidden', true],
    ['*.tar.gz', 'a/b.tar.gz', true],
    ['*.{deb,rpm}', 'x.rpm', true],
    ['jq-?', 'jq-10', false],
    ['[!a]*', 'abc', false],
    ['!x', 'y', false],
    ['!(*.asc)', 'x.asc', false],
    ['!(*.asc)', 'x.zip', true],
    ['JQ*', 'jq', false],
  ])('%s on %s: %s', (glob, name, expected) => {
    expect(globMatcher([glob])(name)).toBe(expected);
  });
});
