import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What starts no git and replaces no module: these files share workers, which load the program once. */
const SHARED = [
  ...['ledger-schema', 'upstream', 'evidence', 'inspect', 'docs'].map((room) => `test/${room}/**/*.test.ts`),
  'test/*.test.ts',
  'test/adoption/*.test.ts',
  ...['config', 'key-minisign', 'output', 'program'].map((name) => `test/cli/${name}.test.ts`),
  ...['choose', 'files-below', 'get', 'platform', 'stale'].map((name) => `test/consumer/${name}.test.ts`),
  'test/consumer/serve/serve-range.test.ts',
  ...['init', 'plan', 'record', 'watch-findings'].map((name) => `test/executor/${name}.test.ts`),
  ...['assets', 'etag-cache', 'notes', 'pulls', 'releases', 'wire'].map((name) => `test/github/${name}.test.ts`),
  ...['escape', 'file', 'file-writer', 'http', 'ini', 'limit', 'rename', 'shell', 'token-hosts'].map(
    (name) => `test/io/${name}.test.ts`,
  ),
  ...['append-only', 'freshness', 'gate', 'rollback', 'usable-key'].map((name) => `test/ledger/${name}.test.ts`),
  'test/owner/templates.test.ts',
  ...['pull-body', 'versionless'].map((name) => `test/proposals/${name}.test.ts`),
  ...['check', 'copy', 'public'].map((name) => `test/store/${name}.test.ts`),
];
/** What needs servers, browsers or other programs is `npm run test:acceptance`. */
const ACCEPTANCE = 'test/**/*.acceptance.test.ts';
/** Real statements of upstream are no part of this repository. */
const REAL = existsSync(process.env.PULLTHROUGH_TEST_EVIDENCE ?? '') ? [] : ['test/evidence/real.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 180_000,
    maxWorkers: 4,
    // A machine that is busy with something else can make a server or a process too slow once.
    retry: process.env.CI === 'true' ? 2 : 0,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: SHARED,
          exclude: [ACCEPTANCE, ...REAL],
          isolate: false,
          setupFiles: ['test/matchers.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: [...SHARED, ACCEPTANCE],
          // Each file has a worker of its own: a small process starts git sooner than one that has grown.
          globalSetup: ['test/global-setup.ts'],
          setupFiles: ['test/matchers.ts'],
        },
      },
    ],
  },
});
