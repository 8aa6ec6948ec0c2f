import { lstat, mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import type { Progress } from '../../io/progress.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { fetchFiles } from '../../consumer/download/get.ts';
import { openMirrors } from '../../consumer/download/mirrors.ts';
import { selectAssets } from '../../consumer/download/select-assets.ts';
import type { Fetchable } from '../../consumer/download/select-assets.ts';
import { parsePlatform } from '../../consumer/download/platform.ts';
import { temporaryFolder } from '../kit/readers.ts';
import { StoreServer } from '../kit/store-server.ts';

const servers: StoreServer[] = [];

async function server(...bodies: (Uint8Array | string)[]): Promise<StoreServer> {
  const started = await StoreServer.start(bodies);
  servers.push(started);
  return started;
}

afterAll(async () => {
  await Promise.all(servers.map((started) => started.close()));
});

function file(name: string, body: string): Fetchable {
  const bytes = utf8(body);
  return { name, size: bytes.length, sha256: sha256Hex(bytes) };
}

interface Got {
  readonly stores: readonly string[];
  readonly output?: string;
  readonly executable?: boolean;
  readonly replace?: boolean;
  readonly keep?: readonly string[];
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

async function getFiles(files: readonly Fetchable[], { stores, ...options }: Got) {
  const progress = options.progress ?? SILENT;
  const mirrors = await openMirrors(stores, { baseDir: '/', env: {}, progress });
  const output = options.output ?? (await temporaryFolder());
  return { output, files: await fetchFiles(files, { ...options, output, progress, mirrors }) };
}

/** Fails as it must, and leaves the folder as it was. */
async function refused(files: readonly Fetchable[], code: string, options: Got): Promise<void> {
  const output = options.output ?? (await temporaryFolder());
  const before = await readdir(output);
  await expect(getFiles(files, { ...options, output })).rejects.toMatchObject({ code });
  expect(await readdir(output)).toEqual(before);
}

describe('a file', () => {
  let store: StoreServer;
  const jq = file('jq', 'the bytes of jq');

  beforeAll(async () => {
    store = await server('the bytes of jq');
  });

  test('is fetched, verified and moved into place', async () => {
    const { output, files } = await getFiles([jq], { stores: [store.url] });
    expect(files).toEqual([{ ...jq, path: join(output, 'jq'), state: 'fetched' }]);
    expect(await readFile(join(output, 'jq'), 'utf8')).toBe('the bytes of jq');
    expect(await readdir(output)).toEqual(['jq']);
  });

  test('that is there and right costs no request', async () => {
    const own = await server();
    const output = await temporaryFolder();
    await writeFile(join(output, 'jq'), 'the bytes of jq');
    const { files } = await getFiles([jq], { stores: [own.url], output });
    expect(files[0]?.state).toBe('present');
    expect(own.requests).toEqual([]);
  });

  test('that is there and right needs no store at all', async () => {
    const output = await temporaryFolder();
    await writeFile(join(output, 'jq'), 'the bytes of jq');
    expect((await getFiles([jq], { stores: [], output })).files[0]?.state).toBe('present');
  });

  test.each([
    ['of the same length', (path: string) => writeFile(path, 'the bytes of jX')],
    ['of another length', (path: string) => writeFile(path, 'older')],
    ['as a link to the right bytes', (path: string) => symlink(join(path, '../../right'), path)],
    ['as a link to nothing', (path: string) => symlink('nothing', path)],
  ])('that is there with other bytes, %s, is refused before any request, and stays', async (_, put) => {
    const own = await server('the bytes of jq');
    const output = join(await temporaryFolder(), 'out');
    await mkdir(output);
    await writeFile(join(output, '../right'), 'the bytes of jq');
    await put(join(output, 'jq'));
    const before = await lstat(join(output, 'jq'));
    await refused([jq, file('other', 'the bytes of jq')], 'E_EXISTS', { stores: [own.url], output });
    expect(own.requests).toEqual([]);
    expect((await lstat(join(output, 'jq'))).ino).toBe(before.ino);
  });

  test('that comes into being while it is downloaded is not replaced', async () => {
    const own = await server('the bytes of jq');
    const output = await temporaryFolder();
    own.fault = (_, response, body) => {
      void writeFile(join(output, 'jq'), 'mine').then(() => response.end(body));
      return true;
    };
    await expect(getFiles([jq], { stores: [own.url], output })).rejects.toMatchObject({ code: 'E_EXISTS' });
    expect(await readFile(join(output, 'jq'), 'utf8')).toBe('mine');
    expect(await readdir(output)).toEqual(['jq']);
  });

  test('that is there with other bytes of the same length is replaced by force', async () => {
    const output = await temporaryFolder();
    await writeFile(join(output, 'jq'), 'the bytes of jX');
    expect((await getFiles([jq], { stores: [store.url], output, replace: true })).files[0]?.state).toBe('fetched');
    expect(await readFile(join(output, 'jq'), 'utf8')).toBe('the bytes of jq');
  });

  test('that is there with other bytes stays as it is when the download fails', async () => {
    const output = await temporaryFolder();
    await writeFile(join(output, 'jq'), 'older');
    await refused([jq], 'E_STORE_MISSING', { stores: [(await server()).url], output, replace: true });
    expect(await readFile(join(output, 'jq'), 'utf8')).toBe('older');
  });

  test('replaces a symbolic link by force, and what the link points to stays', async () => {
    const output = await temporaryFolder();
    const victim = join(await temporaryFolder(), 'victim');
    await writeFile(victim, 'precious');
    await symlink(victim, join(output, 'jq'));
    await getFiles([jq], { stores: [store.url], output, replace: true });
    expect((await lstat(join(output, 'jq'))).isFile()).toBe(true);
    expect(await readFile(victim, 'utf8')).toBe('precious');
  });

  test('replaces a link to the right bytes, too', async () => {
    const output = await temporaryFolder();
    const other = join(await temporaryFolder(), 'jq');
    await writeFile(other, 'the bytes of jq');
    await symlink(other, join(output, 'jq'));
    await getFiles([jq], { stores: [store.url], output, replace: true });
    expect((await lstat(join(output, 'jq'))).isFile()).toBe(true);
  });

  test('is refused where a folder lies in its place', async () => {
    const output = await temporaryFolder();
    await mkdir(join(output, 'jq'));
    await refused([jq], 'E_INPUT', { stores: [store.url], output });
  });

  test.each(['mirror.ini', 'tool.ini', 'Pullthrough.LOCK', 'MIRROR.INI'])(
    'of the name %s is never written, in any folder, by force neither',
    async (name) => {
      const own = await server('the bytes of jq');
      const options = { stores: [own.url], replace: true };
      await refused([jq, { ...jq, name }], 'E_EXISTS', options);
      const output = join(await temporaryFolder(), 'sub', 'folder');
      await mkdir(output, { recursive: true });
      await refused([{ ...jq, name }], 'E_EXISTS', { ...options, output });
      expect(own.requests).toEqual([]);
    },
  );

  test.each([
    ['is there', 'own.ini', 'own.ini', true],
    ['is there by another path', 'own.ini', 'elsewhere/own.ini', true],
    ['is not there yet', 'own.ini', 'own.ini', false],
    ['differs in case', 'Own.INI', 'own.ini', false],
  ])('never replaces one of the caller’s own that %s', async (_, name, own, exists) => {
    const output = await temporaryFolder();
    await symlink(output, join(output, 'elsewhere'));
    if (exists) await writeFile(join(output, 'own.ini'), 'the pin');
    const keep = [join(output, own)];
    await refused([jq, { ...jq, name }], 'E_EXISTS', { stores: [store.url], output, keep, replace: true });
    if (exists) expect(await readFile(join(output, 'own.ini'), 'utf8')).toBe('the pin');
    await getFiles([jq], { stores: [store.url], output, keep });
  });

  test('takes away what a run left that was killed a day ago, and nothing else', async () => {
    const output = await temporaryFolder();
    const name = (digit: string) => `.pullthrough-${digit.repeat(24)}.part`;
    for (const each of [name('a'), name('b'), '.pullthrough-mine.part']) await writeFile(join(output, each), 'x');
    const old = new Date(Date.now() - 90_000_000);
    for (const each of [name('a'), '.pullthrough-mine.part']) await utimes(join(output, each), old, old);
    await getFiles([jq], { stores: [store.url], output });
    expect(await readdir(output)).toEqual([name('b'), '.pullthrough-mine.part', 'jq'].sort());
  });

  test('is executable where that is asked, also one that was there', async () => {
    const { output } = await getFiles([jq], { stores: [store.url] });
    const mode = async () => (await stat(join(output, 'jq'))).mode & 0o111;
    expect(await mode()).toBe(0);
    await getFiles([jq], { stores: [store.url], output, executable: true });
    expect(await mode()).not.toBe(0);
    const { output: fresh } = await getFiles([jq], { stores: [store.url], executable: true });
    expect((await stat(join(fresh, 'jq'))).mode & 0o111).not.toBe(0);
  });

  test('lands in a folder that is made for it', async () => {
    const output = join(await temporaryFolder(), 'a', 'b');
    await getFiles([jq], { stores: [store.url], output });
    expect(await readdir(output)).toEqual(['jq']);
  });

  test('of no bytes is a file like any other', async () => {
    const empty = file('empty', '');
    const { output } = await getFiles([empty], { stores: [(await server('')).url] });
    expect((await stat(join(output, 'empty'))).size).toBe(0);
  });
});

describe('a store that is wrong', () => {
  const jq = file('jq', 'the bytes of jq');

  async function wrong(change: (store: StoreServer) => void): Promise<string> {
    const store = await server('the bytes of jq');
    change(store);
    return store.url;
  }

  const faults: Record<string, [(store: StoreServer) => void, string]> = {
    'has other bytes of the same length': [(store) => store.corrupt(jq.sha256, 'the bytes of jX'), 'E_DIGEST_MISMATCH'],
    'has more bytes': [(store) => store.corrupt(jq.sha256, 'the bytes of jq!'), 'E_SIZE'],
    'has fewer bytes': [(store) => store.corrupt(jq.sha256, 'the bytes'), 'E_TRUNCATED'],
    'sends more bytes without saying so': [
      (store) => {
        store.fault = (_, response) => {
          response.writeHead(200);
          for (let i = 0; i < 100; i++) response.write('x'.repeat(1000));
          response.end();
          return true;
        };
      },
      'E_SIZE',
    ],
    'has nothing': [(store) => store.objects.clear(), 'E_STORE_MISSING'],
    'is forbidden': [
      (store) => {
        store.fault = (_, response) => {
          response.writeHead(403).end();
          return true;
        };
      },
      'E_CREDENTIAL',
    ],
  };

  test.each(Object.entries(faults))(
    '%s: nothing is left behind',
    async (_, [change, code]) => {
      await refused([jq], code, { stores: [await wrong(change)] });
    },
    60_000,
  );

  test.each(Object.entries(faults))(
    '%s: the next one is asked, and the first is told of',
    async (_, [change]) => {
      const warnings: string[] = [];
      const progress = { ...SILENT, warn: (message: string) => warnings.push(message) };
      const right = await server('the bytes of jq');
      const first = await wrong(change);
      const { output } = await getFiles([jq], { stores: [first, right.url], progress });
      expect(await readFile(join(output, 'jq'), 'utf8')).toBe('the bytes of jq');
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(first);
    },
    60_000,
  );

  test('and another that lacks it: what is not trusted is the verdict', async () => {
    const bad = await wrong((store) => store.corrupt(jq.sha256, 'the bytes of jX'));
    await refused([jq], 'E_DIGEST_MISMATCH', { stores: [bad, (await server()).url] });
  });

  test('breaks the connection: the download goes on where it stopped', async () => {
    const body = 'x'.repeat(3_000_000);
    const store = await server(body);
    let broken = 0;
    store.fault = (request, response, bytes) => {
      const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
      const start = Number(from ?? 0);
      response.writeHead(from === undefined ? 200 : 206, {
        etag: '"one"',
        'accept-ranges': 'bytes',
        'content-length': bytes!.length - start,
        ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${bytes!.length - 1}/${bytes!.length}` }),
      });
      if (broken++ < 1) {
        response.write(bytes!.subarray(start, start + 2_000_000), () => response.destroy());
      } else response.end(bytes!.subarray(start));
      return true;
    };
    const { output } = await getFiles([file('big', body)], { stores: [store.url] });
    expect(await readFile(join(output, 'big'), 'utf8')).toBe(body);
    expect(store.requests).toHaveLength(2);
  });

  test('no store at all is said', async () => {
    await refused([jq], 'E_NO_STORE', { stores: [] });
  });
});

describe('several files', () => {
  test('come at once, and in their order', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `file-${i}`);
    const store = await server(...names);
    let now = 0;
    let most = 0;
    store.fault = (_, response, body) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end(body);
      }, 30);
      return true;
    };
    const { files } = await getFiles(
      names.map((name) => file(name, name)),
      { stores: [store.url] },
    );
    expect(files.map(({ name }) => name)).toEqual(names);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  test('one wrong: it fails, what is complete stays, and nothing else', async () => {
    const store = await server('good');
    const output = await temporaryFolder();
    const files = [file('good', 'good'), file('missing', 'missing')];
    await expect(getFiles(files, { stores: [store.url], output })).rejects.toMatchObject({ code: 'E_STORE_MISSING' });
    expect((await readdir(output)).filter((name) => name !== 'good')).toEqual([]);
  });

  test('of names that are one on some file systems are refused before any request', async () => {
    const store = await server('a', 'b');
    await refused([file('Tool', 'a'), file('tool', 'b')], 'E_COLLISION', { stores: [store.url] });
    expect(store.requests).toEqual([]);
  });

  test('an interrupted run leaves nothing unfinished', async () => {
    const store = await server('slow');
    const stop = new AbortController();
    store.fault = (_, response) => {
      response.writeHead(200, { 'content-length': 4 });
      response.write('sl');
      setTimeout(() => stop.abort(new Error('interrupted')), 50);
      return true;
    };
    const output = await temporaryFolder();
    await expect(
      getFiles([file('slow', 'slow')], { stores: [store.url], output, signal: stop.signal }),
    ).rejects.toThrow();
    expect(await readdir(output)).toEqual([]);
  });
});

describe('the files that are wanted', () => {
  const assets = ['tool-linux-amd64', 'tool-darwin-arm64', 'tool-linux-amd64.sig', 'odd[1].txt'].map((name) =>
    file(name, name),
  );
  const names = async (...args: Parameters<typeof selectAssets>[1][]) =>
    (await selectAssets(assets, args[0] ?? {}, 'o/r@v1')).map(({ name }) => name);

  test.each([
    [[], assets.map(({ name }) => name)],
    [['tool-linux-amd64'], ['tool-linux-amd64']],
    [['*linux*'], ['tool-linux-amd64', 'tool-linux-amd64.sig']],
    [
      ['*.sig', '*linux*'],
      ['tool-linux-amd64', 'tool-linux-amd64.sig'],
    ],
    [['odd[1].txt'], ['odd[1].txt']],
    [['*'], assets.map(({ name }) => name)],
  ])('by %j', async (patterns, expected) => {
    expect(await names({ patterns })).toEqual(expected);
  });

  test('one that is not there is not acknowledged', async () => {
    await expect(() => names({ patterns: ['tool-linux-amd64', '*.deb'] })).toFailWith('E_NOT_FOUND');
  });

  test('by a platform, within what globs leave', async () => {
    expect(await names({ platform: parsePlatform('linux/amd64') })).toEqual(['tool-linux-amd64']);
    await expect(() => names({ platform: parsePlatform('linux/amd64'), patterns: ['*darwin*'] })).toFailWith(
      'E_NOT_FOUND',
    );
  });

  test('several for a platform: a person is asked, a pipe gets the list', async () => {
    const two = ['a-linux-amd64', 'b-linux-amd64'].map((name) => file(name, name));
    const platform = parsePlatform('linux/amd64');
    const asked = await selectAssets(two, { platform, ask: async (choices) => choices[1] ?? '' }, 'o/r@v1');
    expect(asked.map(({ name }) => name)).toEqual(['b-linux-amd64']);
    await expect(selectAssets(two, { platform }, 'o/r@v1')).rejects.toMatchObject({
      code: 'E_USAGE',
      hint: 'name one of them, or a tool with --tool: a-linux-amd64, b-linux-amd64',
    });
  });

  test('the same bytes under two names are not question', async () => {
    const two = ['jq-linux-amd64', 'jq-linux64'].map((name) => file(name, 'the same'));
    const picked = await selectAssets(two, { platform: parsePlatform('linux/amd64') }, 'o/r@v1');
    expect(picked.map(({ name }) => name)).toEqual(['jq-linux-amd64']);
  });
});
