import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/** Those that take a minute and more come first: one that began at the end would be waited for alone. */
const LONGEST = [
  'owner/bundle-kill',
  'consumer/site/site-browser',
  'workflows/run',
  'owner/bundle',
  'consumer/rollback-git',
  'consumer/serve/serve-hostile-host',
  'docs/when',
  'executor/store',
  'store/s3-store',
  'executor/watch',
  'ledger-schema/hostile',
  'docs/ledger-owner',
].map((name) => `/test/${name}.acceptance.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return found < 0 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
  },
});
