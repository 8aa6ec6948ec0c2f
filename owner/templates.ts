import { readFileSync } from 'node:fs';
import { typed } from '../io/shell.ts';

/** Checkouts are for people's eyes; still, none of them shall turn a record's bytes into others. */
const ATTRIBUTES = `packages/** -text -diff
trust/** -text
`;

function template(name: string): string {
  return readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8');
}

/** What a new ledger holds beside its policy: for its people, and the workflows of its gate and its merge. */
export function ledgerExtras({ version }: { readonly version: string }): ReadonlyMap<string, string> {
  const workflow = (name: string): string => template(name).replaceAll('@VERSION@', version);
  return new Map([
    ['README.md', template('README.md')],
    ['.gitattributes', ATTRIBUTES],
    // The policy is signed; what checks it is the owners' to change.
    [
      '.github/CODEOWNERS',
      '# Whoever may change how this ledger is checked. Put your team here:\n# /.github/ @acme/platform\n',
    ],
    ['.github/workflows/gate.yml', workflow('gate.yml')],
    ['.github/workflows/merge.yml', workflow('merge.yml')],
  ]);
}

/** What to set for the ledger's branch on GitHub, as a line to run; `repository` is `OWNER/REPO`. */
export function protectionLine(repository: string, branch = 'main'): string {
  const rules = {
    required_status_checks: { strict: false, checks: [{ context: 'gate' }] },
    enforce_admins: true,
    required_pull_request_reviews: null,
    restrictions: null,
    allow_force_pushes: false,
    allow_deletions: false,
  };
  return typed`echo ${JSON.stringify(rules)} | gh api --method PUT ${`repos/${repository}/branches/${branch}/protection`} --input -`;
}
