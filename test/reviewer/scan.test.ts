import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../cli/wiring/settings/config.ts';
import type { ComparedFile } from '../../reviewer/compare/compare-files.ts';
import { scanFiles } from '../../reviewer/scan-files.ts';
import { SCAN_LIMITS, scanFile } from '../../reviewer/scanner.ts';
import type { Scan, ScanLimits } from '../../reviewer/scanner.ts';
import { Spool } from '../../reviewer/compare/spool.ts';

/** A folder with a scanner, and a file to scan. */
function place(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'pt-scan-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'scan.sh'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'scan.sh'), 0o755);
  writeFileSync(join(folder, 'bytes'), 'the bytes');
  return folder;
}

interface More {
  readonly env?: NodeJS.ProcessEnv;
  readonly limits?: Partial<ScanLimits>;
  readonly signal?: AbortSignal;
  readonly words?: readonly string[];
}

function scan(folder: string, { env = {}, limits, signal, words = ['./scan.sh', '{file}'] }: More = {}): Promise<Scan> {
  return scanFile(words, {
    file: join(folder, 'bytes'),
    name: 'tool.tar.gz',
    folder,
    home: '/nonexistent',
    env: { PATH: process.env.PATH, ...env },
    signal,
    limits: { ...SCAN_LIMITS, ...limits },
  });
}

describe('a scanner', () => {
  test('gets the file’s path, and its exit code and first lines are told by the file’s name', async () => {
    const folder = place('cat "$1"; echo; echo "$1: bad" >&2; exit 7');
    expect(await scan(folder)).toEqual({ scanner: './scan.sh', exit: 7, lines: ['the bytes', 'tool.tar.gz: bad'] });
  });

  test('finds no token, no key and no home of its user', async () => {
    const folder = place('env');
    const secrets = {
      LEDGER_TOKEN: 'secret',
      GITHUB_TOKEN: 'secret',
      PULLTHROUGH_SIGNING_PASSPHRASE: 'secret',
      PULLTHROUGH_TOKEN_GHE: 'secret',
      AWS_SECRET_ACCESS_KEY: 'secret',
      GNUPGHOME: 'secret',
      SSH_AUTH_SOCK: 'secret',
      HOME: 'secret',
    };
    const { lines } = await scan(folder, { env: { ...secrets, LANG: 'C' }, limits: { lines: 100 } });
    expect(lines).toContain('HOME=/nonexistent');
    expect(lines).toContain('LANG=C');
    expect(lines.join()).not.toContain('secret');
  });

  test('no shell reads its words', async () => {
    const folder = place('printf "%s\\n" "$@"');
    const { lines } = await scan(folder, { words: ['./scan.sh', '$(touch made); `x`', '>out', '--file={file}'] });
    expect(lines).toEqual(['$(touch made); `x`', '>out', '--file=tool.tar.gz']);
  });

  test('that prints without an end keeps its first lines alone', async () => {
    const folder = place(
      'head -c 3000000 /dev/zero | tr "\\0" x; i=0; while [ $i -lt 99 ]; do echo $i; i=$((i+1)); done',
    );
    const { exit, lines } = await scan(folder);
    expect([exit, lines.length, lines[0]?.length]).toEqual([0, 1, SCAN_LIMITS.line]);
    expect((await scan(place('seq 1 99'))).lines).toEqual(Array.from({ length: 10 }, (_, i) => String(i + 1)));
  });

  test('that does not end is killed with what it started', async () => {
    const folder = place('sleep 300 & echo $! > started; echo begun; wait');
    const { exit, failure, lines } = await scan(folder, { limits: { patience: 1000 } });
    expect({ exit, failure, lines }).toEqual({
      exit: undefined,
      failure: 'it did not end within 1 s',
      lines: ['begun'],
    });
    expect(await isGone(Number(readFileSync(join(folder, 'started'), 'utf8')))).toBe(true);
  });

  test('that ends and leaves something running holds nobody up, and leaves nothing', async () => {
    const folder = place('sleep 300 & echo $! > started; echo done');
    expect(await scan(folder)).toMatchObject({ exit: 0, lines: ['done'] });
    expect(await isGone(Number(readFileSync(join(folder, 'started'), 'utf8')))).toBe(true);
  });

  test('is killed when the run is interrupted', async () => {
    const controller = new AbortController();
    const running = scan(place('sleep 300'), { signal: controller.signal });
    controller.abort(new Error('interrupted'));
    await expect(running).rejects.toThrow('interrupted');
  });

  test('that is not there, or is killed, did not scan', async () => {
    const folder = place('kill -9 $$');
    expect(await scan(folder)).toMatchObject({ exit: undefined, failure: 'ended by SIGKILL' });
    const gone = await scan(folder, { words: ['no-such-scanner', '{file}'] });
    expect(gone).toEqual({
      scanner: 'no-such-scanner',
      exit: undefined,
      failure: 'there is no such program',
      lines: [],
    });
  });
});

/** A process that was killed is gone, or waits for its parent to notice. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      process.kill(pid, 0);
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await sleep(20);
  }
  return false;
}

describe('the files of a review', () => {
  const digest = (letter: string): string => letter.repeat(64);
  const fileOf = (name: string, sha256: string, upstream: 'same' | 'differs' = 'same') =>
    ({ recorded: { name, size: 1, sha256 }, upstream }) as ComparedFile;

  async function scanAll(script: string, own: boolean, files: readonly ComparedFile[], previous?: readonly string[]) {
    const root = place(script);
    await using spool = await Spool.open();
    for (const { recorded } of files) {
      const sink = await spool.sink(recorded.sha256);
      await sink.write(Buffer.from(recorded.name));
      await sink.end();
    }
    const context = {
      root,
      env: { PATH: process.env.PATH },
      scanners: { commands: [['./scan.sh', '{file}']], own },
      signal: undefined,
    };
    const before = previous && ({ assets: previous.map((sha256) => ({ sha256 })) } as never);
    return await scanFiles({ context, files, previous: before, spool });
  }

  test('are scanned where they compared equal and are new; 0 is a note, anything else wants a look', async () => {
    const files = [
      fileOf('good', digest('a')),
      fileOf('bad', digest('b')),
      fileOf('known', digest('c')),
      fileOf('other', digest('d'), 'differs'),
    ];
    const { findings, scans } = await scanAll('cat "$1"; grep -q good "$1"', true, files, [digest('c')]);
    expect(findings).toEqual([
      { name: 'scan-passed', level: 'note', message: './scan.sh ended with 0 on good: good', files: ['good'] },
      { name: 'scan-objects', level: 'look', message: './scan.sh ended with 1 on bad: bad', files: ['bad'] },
    ]);
    expect([...scans.keys()]).toEqual(['good', 'bad']);
  });

  test('are not scanned by a mirror.ini that is not known to be the reviewer’s, and that wants a look', async () => {
    const { findings, scans } = await scanAll('echo run', false, [fileOf('good', digest('a'))]);
    expect(findings).toMatchObject([{ name: 'scan-failed', level: 'look', files: [] }]);
    expect(scans.size).toBe(0);
  });
});

test('scan[] is a program and words of which one holds {file}', async () => {
  const folder = place('');
  const write = (line: string) => writeFileSync(join(folder, 'mirror.ini'), `[review]\n${line}\n`);
  write('scan[] = my-scanner "--log=a b" {file}');
  expect((await loadConfig({}, folder)).scan).toEqual([['my-scanner', '--log=a b', '{file}']]);
  for (const line of ['scan[] = clamscan', 'scan[] = {file}', 'scan[] = ""']) {
    write(line);
    await expect(loadConfig({}, folder)).toFailWith('E_CONFIG');
  }
});
