import { brief } from '../ledger-schema/bytes.ts';
import { finding } from './finding.ts';
import type { Finding, FindingName } from './finding.ts';
import { someOf } from './some-names.ts';
import type { Contents, Member } from './member.ts';
import { Places } from './escapes.ts';
import { promisedBy, promisedText } from './name-words.ts';
import type { Promised } from './name-words.ts';
import { described } from './formats/executable.ts';
import type { Program } from './formats/executable.ts';

/** What is odd about one file by itself. Pure. */
export function contentFindings(name: string, contents: Contents): Finding[] {
  const { members, stopped, doubt } = contents;
  const places = new Places(members);
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
    ...(doubt === undefined ? [] : [finding('archive-ambiguous', `${brief(name)}: ${brief(doubt)}`, [name])]),
    ...promiseFindings(name, contents),
    ...about(
      'member-escapes',
      'has members or links that lead out of its folder',
      members.filter((member) => places.escape(member)),
    ),
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
    ...about('member-twice', 'has several members of one name', twice(members, places)),
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

function twice(members: readonly Member[], places: Places): Member[] {
  const seen = new Set<string>();
  return members.filter((member) => {
    if (member.kind === 'folder') return false;
    // Some file systems ignore case, and how an accent is written.
    const key = (places.of(member) ?? member.path).normalize('NFC').toLowerCase();
    return seen.size === seen.add(key).size;
  });
}

/** A file that is no archive of the kind that its name says, so that nothing was seen of what others may find in it. */
function promiseFindings(name: string, { kind }: Contents): Finding[] {
  const promise = PROMISES.find(([names]) => names.test(name));
  if (promise !== undefined && !promise[2].includes(kind)) {
    // Where some program can read it all the same, that is said as well.
    const message = `${brief(name)} is not ${promise[1]} that can be read here, as its name says`;
    return [finding('not-inspected', message, [name])];
  }
  if (promise !== undefined || !OTHERS.test(name) || !['other', 'compressed'].includes(kind)) return [];
  return [finding('not-inspected', `${brief(name)} is of a kind that is not looked into`, [name])];
}

/** By a file's name: what it says that it is, and what it then is. */
const PROMISES: readonly (readonly [names: RegExp, what: string, kinds: readonly Contents['kind'][]])[] = [
  [/\.(?:tar(?:\.(?:gz|xz|zstd?|bz2?|lz|lzma|lzo|lz4|Z|br))?|tgz|tbz2?|txz|tzst)$/i, 'a tar archive', ['tar']],
  [/\.(?:zip|jar|war|whl|nupkg|vsix|aar|ipa)$/i, 'a zip archive', ['zip']],
  [/\.u?deb$/i, 'a Debian package', ['deb']],
  [/\.rpm$/i, 'an rpm package', ['rpm']],
  [/\.(?:gz|xz|zstd?|bz2)$/i, 'a compressed file', ['compressed', 'tar']],
];
/** Containers of other kinds. */
const OTHERS = /\.(?:7z|rar|dmg|msi|msix|pkg|cab|iso|img|squashfs|snap|flatpak|lz|lzma|lz4|br|Z|xar|cpio)$/i;

/** A file that was merely compressed has nothing nested in it, even where it is an archive. */
function nested({ kind, members }: Contents): Member[] {
  return kind === 'other' || kind === 'program' || kind === 'script' ? [] : members.filter(({ archive }) => archive);
}

/** A file whose name promises a processor or a system that none of its programs is for, and members of it that are the same. */
function architectureFindings(name: string, { members }: Contents): Finding[] {
  const programs = members.flatMap(({ program }) => program ?? []);
  if (programs.length === 0) return [];
  const promise = promisedBy(name);
  const odd = members.filter(({ path, program }) => {
    return program !== undefined && path !== name && !fits(program, promisedBy(baseOf(path)));
  });
  const found = odd.map(({ path, program }) => `${path} (${described(program === undefined ? [] : [program])})`);
  return [
    ...(programs.some((program) => fits(program, promise))
      ? []
      : [`${brief(name)} is not what its name says (${promisedText(promise)}): ${described(programs)}`]),
    ...(found.length === 0 ? [] : [`${brief(name)} has programs that are not what their names say: ${someOf(found)}`]),
  ].map((message) => finding('wrong-architecture', message, [name]));
}

function fits({ architectures, format }: Program, promise: Promised): boolean {
  const isProcessor = promise.architecture === undefined || architectures.includes(promise.architecture);
  return isProcessor && (promise.format === undefined || format === promise.format);
}

function baseOf(path: string): string {
  return path.replaceAll('\\', '/').split('/').at(-1) ?? '';
}
