import { expect, test } from 'vitest';
import { OWNERS_PLACEHOLDER, codeowners, ledgerExtras, parseCodeOwner, protectionLine } from '../../owner/templates.ts';

const PROGRAM = { url: 'https://host.example/x.tgz', sha256: 'a'.repeat(64) };

test('the printed protection wants the newest base, the gate of GitHub Actions itself, and code owners', () => {
  const [, json = ''] = /^echo '(\{.*\})' \| gh api /.exec(protectionLine('acme/ledger')) ?? [];
  expect(JSON.parse(json)).toMatchObject({
    required_status_checks: { strict: true, checks: [{ context: 'gate', app_id: 15368 }] },
    enforce_admins: true,
    required_pull_request_reviews: { require_code_owner_reviews: true, required_approving_review_count: 0 },
    allow_force_pushes: false,
    allow_deletions: false,
  });
});

test('CODEOWNERS asks for a review of everything but records and policies, by the last rule that fits', () => {
  const rules = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(rules(codeowners(['@ada', '@acme/platform']))).toEqual(['* @ada @acme/platform', '/packages/', '/trust/']);
  // A name that no account can have: until somebody puts theirs in, nobody is asked.
  expect(rules(codeowners([]))[0]).toBe(`* ${OWNERS_PLACEHOLDER}`);
  expect(ledgerExtras({ program: PROGRAM, codeOwners: ['@ada'] }).get('.github/CODEOWNERS')).toBe(codeowners(['@ada']));
  for (const bad of ['ada', '@', '@a b', '@a\n* @eve', '']) {
    expect(() => parseCodeOwner(bad)).toThrow(expect.objectContaining({ code: 'E_USAGE' }) as Error);
  }
});

test("the gate judges the event's two commits, whatever their names stand for by then", () => {
  const gate = ledgerExtras({ program: PROGRAM }).get('.github/workflows/gate.yml') ?? '';
  expect(gate).toContain('github.event.pull_request.base.sha');
  expect(gate).toContain('github.event.pull_request.head.sha');
  expect(gate).not.toMatch(/base\.ref|refs\/pull\//);
});
