import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERRORS } from '../../ledger-schema/error.ts';
import { ERRORS_PAGE, errorsPage } from '../../scripts/docs/docs-errors.ts';

test('docs/errors.md is what scripts/docs/docs-errors.ts makes of the table, and has every code once', async () => {
  const page = await readFile(join(import.meta.dirname, '../..', ERRORS_PAGE), 'utf8');
  expect(page, 'run npm run build && node dist/scripts/docs/docs-errors.js').toBe(errorsPage());
  for (const code of Object.keys(ERRORS)) expect(page.split(`| \`${code}\` |`), code).toHaveLength(2);
});
