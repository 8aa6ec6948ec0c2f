import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.acceptance.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 4,
    // A machine that is busy with something else can make a server or a process too slow once.
    retry: process.env.CI === 'true' ? 2 : 0,
    globalSetup: ['test/acceptance-setup.ts', 'test/global-setup.ts'],
    setupFiles: ['test/matchers.ts', 'test/file-setup.ts'],
  },
});
