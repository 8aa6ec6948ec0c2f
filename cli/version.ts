/** package.json's version, here so that `--version` reads no file; test/release.acceptance.test.ts holds them equal. */
export const VERSION = '0.1.0';

/** The commit that the bundle was made from; scripts/bundle.ts puts it in. */
const COMMIT: string = '@COMMIT@';

/** What `--version` says. */
export function versionText(): string {
  const commit = /^[0-9a-f]{40}$/.test(COMMIT) ? `commit ${COMMIT.slice(0, 12)}, ` : '';
  return `${VERSION} (${commit}node ${process.version})`;
}
