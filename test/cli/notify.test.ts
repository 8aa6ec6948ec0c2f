import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../cli/wiring/settings/config.ts';
import { executorNotifiers, namedNotifiers, notify, ownNotifiers } from '../../cli/wiring/notify.ts';
import type { LedgerEvent } from '../../cli/wiring/notify.ts';
import { atomFeed } from '../../owner/feed.ts';

const EVENTS: LedgerEvent[] = [
  { event: 'proposed', title: 'jqlang/jq jq-1.7.1', branch: 'pullthrough/x' },
  { event: 'merged', title: 'a\nb', commit: 'c' },
];

function place(script: string, line = 'command[] = ./notify.sh "two words" last') {
  const folder = mkdtempSync(join(tmpdir(), 'pt-notify-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'notify.sh'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'notify.sh'), 0o755);
  writeFileSync(join(folder, 'mirror.ini'), `[notify]\n${line}\n`);
  return folder;
}

async function run(folder: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const warnings: string[] = [];
  const output = { warn: (text: string) => void warnings.push(text) } as never;
  const config = await loadConfig({}, folder);
  await notify(
    executorNotifiers(config),
    { env: { PATH: process.env.PATH, ...env }, now: new Date(0), output },
    EVENTS,
  );
  return warnings;
}

test('a [notify] command gets one JSON event a line, its words as they are, and no secrets', async () => {
  const folder = place('cat > events\nprintf "%s|%s" "$1" "$2" > words\nenv > environment');
  const env = { LEDGER_TOKEN: 'secret', PULLTHROUGH_SIGNING_PASSPHRASE: 'secret', PULLTHROUGH_NOTIFY_URL: 'hook' };
  expect(await run(folder, env)).toEqual([]);
  const lines = readFileSync(join(folder, 'events'), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    EVENTS.map((event) => ({ ...event, at: '1970-01-01T00:00:00.000Z' })),
  );
  expect(readFileSync(join(folder, 'words'), 'utf8')).toBe('two words|last');
  const environment = readFileSync(join(folder, 'environment'), 'utf8');
  expect(environment).toContain('PULLTHROUGH_NOTIFY_URL=hook');
  expect(environment).not.toContain('secret');
});

test('one that fails, or that is not there, is a warning: what it tells of is done', async () => {
  expect(await run(place('exit 3'))).toEqual(['[notify] ./notify.sh: ended with 3']);
  expect((await run(place('', 'command[] = ./gone.sh'))).join()).toContain('[notify] ./gone.sh: ');
});

test("a reviewer's command runs none of a mirror.ini that may be somebody else's, and says so", async () => {
  const config = await loadConfig({}, place('touch ran'));
  const warnings: string[] = [];
  const output = { warn: (text: string) => void warnings.push(text) };
  expect(ownNotifiers(config, true, output).notify).toHaveLength(1);
  expect(warnings).toEqual([]);
  expect(ownNotifiers(config, false, output).notify).toEqual([]);
  expect(warnings.join()).toContain('name its folder with --tools');
  expect(ownNotifiers({ ...config, notify: [] }, false, output).notify).toEqual([]);
  expect(warnings).toHaveLength(1);
});

test('request, trust and ledger commands run none of a mirror.ini that was merely found, but one that --config names', async () => {
  const folder = place('touch ran');
  const config = await loadConfig({}, folder);
  const warnings: string[] = [];
  const output = { warn: (text: string) => void warnings.push(text) };
  expect(namedNotifiers(config, {}, output).notify).toEqual([]);
  expect(warnings.join()).toContain('name it with --config');
  expect(namedNotifiers(config, { config: join(folder, 'mirror.ini') }, output).notify).toHaveLength(1);
  expect(warnings).toHaveLength(1);
});

test('a feed holds what happened, and nothing of a hostile name but text', () => {
  const feed = atomFeed({ title: 'acme/ledger', ledger: 'f'.repeat(32), now: new Date(0) }, [
    {
      commit: 'abc',
      title: 'proposed: a/b </title><script>\u0001',
      date: new Date(0),
      by: '"x" & y',
      url: 'https://h/x?a=1&b',
    },
  ]);
  expect(feed).toContain('<title>proposed: a/b &lt;/title&gt;&lt;script&gt;');
  expect(feed).toContain('<name>&quot;x&quot; &amp; y</name>');
  expect(feed).toContain('<link href="https://h/x?a=1&amp;b"/>');
  expect(feed).not.toMatch(/<script>|\u0001/);
  expect(feed).toContain(`<id>urn:pullthrough:${'f'.repeat(32)}:abc</id>`);
});
