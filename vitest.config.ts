import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Rooms without processes and servers: their tests share workers. */
const PURE = ['ledger-schema', 'upstream', 'evidence', 'inspect'].map((room) => `test/${room}/**/*.test.ts`);
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
          name: 'pure',
          include: PURE,
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
          exclude: [...PURE, ACCEPTANCE],
          // Each file has a worker of its own: a small process starts git sooner than one that has grown.
          globalSetup: ['test/global-setup.ts'],
          setupFiles: ['test/matchers.ts'],
        },
      },
    ],
  },
});
