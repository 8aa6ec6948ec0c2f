import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOMS, breaches, filesLoadedWith, loadedWith } from './import-rules.ts';

const root = join(import.meta.dirname, '..');

function readSources(): Map<string, string> {
  const sources = new Map<string, string>();
  for (const room of ROOMS) {
    for (const entry of readdirSync(join(root, room), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const path = join(entry.parentPath, entry.name);
      sources.set(path.slice(root.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8'));
    }
  }
  return sources;
}

const sources = readSources();

describe('this tree', () => {
  test('has files in every room', () => {
    for (const room of ROOMS) {
      expect(
        Array.from(sources.keys()).some((path) => path.startsWith(`${room}/`)),
        room,
      ).toBe(true);
    }
  });

  test('imports go down only, without cycles, and packages stay with their rooms', () => {
    expect(breaches(sources)).toEqual([]);
  });

  test('the version costs no module, a consumer neither Octokit nor the AWS SDK', () => {
    expect([...loadedWith('cli/main.ts', sources)]).toEqual([]);
    for (const start of ['consumer/index.ts', 'cli/commands/consumer.ts', 'cli/wiring/run-command.ts']) {
      const heavy = [...loadedWith(start, sources)].filter((name) =>
        /^@(?:octokit|aws-sdk|smithy|sigstore)\/|^(?:fastify|snappyjs)$/.test(name),
      );
      expect(heavy, start).toEqual([]);
    }
    expect([...loadedWith('cli/wiring/run-command.ts', sources)].filter((name) => name === 'openpgp')).toEqual([]);
  });

  test('nothing of what upstream signed is loaded with a command of the consumer', () => {
    const commands = ['get', 'verify', 'lock', 'audit'].map((name) => `cli/commands/consumer/${name}.ts`);
    const lazily = ['consumer.ts', 'resolve.ts', 'verify/verify-file.ts', 'verify/inventory.ts', 'download/mirrors.ts'];
    for (const start of [...commands, ...lazily.map((name) => `consumer/${name}`)]) {
      const files = [...filesLoadedWith(start, sources)].filter((path) => path.startsWith('evidence/'));
      expect(files, start).toEqual([]);
    }
  });

  test('git looks at the ledger before what judges it is loaded', () => {
    for (const start of ['consumer/consumer.ts', 'cli/commands/consumer/get.ts', 'cli/commands/consumer/verify.ts']) {
      const judges = [...loadedWith(start, sources)].filter((name) => ['openpgp', 'zod'].includes(name));
      expect(judges, start).toEqual([]);
    }
  });
});

describe('the checker', () => {
  const check = (files: Record<string, string>) => breaches(new Map(Object.entries(files)));

  test('lets through what is allowed', () => {
    expect(
      check({
        'cli/a.ts': "import { b } from '../store/b.ts'; const c = await import('../io/c.ts');",
        'store/b.ts': "import { S3Client } from '@aws-sdk/client-s3'; import type { C } from '../io/c.ts';",
        'io/c.ts': "import { fetch } from 'undici'; import { x } from '../ledger-schema/x.ts'; Date.now();",
        'ledger-schema/x.ts': "import * as z from 'zod'; new Date(text); const y = { process: 1 }; y.process;",
        'ledger-schema/openpgp/openpgp-key.ts': "import { readKey } from 'openpgp';",
        'consumer/serve/http.ts': "import fastify from 'fastify';",
      }),
    ).toEqual([]);
  });

  test.each([
    ['up', 'io/a.ts', "import { b } from '../cli/b.ts'", 'io stands not above cli'],
    ['up by a type', 'io/a.ts', "import type { B } from '../cli/b.ts'", 'io stands not above cli'],
    ['up by export', 'io/a.ts', "export * from '../cli/b.ts'", 'io stands not above cli'],
    ['up by import()', 'io/a.ts', "await import('../cli/b.ts')", 'io stands not above cli'],
    ["up by import('').T", 'io/a.ts', "let x: import('../cli/b.ts').B", 'io stands not above cli'],
    ['up by require', 'io/a.ts', "import b = require('../cli/b.ts')", 'io stands not above cli'],
    ['sideways', 'store/a.ts', "import { c } from '../github/c.ts'", 'store stands not above github'],
    ['into the tests', 'io/a.ts', "import { c } from '../test/c.ts'", 'not a source file'],
    ['what is not there', 'cli/a.ts', "import { c } from './gone.ts'", 'not a source file'],
    ['without .ts', 'cli/a.ts', "import { b } from './b'", 'not a source file'],
    ['a computed name', 'cli/a.ts', 'await import(`./${name}.ts`)', 'computed'],
    ['openpgp elsewhere', 'ledger/signing/signer.ts', "import { sign } from 'openpgp'", 'another room'],
    ['octokit elsewhere', 'cli/a.ts', "import { Octokit } from '@octokit/rest'", 'another room'],
    ['the AWS SDK elsewhere', 'cli/a.ts', "import type { S3Client } from '@aws-sdk/client-s3'", 'another room'],
    ['simple-git elsewhere', 'cli/a.ts', "import git from 'simple-git'", 'another room'],
    ['undici elsewhere', 'github/c.ts', "import { fetch } from 'undici'", 'another room'],
    ['a part of undici elsewhere', 'github/c.ts', "import pool from 'undici/lib/dispatcher/pool.js'", 'another room'],
    ['Sigstore elsewhere', 'ledger/a.ts', "import { Verifier } from '@sigstore/verify'", 'another room'],
    ['fastify elsewhere', 'consumer/download/get.ts', "import fastify from 'fastify'", 'another room'],
    ['node: in the schema', 'ledger-schema/a.ts', "import { join } from 'node:path'", 'pure'],
    ['a package in the schema', 'ledger-schema/a.ts', "import picomatch from 'picomatch'", 'pure'],
    ['the clock', 'ledger-schema/a.ts', 'const t = Date.now()', 'Date.now'],
    ['the clock by new', 'ledger-schema/a.ts', 'const t = new Date()', 'present time'],
    ['the clock by new without brackets', 'ledger-schema/a.ts', 'const t = new Date', 'present time'],
    ['the clock by call', 'ledger-schema/a.ts', 'const t = Date()', 'present time'],
    ['the network', 'ledger-schema/a.ts', "await fetch('https://x')", 'uses fetch'],
    ['process', 'ledger-schema/a.ts', 'process.env.X', 'uses process'],
    ['Buffer', 'ledger-schema/a.ts', "Buffer.from('x')", 'uses Buffer'],
    ['globalThis', 'ledger-schema/a.ts', 'globalThis.process', 'uses globalThis'],
  ])('refuses %s', (_, path, source, complaint) => {
    const others = { 'cli/b.ts': 'export const b = 1;', 'github/c.ts': '', [path]: source };
    expect(check(others).join('\n')).toContain(complaint);
  });

  test('finds cycles inside a room, also of types', () => {
    const found = check({ 'io/a.ts': "import './b.ts'", 'io/b.ts': "import type { A } from './a.ts'" });
    expect(found).toEqual(['a cycle: io/a.ts -> io/b.ts -> io/a.ts']);
    expect(check({ 'io/a.ts': "import './a.ts'" })).toEqual(['a cycle: io/a.ts -> io/a.ts']);
  });

  test('sees what is loaded, and what is not yet', () => {
    const files = new Map([
      ['cli/a.ts', "import './b.ts'; import type { C } from './c.ts'; await import('./d.ts');"],
      ['cli/b.ts', "import 'commander';"],
      ['cli/c.ts', "import 'zod';"],
      ['cli/d.ts', "import 'openpgp';"],
    ]);
    expect([...loadedWith('cli/a.ts', files)]).toEqual(['commander']);
  });
});
