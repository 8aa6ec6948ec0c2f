import { readFileSync } from 'node:fs';
import { withProgram } from '../io/program-source.ts';
import type { ProgramSource } from '../io/program-source.ts';
import { typed } from '../io/shell.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';

/** Checkouts are for people's eyes; still, none of them may turn a record's bytes into others. */
const ATTRIBUTES = `packages/** -text -diff
trust/** -text
`;

function template(name: string): string {
  return readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8');
}

/** A placeholder for the owners until somebody fills them in: no GitHub account can have such a name. */
export const OWNERS_PLACEHOLDER = '@YOUR_ORGANISATION/YOUR_TEAM';

/**
 * Whose review GitHub asks for: everything but records and policies, which are signed, and judged by the gate. `owners` are
 * as CODEOWNERS has them: `@user`, `@organisation/team` or a mail address.
 */
export function codeowners(owners: readonly string[]): string {
  return [
    '# Who must review a change of how this ledger is checked. Records and policies are signed: the gate judges those.',
    ...(owners.length === 0 ? ['# Put your people here; until then GitHub asks nobody.'] : []),
    `* ${(owners.length === 0 ? [OWNERS_PLACEHOLDER] : owners).join(' ')}`,
    '/packages/',
    '/trust/',
    '',
  ].join('\n');
}

/** Throws `E_USAGE` for what can't stand in CODEOWNERS. */
export function parseCodeOwner(text: string): string {
  if (/^(?:@[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\/[A-Za-z0-9._-]{1,100})?|[^\s@#]+@[A-Za-z0-9.-]+)$/.test(text))
    return text;
  return fail('E_USAGE', `${brief(text)} is not a code owner`, {
    hint: 'write @USER, @ORGANISATION/TEAM or a mail address',
  });
}

/** What a new ledger holds beside its policy: for its people, and the workflows of its gate and its merge. */
export function ledgerExtras({
  program,
  codeOwners = [],
}: {
  readonly program: ProgramSource;
  readonly codeOwners?: readonly string[];
}): ReadonlyMap<string, string> {
  const workflow = (name: string): string => withProgram(template(name), program);
  return new Map([
    ['README.md', template('README.md')],
    ['.gitattributes', ATTRIBUTES],
    ['.github/CODEOWNERS', codeowners(codeOwners)],
    ['.github/workflows/gate.yml', workflow('gate.yml')],
    ['.github/workflows/merge.yml', workflow('merge.yml')],
  ]);
}

/** GitHub Actions itself: a check of the gate's name by another app doesn't count. */
const ACTIONS_APP = 15368;

/**
 * What to set for the ledger's branch on GitHub, as a line to run; `repository` is `OWNER/REPO`. `strict`: what is merged has
 * the newest base in it, so that what the gate judged is what is merged. Reviews are asked for by CODEOWNERS alone.
 */
export function protectionLine(repository: string, branch = 'main'): string {
  const rules = {
    required_status_checks: { strict: true, checks: [{ context: 'gate', app_id: ACTIONS_APP }] },
    enforce_admins: true,
    required_pull_request_reviews: { require_code_owner_reviews: true, required_approving_review_count: 0 },
    restrictions: null,
    allow_force_pushes: false,
    allow_deletions: false,
  };
  return typed`echo ${JSON.stringify(rules)} | gh api --method PUT ${`repos/${repository}/branches/${branch}/protection`} --input -`;
}
