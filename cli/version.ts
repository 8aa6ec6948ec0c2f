/** package.json's version, here so that `--version` reads no file; test/release.acceptance.test.ts holds them equal. */
export const VERSION = '0.1.0';
