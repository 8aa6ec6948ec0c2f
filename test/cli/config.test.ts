import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, requireLedger, requirePin, requireStore } from '../../cli/wiring/settings/config.ts';
import type { Config, ConfigFlags } from '../../cli/wiring/settings/config.ts';
import { parseLocation } from '../../cli/wiring/settings/location.ts';
import { passphraseFrom, signingKeyFrom, tokenFrom } from '../../cli/wiring/secrets.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
async function load(content: string, flags: ConfigFlags = {}): Promise<Config> {
  const name = `${++count}.ini`;
  await writeFile(join(folder, name), content);
  return loadConfig({ config: name, ...flags }, folder);
}

const PIN = 'ab'.repeat(32);

describe('mirror.ini', () => {
  test('everything that cli.md shows', async () => {
    const config = await load(`
[ledger]
repository = acme/release-ledger      ; a GitHub repository, a git URL, or a directory
branch     = trunk
api        = https://ghe.acme.example/api/v3/
merge      = acknowledged
author     = Mirror Bot <bot@acme.example>
[store]
url        = file:./store             ; or s3://bucket/prefix?endpoint=https://minio.example&region=...
public-url = https://mirror.example
public-url[] = https://second.example/x
[source]
api        = https://api.github.com
host       = github.com
[trust]
pin        = sha256:${PIN}
`);
    expect(config).toMatchObject({
      folder,
      ledger: {
        location: { kind: 'github', repository: 'acme/release-ledger' },
        branch: 'trunk',
        api: 'https://ghe.acme.example/api/v3',
        merge: 'acknowledged',
        author: { name: 'Mirror Bot', email: 'bot@acme.example' },
      },
      store: { url: `file:${folder}/store`, publicUrls: ['https://mirror.example', 'https://second.example/x'] },
      source: { api: 'https://api.github.com', host: 'github.com', privateHosts: [] },
      pin: PIN,
    });
  });

  test('an empty one has the defaults', async () => {
    expect(await load('')).toMatchObject({
      ledger: {
        location: undefined,
        branch: 'main',
        api: 'https://api.github.com',
        merge: 'manual',
        author: undefined,
      },
      store: { url: undefined, publicUrls: [] },
      source: { api: 'https://api.github.com', host: 'github.com', privateHosts: [] },
      pin: undefined,
    });
  });

  test('an alias is of the configured source where it names none', async () => {
    const config = await load(
      '[gateway]\nalias[] = Bazel-contrib/buildtools = bazelbuild/buildtools\nalias[] = a/b = ghe.x/c/d',
    );
    expect(config.gateway.aliases).toEqual([
      { name: 'github.com/bazel-contrib/buildtools', tool: 'github.com/bazelbuild/buildtools' },
      { name: 'github.com/a/b', tool: 'ghe.x/c/d' },
    ]);
  });

  test('an alias leads to one tool', async () => {
    await expect(() => load('[gateway]\nalias[] = a/b = c/d\nalias[] = A/B = e/f')).toFailWith('E_CONFIG');
  });

  test("a pair of quotes holds a scanner's word together, wherever it stands in it", async () => {
    const { scan } = await load(`[review]\nscan[] = clamscan --tempdir="a b" 'c d'"'" "" {file}`);
    expect(scan).toEqual([['clamscan', '--tempdir=a b', "c d'", '', '{file}']]);
  });

  test('hosts that may lie at private addresses are names and addresses', async () => {
    const config = await load('[source]\nallow-private[] = files.corp.example\nallow-private[] = FD00::1');
    expect(config.source.privateHosts).toEqual(['files.corp.example', 'fd00::1']);
  });

  test('the ledger takes the API of the source, the source its name from the API', async () => {
    const config = await load('[source]\napi = https://GHE.acme.example:8443/api/v3');
    expect(config.ledger.api).toBe('https://ghe.acme.example:8443/api/v3');
    expect(config.source.host).toBe('ghe.acme.example');
    expect((await load('[source]\napi = http://127.0.0.1:8080')).source.host).toBe('127.0.0.1');
  });

  test('consumers read where the executor writes, unless public-url says otherwise', async () => {
    expect((await load('[store]\nurl = s3://acme/p?region=x')).store.publicUrls).toEqual(['s3://acme/p?region=x']);
    expect((await load('[store]\nurl = ./s\npublic-url[] = https://a.example')).store).toEqual({
      url: `file:${folder}/s`,
      publicUrls: ['https://a.example'],
    });
  });

  test('paths are relative to its folder, also from elsewhere', async () => {
    await writeFile(join(folder, 'far.ini'), '[ledger]\nrepository = ./ledger.git\n[store]\nurl = store');
    const config = await loadConfig({ config: join(folder, 'far.ini') }, '/');
    expect(config.ledger.location).toEqual({ kind: 'directory', path: join(folder, 'ledger.git') });
    expect(config.store.url).toBe(`file:${join(folder, 'store')}`);
  });

  test('is not needed, unless it was named', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    expect((await loadConfig({}, empty)).file).toBeUndefined();
    await expect(() => loadConfig({ config: 'gone.ini' }, empty)).toFailWith('E_CONFIG');
    await expect(() => loadConfig({ config: '.' }, empty)).toFailWith('E_CONFIG');
  });

  test.each([
    ['[ledger]\nrepositry = a/b', 'repository'],
    ['[ledger]\nrepository = http://example.org/a.git', 'https://'],
    ['[ledger]\nrepository = https://user:pass@example.org/a.git', 'environment'],
    ['[ledger]\nrepository = git://example.org/a.git', 'OWNER/REPO'],
    ['[ledger]\nrepository = ext::sh -c true', 'OWNER/REPO'],
    ['[ledger]\nrepository = ssh://-oProxyCommand=x/a.git', 'OWNER/REPO'],
    ['[ledger]\nrepository = --upload-pack=x', 'OWNER/REPO'],
    ['[ledger]\nbranch = a..b', ''],
    ['[ledger]\nbranch = -x', ''],
    ['[ledger]\napi = http://api.example.org', 'https://'],
    ['[ledger]\napi = https://api.github.com/?x=y', 'https://api.github.com'],
    ['[ledger]\nmerge = always', ''],
    ['[ledger]\nauthor = bot', 'Name <mail@example.org>'],
    ['[store]\nurl = https://mirror.example', 'public-url'],
    ['[store]\nurl = ftp://mirror.example', 's3://'],
    ['[store]\nurl = s3://acme/p?endpoint=http://minio.example', 'https://'],
    ['[store]\nurl = s3://acme/p?endpont=https://minio.example', 'endpoint'],
    ['[store]\nurl = s3://key:secret@acme/p', 'AWS_ACCESS_KEY_ID'],
    ['[store]\npublic-url = http://mirror.example', 'https://'],
    ['[source]\nhost = GitHub.com', ''],
    ['[source]\nallow-private[] = https://files.corp.example', ''],
    ['[gateway]\nalias[] = acme/tool', ''],
    ['[gateway]\nalias[] = acme/tool = a/b = c/d', ''],
    ['[review]\nscan[] = clamscan "{file}', 'quotes'],
    ["[notify]\ncommand[] = ./notify.sh it's", 'quotes'],
    ['[evidence]\ntrusted-root[] = ./nowhere.json', 'path'],
    [`[trust]\npin = ${PIN}`, 'sha256:'],
    [`[trust]\npin = sha256:${PIN.toUpperCase()}`, 'sha256:'],
  ])('%j is E_CONFIG and names line 2', async (content, hint) => {
    const refused = load(content);
    await expect(refused).rejects.toMatchObject({ code: 'E_CONFIG' });
    await expect(refused).rejects.toThrow(/^\d+\.ini:2:/);
    const error: unknown = await refused.catch((reason: unknown) => reason);
    expect((error as { hint?: string }).hint ?? '').toContain(hint);
  });

  test('a trusted root without an end is read no further than a root may be long', async () => {
    const refused = load('[evidence]\ntrusted-root[] = /dev/zero');
    await expect(refused).rejects.toThrow(/^\d+\.ini:2: .*\/dev\/zero is larger than 1048576 bytes$/);
  });

  test('a password in it is not repeated', async () => {
    for (const url of ['https://me:hunter2@example.org/a.git', 'ssh://me:hunter2@example.org/a.git']) {
      const error = await load(`[ledger]\nrepository = ${url}`).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'E_CONFIG' });
      expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
    }
  });
});

describe('flags', () => {
  test('stand before the file, their paths are relative to the current directory', async () => {
    const content = `[ledger]\nrepository = a/b\n[store]\nurl = ./s\n[trust]\npin = sha256:${'00'.repeat(32)}`;
    const config = await load(content, { ledger: './l', store: 'https://m.example', pin: `sha256:${PIN}` });
    expect(config.ledger.location).toEqual({ kind: 'directory', path: join(folder, 'l') });
    expect(config.store.publicUrls).toEqual(['https://m.example']);
    expect(config.pin).toBe(PIN);
  });

  test('that are wrong are the fault of the command line', async () => {
    for (const flags of [{ pin: 'x' }, { ledger: 'http://x.example/y' }, { store: 'ftp://x' }, { pin: '' }]) {
      await expect(() => loadConfig(flags, folder)).toFailWith('E_USAGE');
    }
  });

  test('or keys that are missing have codes of their own, exit 2', async () => {
    const config = await loadConfig({}, folder);
    for (const [need, code] of [
      [requireLedger, 'E_NO_LEDGER'],
      [requirePin, 'E_NO_PIN'],
      [requireStore, 'E_NO_STORE'],
    ] as const) {
      expect(() => need(config)).toThrow(expect.objectContaining({ code, exit: 2 }));
    }
    expect(() => requirePin(config)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--pin') as string }),
    );
  });
});

test.each([
  ['acme/release-ledger', { kind: 'github', repository: 'acme/release-ledger' }],
  ['ada_acme/x.y', { kind: 'github', repository: 'ada_acme/x.y' }],
  ['./acme/ledger', { kind: 'directory', path: '/base/acme/ledger' }],
  ['acme/ledger/x', { kind: 'directory', path: '/base/acme/ledger/x' }],
  ['acme/..', { kind: 'directory', path: '/base' }],
  ['ledger.git', { kind: 'directory', path: '/base/ledger.git' }],
  ['/srv/ledger.git', { kind: 'directory', path: '/srv/ledger.git' }],
  ['~/ledger', { kind: 'directory', path: join(homedir(), 'ledger') }],
  ['file:./ledger', { kind: 'directory', path: '/base/ledger' }],
  ['file:///srv/ledger', { kind: 'git', url: 'file:///srv/ledger' }],
  ['https://git.example/a.git', { kind: 'git', url: 'https://git.example/a.git' }],
  ['https://bot@git.example/a.git', { kind: 'git', url: 'https://bot@git.example/a.git' }],
  ['http://127.0.0.1:8080/a.git', { kind: 'git', url: 'http://127.0.0.1:8080/a.git' }],
  ['http://[::1]/a.git', { kind: 'git', url: 'http://[::1]/a.git' }],
  ['ssh://git@git.example:2222/a.git', { kind: 'git', url: 'ssh://git@git.example:2222/a.git' }],
  ['git@github.com:acme/ledger.git', { kind: 'git', url: 'git@github.com:acme/ledger.git' }],
  ['host:path', { kind: 'git', url: 'host:path' }],
])('%j is a %j', (text, location) => {
  expect(parseLocation(text, '/base')).toEqual(location);
});

describe('secrets', () => {
  test('a token loses the white space around it; an empty one is none', () => {
    expect(tokenFrom({ T: ' abc\n' }, 'T')).toBe('abc');
    expect(tokenFrom({ T: ' ' }, 'T')).toBeUndefined();
    expect(tokenFrom({}, 'T')).toBeUndefined();
  });

  test('a token that could not stand in a header is refused without being shown', () => {
    for (const value of ['abc\ndef', 'abc def', 'abc\u0000def', 'schlüssel']) {
      let said = '';
      try {
        tokenFrom({ GITHUB_TOKEN: value }, 'GITHUB_TOKEN');
      } catch (error) {
        said = `${String(error)} ${JSON.stringify(error)}`;
      }
      expect(said).toContain('GITHUB_TOKEN');
      for (const part of value.split(/[\n \0]/)) expect(said).not.toContain(part);
    }
  });

  test('a passphrase is taken to its last byte', () => {
    expect(passphraseFrom({ PULLTHROUGH_SIGNING_PASSPHRASE: ' a \n' })).toBe(' a \n');
    expect(passphraseFrom({ PULLTHROUGH_SIGNING_PASSPHRASE: '' })).toBeUndefined();
  });

  test('a signing key comes from the environment or a file, never from both or neither', async () => {
    const here = (path: string) => join(folder, path);
    await writeFile(here('bot.key'), 'the key');
    const text = async (env: Record<string, string>) => new TextDecoder().decode(await signingKeyFrom(env, here));
    expect(await text({ PULLTHROUGH_SIGNING_KEY: 'armoured' })).toBe('armoured');
    expect(await text({ PULLTHROUGH_SIGNING_KEY_FILE: 'bot.key' })).toBe('the key');
    const both = { PULLTHROUGH_SIGNING_KEY: 'a', PULLTHROUGH_SIGNING_KEY_FILE: 'b' };
    await expect(() => text(both)).toFailWith('E_CONFIG');
    await expect(() => text({})).toFailWith('E_NO_KEY');
    await expect(() => text({ PULLTHROUGH_SIGNING_KEY_FILE: 'gone' })).toFailWith('E_NO_KEY');
    await expect(() => text({ PULLTHROUGH_SIGNING_KEY_FILE: '.' })).toFailWith('E_SIGNING_KEY');
  });
});
