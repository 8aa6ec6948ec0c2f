import { changeFindings, compareContents } from '../../inspect/compare-contents.ts';
import type { ContentChanges } from '../../inspect/compare-contents.ts';
import { contentFindings } from '../../inspect/content-findings.ts';
import { finding } from '../../inspect/finding.ts';
import type { Finding } from '../../inspect/finding.ts';
import type { Contents, Member } from '../../inspect/member.ts';
import { brief } from '../../ledger-schema/bytes.ts';
import type { RecordStatus, RecordedAsset } from '../../ledger-schema/record.ts';
import { followedFiles, versionless } from '../../proposals/versionless.ts';
import type { PublicStore } from '../../store/public.ts';
import type { ComparedFile } from '../compare/compare-files.ts';
import { compareWithRecord } from '../compare/read-bytes.ts';
import type { Inside } from './inside.ts';
import type { ReviewedFile } from '../report.ts';
import type { Spool } from '../compare/spool.ts';

/** What was seen of one file, and what is new in it. */
export interface Inspected {
  readonly contents: Contents;
  /** The file of the record before that it follows, and what is in that. */
  readonly previous?: { readonly name: string; readonly tag: string; readonly contents: Contents };
  readonly changes?: ContentChanges;
}

/** A file of a report with what was seen in it. */
export function withInside(file: ReviewedFile, seen: Inspected | undefined): ReviewedFile {
  if (seen === undefined) return file;
  const { contents, previous, changes } = seen;
  const paths = (members: readonly Member[]): string[] => members.map(({ path }) => path);
  const inside: Inside = {
    kind: contents.kind,
    members: contents.members.map((member) => ({ ...member, text: undefined })),
    ...(previous === undefined ? {} : { against: { tag: previous.tag, name: previous.name } }),
    ...(changes === undefined
      ? {}
      : {
          added: paths(changes.added),
          gone: paths(changes.gone),
          changed: paths(changes.changed.map(({ now }) => now)),
        }),
  };
  return { ...file, inside };
}

export interface InspectionInput {
  readonly files: readonly ComparedFile[];
  readonly record: RecordStatus;
  readonly previous: RecordStatus | undefined;
  readonly store: PublicStore | undefined;
  readonly spool: Spool;
  readonly signal: AbortSignal | undefined;
}

export interface Inspection {
  readonly inspected: ReadonlyMap<string, Inspected>;
  readonly findings: readonly Finding[];
}

/** Readers see for themselves what a text or a list is; the others are compared with the release before. */
const COMPARED: ReadonlySet<Contents['kind']> = new Set(['tar', 'zip', 'deb', 'rpm', 'compressed', 'program']);

/**
 * Looks into every file whose bytes compared equal, and compares what is in it with the file of the acknowledged record
 * before that it follows, which comes from the store. Throws an interruption alone.
 */
export async function inspectFiles(input: InspectionInput): Promise<Inspection> {
  const { files, record, previous, spool, signal } = input;
  // Loaded where a file is looked into, as what unpacks costs time to load.
  const { lookInside } = await import('../../inspect/look-inside.ts');
  const inspected = new Map<string, Inspected>();
  const findings: Finding[] = [];
  const names = (of: RecordStatus) => ({ tag: of.checklist.tag, names: of.assets.map(({ name }) => name) });
  const follows = previous === undefined ? undefined : followedFiles(names(previous), names(record));
  for (const { recorded, upstream } of files) {
    if (upstream !== 'same') continue;
    const look = async (file: RecordedAsset): Promise<Contents> => {
      const contents = await lookInside(await spool.bytes(file));
      // It takes what an interruption throws for damage.
      signal?.throwIfAborted();
      return contents;
    };
    const { name } = recorded;
    const contents = await look(recorded);
    findings.push(...contentFindings(name, contents));
    const earlier = previous?.assets.find((asset) => asset.name === follows?.get(name));
    if (previous === undefined || earlier === undefined || !COMPARED.has(contents.kind)) {
      inspected.set(name, { contents });
      continue;
    }
    const { tag } = previous.checklist;
    if (!(await fetchPrevious(input, earlier))) {
      const message = `${brief(name)} of ${brief(tag)} could not be read from the store, so nothing was compared with it`;
      if (input.store !== undefined) findings.push(finding('previous-unread', message, [name]));
      inspected.set(name, { contents });
      continue;
    }
    const before = await look(earlier);
    const changes = compareContents(before, contents, {
      before: (path) => versionless(path, tag),
      now: (path) => versionless(path, record.checklist.tag),
    });
    findings.push(...changeFindings(name, tag, changes));
    inspected.set(name, { contents, previous: { name: earlier.name, tag, contents: before }, changes });
  }
  return { inspected, findings };
}

async function fetchPrevious({ store, spool, signal }: InspectionInput, asset: RecordedAsset): Promise<boolean> {
  if (store === undefined) return false;
  const keep = () => spool.sink(asset.sha256);
  const open = () => store.read(asset, { signal });
  return (await compareWithRecord(asset, "the store's", open, ['sha256'], keep)).outcome === 'same';
}
