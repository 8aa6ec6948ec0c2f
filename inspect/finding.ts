import { inOneLine } from '../io/escape.ts';
import { ERRORS } from '../ledger-schema/error.ts';
import type { ErrorCode, PullthroughError } from '../ledger-schema/error.ts';

/**
 * `note`: worth knowing. `look`: a person must look, and accept it by name or not sign. `stop`: nobody can sign past
 * it.
 */
export type Level = 'note' | 'look' | 'stop';

/** Every finding: its level, and what it means. docs/findings.md shows each with an example and what to do. */
export const FINDINGS = {
  // The comparison
  'upstream-differs': ['stop', 'upstream has other bytes than the record lists'],
  'store-differs': ['stop', 'the store has other bytes than the record lists'],
  'digest-contradicted': ['stop', 'upstream publishes a digest of a file that its bytes do not have'],
  'repository-changed': ['stop', 'another repository has the recorded name now'],
  'tag-moved': ['stop', 'the tag points to another commit than the record says'],
  'evidence-missing': ['stop', 'evidence that the tool.ini here asks for is not there or does not agree'],
  'evidence-refused': ['stop', 'evidence that the record names does not verify, or is about something else'],
  'upstream-gone': ['stop', 'upstream no longer has the release or a file of it'],
  'store-gone': ['stop', 'the store does not have a file'],
  'not-compared': ['stop', 'upstream or the store could not be read, so nothing is known'],
  'source-unknown': ['stop', 'nothing here says which API the record is from'],
  'url-not-yours': ['stop', 'a file lies at an address that no tool.ini of yours gives'],
  // What upstream says, and what changed since the record before
  'new-uploader': ['look', 'somebody uploaded who uploaded nothing of the release before'],
  'new-signer': ['look', "a signature over upstream's checksums names another key than before, or none"],
  'signature-gone': ['look', "upstream's checksums are no longer signed"],
  'weaker-evidence': ['look', 'the release before had evidence of a kind that this one has not'],
  'evidence-unread': ['look', 'upstream could not be asked what it signed'],
  'size-jump': ['look', 'a file grew by half or shrank by a third'],
  'late-upload': ['look', 'a file was uploaded or replaced a day or more after the release was published'],
  'list-disagrees': ['look', "one of upstream's lists has another digest of a file than its bytes"],
  'list-unread': ['look', 'what looks like a list of digests could not be read'],
  'previous-unread': ['look', 'the release before, or a file of it, could not be read, so what is new is not known'],
  'new-series': ['look', 'the tool has acknowledged records, but none whose tag begins like this one'],
  // What is in the files
  'wrong-architecture': ['look', 'a program is for another processor or system than its name says, or than before'],
  'archive-bomb': ['look', 'a file becomes far larger than it is, so that it was not seen to its end'],
  'archive-unreadable': ['look', 'a file is damaged, or of a kind that cannot be read'],
  'archive-ambiguous': ['look', 'programs see different members in an archive, or other ones than were seen here'],
  'member-escapes': ['look', 'an archive would write, or points, outside of the folder that it is unpacked into'],
  'member-setuid': ['look', 'a member runs with the rights of its owner or group'],
  'member-device': ['look', 'an archive holds a device'],
  'member-twice': ['look', 'an archive has several members of one name, so that tools disagree on what is in it'],
  'member-encrypted': ['look', 'a password hides what is in an archive'],
  'install-script': ['look', 'a package runs a script of its own when it is installed'],
  'new-program': ['look', 'an archive has a program or script that the release before had not'],
  'member-grew': ['look', 'a member is more than three times as large as in the release before'],
  'new-library': ['look', 'a program asks for a library that it did not ask for before'],
  'code-signature-gone': ['look', 'a program carried a code signature in the release before, and carries none now'],
  'scan-objects': ['look', 'a scanner of yours ended with another exit code than 0'],
  'scan-failed': ['look', 'a scanner of yours did not run, or not to its end'],
  'archive-nested': ['note', 'an archive holds archives, which were not looked into'],
  'members-changed': [
    'note',
    'an archive has members whose mode, kind or target is another than in the release before',
  ],
  'members-added': ['note', 'an archive has members that the release before had not'],
  'members-gone': ['note', 'an archive lacks members of the release before'],
  'not-inspected': ['note', 'a file is of a kind that is not looked into'],
  'scan-passed': ['note', 'a scanner of yours ended with 0'],
  // Good to know
  'first-record': ['note', 'there is no acknowledged record before it to compare with'],
  'files-added': ['note', 'the release before had no such files'],
  'files-missing': ['note', 'files of the release before are missing'],
  'left-out': ['note', 'upstream has files that the record leaves out'],
  'young-release': ['note', 'the release was published or signed less than a day ago'],
  'repository-renamed': ['note', 'upstream calls the repository by another name; it is the same one'],
  'evidence-beyond': ['note', 'upstream signed something that the record does not hold'],
  'no-store': ['note', 'no store is configured, so only upstream was compared'],
} as const satisfies Readonly<Record<string, readonly [Level, string]>>;

export type FindingName = keyof typeof FINDINGS;

/** One thing that was found out about a proposal: the same for a screen, a pull request, `--json` and Actions. */
export interface Finding {
  readonly name: FindingName;
  readonly level: Level;
  /** One sentence. It can hold text from outside: escape it where it is shown. */
  readonly message: string;
  /** Names of the files that it is about; empty: the whole release. */
  readonly files: readonly string[];
  /** Set where an error caused it. */
  readonly code?: ErrorCode;
  readonly hint?: string;
}

/** A finding, by its name. */
export function finding(name: FindingName, message: string, files: readonly string[] = []): Finding {
  return { name, level: FINDINGS[name][0], message, files };
}

/** An error as a finding. */
export function foundError(name: FindingName, error: PullthroughError, files: readonly string[] = []): Finding {
  const { code, hint, message } = error;
  // A finding stands in a line of its own.
  return { ...finding(name, inOneLine(message), files), code, ...(hint === undefined ? {} : { hint }) };
}

const ORDER: Readonly<Record<Level, number>> = { stop: 0, look: 1, note: 2 };

/** The worst first: stops, then looks, then notes; at each level, what can't be trusted before what failed. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ level, code }: Finding): number =>
    ORDER[level] * 2 + (code !== undefined && ERRORS[code][0] === 3 ? 0 : 1);
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

export function isFindingName(text: string): text is FindingName {
  return Object.hasOwn(FINDINGS, text);
}

/** What keeps a proposal from being signed: every stop, and the looks that nobody accepted. Each name once. */
export function blocking(findings: readonly Finding[], accepted: ReadonlySet<string> = new Set()): Finding[] {
  return findings.filter(({ level, name }) => level === 'stop' || (level === 'look' && !accepted.has(name)));
}

/** Names, each once, in the order in which they come. */
export function namesOf(findings: readonly Finding[]): FindingName[] {
  return [...new Set(findings.map(({ name }) => name))];
}
