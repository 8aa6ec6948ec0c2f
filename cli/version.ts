/** package.json's version, here so that `--version` reads no file; test/cli/version.test.ts holds them equal. */
export const VERSION = '0.1.0';
