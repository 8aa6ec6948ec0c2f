import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** What needs servers, browsers or other programs is `npm run test:acceptance`. */
const ACCEPTANCE = 'test/**/*.acceptance.test.ts';
/** Real statements of upstream are no part of this repository. */
const REAL = existsSync(process.env.PULLTHROUGH_TEST_EVIDENCE ?? '') ? [] : ['test/evidence/real.test.ts'];
/** What replaces modules: each of these files has a worker of its own. All others share workers, which load the program once. */
const ALONE = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((path) => path.endsWith('.test.ts') && readFileSync(path, 'utf8').includes('vi.mock('));
/** What starts git again and again: its workers are not those that grow large by the other rooms' bodies and cases. */
const GIT = ['cli', 'consumer', 'executor', 'ledger', 'owner', 'proposals', 'reviewer'].map(
  (room) => `test/${room}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 180_000,
    maxWorkers: 4,
    // A machine that is busy with something else can make a server or a process too slow once.
    retry: process.env.CI === 'true' ? 2 : 0,
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/matchers.ts', 'test/file-setup.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'git', include: GIT, exclude: [...ALONE, ACCEPTANCE], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...GIT, ...ALONE, ACCEPTANCE, ...REAL],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, exclude: [ACCEPTANCE] } },
    ],
  },
});
