import { defineConfig } from 'vitest/config';

/** They replace modules or the environment, and so have their modules to themselves. */
const ALONE = ['test/io/proxy.test.ts', 'test/store/file-store.test.ts', 'test/store/s3-*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Most tests wait for git, gpg and servers: more files at once than cores.
    maxWorkers: 4,
    // A machine that is busy with something else can make a server or a process too slow once.
    retry: process.env.CI === 'true' ? 2 : 0,
    globalSetup: ['test/global-setup.ts'],
    projects: [
      {
        extends: true,
        // One worker loads each module once, whatever the number of its files.
        test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: ALONE, isolate: false },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
    setupFiles: ['test/matchers.ts'],
  },
});
