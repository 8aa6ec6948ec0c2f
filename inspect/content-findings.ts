import { brief } from '../ledger-schema/bytes.ts';
import { finding } from './finding.ts';
import type { Finding, FindingName } from './finding.ts';
import { someOf } from './some-names.ts';
import type { Contents, Member } from './member.ts';
import { promisedBy } from './name-words.ts';

/** What is odd about one file by itself. Pure. */
export function contentFindings(name: string, contents: Contents): Finding[] {
  const { members, stopped } = contents;
  const about = (which: FindingName, text: string, odd: readonly Member[]): Finding[] =>
    odd.length === 0 ? [] : [finding(which, `${brief(name)} ${text}: ${someOf(odd.map(shownPath))}`, [name])];
  return [
    ...(stopped === undefined
      ? []
      : [
          finding(
            stopped.why === 'too-much' ? 'archive-bomb' : 'archive-unreadable',
            `${brief(name)}: ${brief(stopped.message)}`,
            [name],
          ),
        ]),
    ...about('member-escapes', 'has members or links that lead out of its folder', members.filter(escapes)),
    ...about(
      'member-setuid',
      'has members with setuid or setgid',
      members.filter(({ mode = 0 }) => (mode & 0o6000) !== 0),
    ),
    ...about(
      'member-device',
      'has devices',
      members.filter(({ kind }) => kind === 'device'),
    ),
    ...about('member-twice', 'has several members of one name', twice(members)),
    ...about(
      'member-encrypted',
      'has members that a password hides',
      members.filter(({ encrypted }) => encrypted),
    ),
    ...about(
      'install-script',
      'runs scripts of its own when it is installed',
      members.filter(({ installs }) => installs),
    ),
    ...about('archive-nested', 'holds archives, which were not looked into', nested(contents)),
    ...architectureFindings(name, contents),
  ];
}

/** `usr/bin/x -> /etc/passwd`. */
function shownPath({ path, target }: Member): string {
  return target === undefined ? path : `${path} -> ${target}`;
}

/** Would it be written, or point, outside the folder that the archive is unpacked into? */
function escapes({ path, kind, target }: Member): boolean {
  if (leadsOut('', path)) return true;
  if (kind !== 'link' || target === undefined) return false;
  const folder = path.replaceAll('\\', '/').split('/').slice(0, -1).join('/');
  return leadsOut(folder, target);
}

function leadsOut(folder: string, path: string): boolean {
  const plain = path.replaceAll('\\', '/');
  if (plain.startsWith('/') || /^[A-Za-z]:/.test(plain) || plain.includes('\0')) return true;
  let depth = folder === '' ? 0 : folder.split('/').filter((part) => part !== '' && part !== '.').length;
  for (const part of plain.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function twice(members: readonly Member[]): Member[] {
  const seen = new Set<string>();
  return members.filter(({ path, kind }) => {
    if (kind === 'folder') return false;
    // Some file systems ignore case.
    const key = path.replace(/^(?:\.\/)+/, '').toLowerCase();
    return seen.size === seen.add(key).size;
  });
}

/** A file that was merely compressed has nothing nested in it, even where it is an archive. */
function nested({ kind, members }: Contents): Member[] {
  return kind === 'other' || kind === 'program' || kind === 'script' ? [] : members.filter(({ archive }) => archive);
}

/** A file whose name promises a processor or a system that none of its programs is for. */
function architectureFindings(name: string, { members }: Contents): Finding[] {
  const programs = members.flatMap(({ program }) => program ?? []);
  if (programs.length === 0) return [];
  const { architecture, format } = promisedBy(name);
  const are = [
    ...new Set(programs.flatMap(({ format: how, architectures }) => architectures.map((one) => `${how} ${one}`))),
  ];
  const fits = programs.some(
    (program) =>
      (architecture === undefined || program.architectures.includes(architecture)) &&
      (format === undefined || program.format === format),
  );
  if (fits) return [];
  const promised = [format, architecture].filter((word) => word !== undefined).join(' ');
  return [
    finding('wrong-architecture', `${brief(name)} is not what its name says (${promised}): ${are.join(', ')}`, [name]),
  ];
}
