import type { Release } from '../../github/types.ts';
import { codeSpan } from '../../io/escape.ts';
import { brief } from '../../ledger-schema/bytes.ts';
import type { RecordStatus } from '../../ledger-schema/record.ts';
import { foldExit } from '../../io/exit-code.ts';
import { assetFilter } from '../../upstream/choose-files.ts';
import { globMatcher } from '../../upstream/tool-definition.ts';
import type { ToolDefinition } from '../../upstream/tool-definition.ts';
import type { ErrorReport } from '../../io/error-report.ts';

export type FindingKind =
  | 'repository-missing'
  | 'repository-changed'
  | 'repository-renamed'
  | 'release-missing'
  | 'tag-missing'
  | 'tag-moved'
  | 'file-missing'
  | 'file-replaced'
  | 'file-added';

/** A difference between upstream and the record. */
export interface WatchFinding {
  readonly kind: FindingKind;
  /** Undefined: the record is fine, and upstream has a file more or another name, or lacks what somebody knows to be gone. */
  readonly code: 'E_UPSTREAM_DIFFERS' | 'E_REPOSITORY_CHANGED' | undefined;
  /** Undefined: all of the repository's records. */
  readonly tag: string | undefined;
  /** The record's path. */
  readonly record: string | undefined;
  readonly file: string | undefined;
  readonly message: string;
  /** tool.ini says that it is gone. */
  readonly known?: true | undefined;
}

/** One repository of the ledger, and what has changed upstream. */
export interface Watched {
  /** `owner/repo`, or `HOST/owner/repo`. */
  readonly tool: string;
  /** Acknowledged records that were compared. */
  readonly records: number;
  readonly findings: readonly WatchFinding[];
  /** It could not be asked about. */
  readonly error?: ErrorReport;
}

/** What a person may want to know of, and need not do anything about. */
const NOTES: ReadonlySet<FindingKind> = new Set(['file-added', 'repository-renamed']);

/** One finding about a record; without it about the whole repository. */
export function finding(
  kind: FindingKind,
  record: RecordStatus | undefined,
  message: string,
  file?: string,
): WatchFinding {
  const code = kind === 'repository-changed' ? 'E_REPOSITORY_CHANGED' : 'E_UPSTREAM_DIFFERS';
  const known = { tag: record?.checklist.tag, record: record?.path, file };
  return { kind, code: NOTES.has(kind) ? undefined : code, ...known, message };
}

/**
 * Compares a record's files with the release as it is now; files that lie elsewhere are not asked for. Where GitHub has
 * no digest of a file (uploaded before June 2025, and not since) its size has to do. Files that the tool's filter leaves
 * out are not news. Pure.
 */
export function compareRelease(
  record: RecordStatus,
  release: Release,
  definition: Pick<ToolDefinition, 'include' | 'exclude'> | undefined,
): WatchFinding[] {
  const findings: WatchFinding[] = [];
  const current = new Map(release.assets.map((asset) => [asset.name, asset]));
  for (const { name, size, sha256, url } of record.assets) {
    if (url !== undefined) continue;
    const asset = current.get(name);
    current.delete(name);
    if (asset === undefined || asset.state !== 'uploaded') {
      findings.push(finding('file-missing', record, 'the file is gone', name));
    } else if (asset.size !== size) {
      findings.push(finding('file-replaced', record, `the file has ${asset.size} bytes now, not ${size}`, name));
    } else if (asset.sha256 !== undefined && asset.sha256 !== sha256) {
      findings.push(
        finding('file-replaced', record, `the file has the sha256 ${asset.sha256} now, not ${sha256}`, name),
      );
    }
  }
  const takes = definition === undefined ? () => true : assetFilter(definition);
  for (const name of current.keys()) {
    if (takes(name)) findings.push(finding('file-added', record, 'upstream added the file later', name));
  }
  return findings;
}

/** What is only gone; whatever is another file, tag or repository than before is never settled by a word. */
const GONE: ReadonlySet<FindingKind> = new Set([
  'release-missing',
  'tag-missing',
  'file-missing',
  'repository-missing',
]);

/**
 * The findings as a tool.ini has them whose `gone[]` names tags: what upstream lacks of these is a note, so that a release
 * which was deleted, and stays acknowledged, isn't reported for ever. A repository counts where all its records' tags do.
 */
export function noteGone(
  findings: readonly WatchFinding[],
  tags: readonly string[],
  gone: readonly string[] = [],
): readonly WatchFinding[] {
  if (gone.length === 0) return findings;
  const isGone = globMatcher(gone);
  const all = tags.every(isGone);
  return findings.map((found) =>
    GONE.has(found.kind) && (found.tag === undefined ? all : isGone(found.tag))
      ? { ...found, code: undefined, known: true, message: `${found.message}, as tool.ini says` }
      : found,
  );
}

/** 3 where something differs, whatever else failed; neither an added file nor a new name counts, nor what is known to be gone. */
export function watchExit(watched: readonly Watched[]): 0 | 1 | 3 | 4 {
  const differs = watched.some(({ findings }) => findings.some(({ code }) => code !== undefined));
  return differs ? 3 : foldExit(watched);
}

/** The title of every such issue. */
export const TITLE = 'Upstream differs from what the ledger records';
/** What the issue says when it is closed. */
export const SETTLED = 'Upstream has again what every acknowledged record says.';
/** What the issue of a share says that is no more. */
export const SHARED_OUT =
  'The tools are shared out by another number of jobs now: what is found is told by the issues of those.';
/** An issue's most characters, with room for its end. */
const ISSUE_LENGTH = 65_000;

/**
 * The one issue that tells people of a ledger what was found, and what could not be asked about; undefined where nothing
 * was found but what is known to be gone, or a new name, which would keep it open for ever. The same findings give the same text. What upstream says stands in code spans.
 */
export function watchIssue(watched: readonly Watched[]): { title: string; body: string } | undefined {
  const lines = watched.flatMap(({ tool, findings }) =>
    findings
      .filter(({ kind, known }) => known !== true && kind !== 'repository-renamed')
      .map((one) => `- ${issueLine(tool, one)}\n`),
  );
  if (lines.length === 0) return undefined;
  lines.push(...watched.flatMap(({ tool, error }) => (error === undefined ? [] : [`- ${unaskedLine(tool, error)}\n`])));
  let body =
    'What was acknowledged stays as it is: records and stored bytes never change. Look at each of these, and withdraw ' +
    'what must not be used any more with `pullthrough nack TOOL@TAG`. `pullthrough watch` shows this list again.\n\n';
  for (const [index, line] of lines.entries()) {
    if (body.length + line.length > ISSUE_LENGTH)
      return { title: TITLE, body: `${body}- and ${lines.length - index} more\n` };
    body += line;
  }
  return { title: TITLE, body };
}

/** Not the message: it may contain a time, and the issue would change with every run. */
function unaskedLine(tool: string, { code }: ErrorReport): string {
  return `${codeSpan(brief(tool))}: could not be asked about, ${codeSpan(code)}`;
}

function issueLine(tool: string, { kind, tag, file, message }: WatchFinding): string {
  const what = [tool, tag, file].flatMap((text) => (text === undefined ? [] : [codeSpan(brief(text))]));
  return `${what.join(' ')}: ${kind}, ${codeSpan(message)}`;
}
