import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Each file has a worker of its own: a small process starts git sooner than one that has grown, several times over.
    // Most tests wait for git, gpg and servers: more files at once than cores.
    maxWorkers: 4,
    // A machine that is busy with something else can make a server or a process too slow once.
    retry: process.env.CI === 'true' ? 2 : 0,
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/matchers.ts'],
  },
});
