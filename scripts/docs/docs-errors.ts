import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { HINTS } from '../../cli/screens/hints.ts';
import { ERRORS } from '../../ledger-schema/error.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';

const SECTIONS = [
  [2, 'Exit 2: the command line or a file here is wrong', 'Found before any request; nothing was done.'],
  [1, 'Exit 1: it failed', 'What the message names is the cause; most of these are worth another try.'],
  [4, 'Exit 4: some tools worked and others did not', 'The summary lists each.'],
  [3, 'Exit 3: not trusted', 'A signature, a threshold, a digest, a pin, or an append-only rule refuses it.'],
] as const;

/** docs/errors.md, made from the table of errors. */
export function errorsPage(): string {
  const codes = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][];
  const sections = SECTIONS.map(([exit, title, says]) => {
    const rows = codes.flatMap(([code, [of, meaning]]) =>
      of === exit ? [`| \`${code}\` | ${meaning} | ${HINTS[code]} |`] : [],
    );
    return [
      `## ${title}`,
      says,
      [
        '| code | meaning | what to do, where the message has no better hint |',
        '| --- | --- | --- |',
        ...rows.sort(),
      ].join('\n'),
    ].join('\n\n');
  });
  return `# Errors

Every error has a stable code. A person reads \`error: what is wrong and where [CODE]\` and \`hint: what to do\` on stderr; with
\`--json\` stdout has \`{ "error": { "code", "message", "hint" } }\` beside whatever results there are. Exit 3 beats 4, and a
signal ends a run with 130 (SIGINT), 143 (SIGTERM) or 129 (SIGHUP). \`PULLTHROUGH_DEBUG=1\` adds where in the program it was.

This page is made from \`ledger-schema/error.ts\`, by \`npm run build && node dist/scripts/docs/docs-errors.js\`.

${sections.join('\n\n')}
`;
}

export const ERRORS_PAGE = 'docs/errors.md';

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(ERRORS_PAGE, errorsPage());
