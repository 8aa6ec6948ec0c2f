import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { standingComment } from '../../reviewer/signing/comment.ts';
import { protectionLine } from '../../owner/templates.ts';
import { shellWord, typed } from '../../io/shell.ts';

const HOSTILE = [
  'x;$(id)',
  'x`id`',
  "it's",
  `"quoted"`,
  "'; id; '",
  'a b',
  '*',
  '~',
  '~root',
  '#x',
  '!!',
  '!x',
  '$HOME',
  '${x}',
  '{a,b}',
  '<x',
  '>x',
  '&',
  '|',
  '\\',
  "\\'",
  '',
  '=ls',
  'v1%2B2',
  '[a]',
  '(x)',
  '^x^y',
  'é',
];

/** The words that a shell makes of a line. */
function words(shell: string, line: string): string[] {
  return execFileSync(shell, ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

const shells = ['bash', 'dash', 'zsh', 'fish'].filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);

describe('a word that is shown to be typed', () => {
  test.each(shells)('is the very text to %s, and runs nothing', (shell) => {
    expect(words(shell, HOSTILE.map(shellWord).join(' '))).toEqual(HOSTILE);
  });

  test('whatever it is', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom(...'ab\'"\\`$(){};&|<>*?[]~#!=%^ -') }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(texts, (list) => {
        expect(words('bash', list.map(shellWord).join(' '))).toEqual(list);
      }),
      { numRuns: 20 },
    );
  });

  test('is not quoted where nothing asks for it', () => {
    expect(typed`pullthrough ledger merge ${'pullthrough/github.com/acme/tool/v1.2.3'}`).toBe(
      'pullthrough ledger merge pullthrough/github.com/acme/tool/v1.2.3',
    );
  });

  test('has on one line what can be seen', () => {
    expect(shellWord('x\n\u001b[2Jid')).toBe(String.raw`'x'\\'u{a}'\\'u{1b}[2Jid'`);
  });

  test('may be several', () => {
    expect(typed`pullthrough get ${['jqlang/jq@^1', '*.gz']} --json`).toBe(
      "pullthrough get 'jqlang/jq@^1' '*.gz' --json",
    );
  });
});

describe('lines to copy', () => {
  test('of a pull request’s comment run nothing of a branch’s name', () => {
    const standing = { acks: [], nacks: [], missing: 1, threshold: 1, owes: ['ada'], state: 'proposed' } as const;
    const comment = standingComment(standing, "x;$(id)'");
    expect(comment).toContain(String.raw`pullthrough ack 'x;$(id)'\'''`);
  });

  test('of a branch’s protection are one command', () => {
    const [, json = ''] = words('bash', protectionLine('acme/ledger').replace(' | ', ' ; : '));
    expect(JSON.parse(json)).toMatchObject({ enforce_admins: true });
  });
});
