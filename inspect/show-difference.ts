import { createTwoFilesPatch } from 'diff';
import { bytesText } from '../io/size-text.ts';
import type { ContentChanges } from './compare-contents.ts';
import type { Contents, Member } from './member.ts';

/** Lines of one text's difference. */
const MOST_LINES = 2000;
/** How long the texts of one file are compared, and one of them; milliseconds. A hostile text takes as long as it may. */
const PATIENCE = 10_000;
const PATIENCE_EACH = 2000;

/**
 * What changed in a file, a line each: members that came, went and changed, texts line by line; without an earlier file all
 * that is in it. The lines hold text from outside.
 */
export function differenceLines(now: Contents, changes: ContentChanges | undefined, patience = PATIENCE): string[] {
  if (changes === undefined) return now.members.map((member) => `  ${described(member)}`);
  const until = performance.now() + patience;
  return [
    ...changes.added.flatMap((member) => [`+ ${described(member)}`, ...textLines(undefined, member, until)]),
    ...changes.gone.map((member) => `- ${described(member)}`),
    ...changes.changed.flatMap(({ before, now: member }) => [
      `- ${described(before)}`,
      `+ ${described(member)}`,
      ...textLines(before, member, until),
    ]),
  ];
}

function described({ path, kind, mode, size, target, program }: Member): string {
  const bits = mode === undefined ? '' : ` ${mode.toString(8).padStart(4, '0')}`;
  const what = program === undefined ? '' : `, ${program.format} ${program.architectures.join('+')}`;
  const libraries =
    program === undefined || program.libraries.length === 0 ? '' : `, needs ${program.libraries.join(' ')}`;
  const signed = program?.signed === undefined ? '' : program.signed ? ', signed' : ', not signed';
  if (target !== undefined) return `${path}${bits} -> ${target}`;
  return `${path}${bits} ${kind === 'file' ? bytesText(size) : kind}${what}${libraries}${signed}`;
}

function textLines(before: Member | undefined, { path, text }: Member, until: number): string[] {
  if (text === undefined || before?.text === text || (before !== undefined && before.text === undefined)) return [];
  const timeout = Math.min(PATIENCE_EACH, until - performance.now());
  const patch =
    timeout <= 0
      ? undefined
      : createTwoFilesPatch(path, path, before?.text ?? '', text, undefined, undefined, { timeout });
  const lines = patch?.split('\n').slice(4) ?? ['the texts differ in too much to show'];
  return lines.slice(0, MOST_LINES).map((line) => `    ${line}`);
}
