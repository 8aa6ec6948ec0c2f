import { bytesText } from '../io/size-text.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { finding } from './finding.ts';
import type { Finding, FindingName } from './finding.ts';
import type { Contents, Member } from './member.ts';
import { described } from './formats/executable.ts';
import { someOf } from './some-names.ts';

/** What is new in a file, compared with the one before it. */
export interface ContentChanges {
  readonly added: readonly Member[];
  readonly gone: readonly Member[];
  readonly changed: readonly { readonly before: Member; readonly now: Member }[];
}

/**
 * Compares what is in two files of one kind, member by member. `plain` takes the release's version out of a name, so that
 * `tool-1.2/bin` is followed by `tool-1.3/bin`. Pure.
 */
export function compareContents(
  before: Contents,
  now: Contents,
  plain: { readonly before: (name: string) => string; readonly now: (name: string) => string },
): ContentChanges {
  const earlier = new Map(before.members.map((member) => [plain.before(member.path), member]));
  const added: Member[] = [];
  const changed: { before: Member; now: Member }[] = [];
  for (const member of now.members) {
    const key = plain.now(member.path);
    const was = earlier.get(key);
    earlier.delete(key);
    if (was === undefined) added.push(member);
    else if (isOther(was, member)) changed.push({ before: was, now: member });
  }
  return { added, gone: [...earlier.values()], changed };
}

function isOther(a: Member, b: Member): boolean {
  return a.kind !== b.kind || a.sha256 !== b.sha256 || a.mode !== b.mode || a.target !== b.target;
}

/** A member that grew to several times its size, and by more than a little. */
const GROWN = { times: 3, bytes: 256 * 1024 };

/** What is worth mentioning about what is new in a file. Pure. */
export function changeFindings(name: string, tag: string, { added, gone, changed }: ContentChanges): Finding[] {
  const about = (which: FindingName, text: string, odd: readonly string[]): Finding[] =>
    odd.length === 0 ? [] : [finding(which, `${brief(name)} ${text} ${brief(tag)}: ${someOf(odd)}`, [name])];
  const files = added.filter(({ kind }) => kind !== 'folder');
  const runs = ({ program, script, installs, mode = 0 }: Member): boolean =>
    program !== undefined || script === true || installs === true || (mode & 0o111) !== 0;
  const became = changed.filter(({ before, now }) => runs(now) && !runs(before)).map(({ now }) => now.path);
  const libraries = changed.flatMap(({ before, now }) => {
    const known = new Set(before.program?.libraries);
    const fresh = before.program === undefined ? [] : (now.program?.libraries ?? []).filter((one) => !known.has(one));
    return fresh.map((one) => `${now.path} ${one}`);
  });
  const unsigned = changed.filter(
    ({ before, now }) => before.program?.signed === true && now.program?.signed === false,
  );
  const grown = changed.filter(
    ({ before, now }) => now.size > before.size * GROWN.times && now.size - before.size > GROWN.bytes,
  );
  return [
    ...about('new-program', 'has programs or scripts that were not in', [
      ...files.filter((member) => member.kind === 'file' && runs(member)).map(({ path }) => path),
      ...became,
    ]),
    ...about(
      'wrong-architecture',
      'has programs for another processor or system than in',
      changed.flatMap(({ before, now }) => otherProgram(before, now)),
    ),
    ...about(
      'member-grew',
      'has members that grew past reason since',
      grown.map(({ before, now }) => `${now.path} ${bytesText(before.size)} -> ${bytesText(now.size)}`),
    ),
    ...about('new-library', 'asks for libraries that it did not in', libraries),
    ...about(
      'code-signature-gone',
      'has programs without the code signature that they had in',
      unsigned.map(({ now }) => now.path),
    ),
    ...about(
      'members-changed',
      'has members of another mode, kind or target than in',
      changed.flatMap(({ before, now }) => otherwise(before, now)),
    ),
    ...about(
      'members-added',
      'has members that were not in',
      files.map(({ path }) => path),
    ),
    ...about(
      'members-gone',
      'lacks members of',
      gone.filter(({ kind }) => kind !== 'folder').map(({ path }) => path),
    ),
  ];
}

/** How a member is another than before, beside its bytes. */
function otherwise(before: Member, now: Member): string[] {
  if (before.kind !== now.kind) return [`${now.path} ${before.kind} -> ${now.kind}`];
  if (before.target !== now.target) return [`${now.path} -> ${now.target ?? ''}, was ${before.target ?? ''}`];
  const [was, is] = [before.mode, now.mode].map((mode) => mode?.toString(8).padStart(4, '0'));
  return was === is || was === undefined || is === undefined ? [] : [`${now.path} ${was} -> ${is}`];
}

/** A program that was for one processor and is for another now; a universal one may gain or lose some. */
function otherProgram({ program: was }: Member, { path, program: is }: Member): string[] {
  if (was === undefined || is === undefined) return [];
  const still = was.format === is.format && was.architectures.some((one) => is.architectures.includes(one));
  return still ? [] : [`${path} ${described([was])} -> ${described([is])}`];
}
