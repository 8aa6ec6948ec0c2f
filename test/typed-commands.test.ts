import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../cli/spec/index.ts';
import { ROOMS } from './import-rules.ts';

/**
 * Text in which a command stands that somebody may copy, and behind it whatever is put into the text. A shell's word ends
 * at what a sentence ends with.
 */
const NAMES = [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0]))].join('|');
const BEGINS =
  `(?:pullthrough (?:${NAMES})|\\bgit (?:-C|clone|config|fetch|push|merge|branch|checkout|log|show|bundle)|` +
  '\\bgpg(?: --[a-z-]+)+|\\bgpgv |\\bgh (?:api|auth|pr|release|repo)|\\bcurl -|\\bsha256sum |\\bssh-keyscan |\\bchmod )';
const COMMAND = new RegExp(`${BEGINS}[^.;)\`\\n]*$`);
const MAY_HAVE_ONE = new RegExp(BEGINS);

function sources(): Map<string, ts.SourceFile> {
  const files = new Map<string, ts.SourceFile>();
  const rooms = ROOMS.filter((room) => room !== 'scripts');
  for (const room of rooms) {
    for (const entry of readdirSync(room, { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue;
      const path = join(room, entry);
      const text = readFileSync(path, 'utf8');
      if (MAY_HAVE_ONE.test(text)) files.set(path, ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
    }
  }
  return files;
}

/** Where something is put behind a command without {@link typed}. */
function loose(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const report = (node: ts.Node): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${source.fileName}:${line + 1} ${node.getText().slice(0, 120)}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'typed') {
      const { template } = node;
      if (ts.isTemplateExpression(template)) for (const span of template.templateSpans) visit(span.expression);
      return;
    }
    if (ts.isTemplateExpression(node)) {
      let before = node.head.text;
      for (const span of node.templateSpans) {
        if (COMMAND.test(before)) report(node);
        before += `\u0001${span.literal.text}`;
      }
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
      const { left, right } = node;
      const text = ts.isStringLiteralLike(left) ? left.text : undefined;
      if (text !== undefined && COMMAND.test(text) && !ts.isStringLiteralLike(right)) report(node);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('commands that are shown to be typed', () => {
  test('have whatever is put into them quoted by the one function', () => {
    expect([...sources().values()].flatMap(loose)).toEqual([]);
  });

  test.each([
    ['a hint', 'const hint = `to merge it: pullthrough ledger merge ${branch}`;'],
    ['a hint with a word between', 'const hint = `pullthrough ledger merge ${a} --x ${b}`;'],
    ['a sum', "const hint = 'pullthrough ack ' + branch;"],
    ['git', 'const hint = `git -C ${folder} push`;'],
    ['one inside of another', 'const hint = typed`pullthrough ack ${`pullthrough ack ${x}`}`;'],
  ])('are found where they are not: %s', (_, text) => {
    expect(loose(ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true))).not.toEqual([]);
  });

  test.each([
    ['typed', 'const hint = `to merge it: ${typed`pullthrough ledger merge ${branch}`}`;'],
    ['before the command', 'const hint = `${names} sign it: pullthrough trust sign`;'],
    ['in another sentence', 'const hint = `pullthrough trust show lists them; ${names} may sign`;'],
  ])('are none: %s', (_, text) => {
    expect(loose(ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true))).toEqual([]);
  });
});
