import type { EvidenceInput } from '../../evidence/verify.ts';
import type { SubjectFile, VerifiedStatement } from '../../evidence/entry.ts';
import { splitOffer } from '../../evidence/offer.ts';
import { filesToCover } from '../../evidence/names.ts';
import type { GitHubClient } from '../../github/client.ts';
import type { Release, Repository } from '../../github/types.ts';
import { finding, foundError } from '../../inspect/finding.ts';
import type { Finding } from '../../inspect/finding.ts';
import { openDownload } from '../../io/http/download/download.ts';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import type { RecordStatus } from '../../ledger-schema/record.ts';
import { readOffered } from '../../upstream/offered-evidence.ts';
import type { Offered } from '../../upstream/offered-evidence.ts';
import type { Requirement } from '../../upstream/tool-definition.ts';
import type { Tool } from '../../upstream/tools.ts';
import { assetRequest } from '../../upstream/transfer.ts';
import type { ReviewerContext } from '../context.ts';
import { readAtMost } from '../../io/whole-bytes.ts';

export interface ReviewedEvidence {
  /** What was verified here, from bytes that this reviewer fetched. */
  readonly statements: readonly VerifiedStatement[];
  readonly findings: readonly Finding[];
  /** For a person, a line each. */
  readonly lines: readonly string[];
}

export interface ReviewEvidenceInput {
  readonly context: Pick<ReviewerContext, 'store' | 'trustedRoots' | 'signal'>;
  readonly client: GitHubClient;
  readonly repository: Repository;
  readonly release: Release;
  readonly record: RecordStatus;
  /** What the reviewer's own tool.ini asks for, and the keys beside it. */
  readonly requirements: readonly Requirement[];
  readonly tool: Tool | undefined;
}

/**
 * Verifies a record's evidence again from its bytes, fetched from the store or from upstream, and checks what upstream
 * offers against the reviewer's own tool.ini. That the API answers the same today is not asked. Throws nothing that
 * upstream or the store could cause.
 */
export async function reviewEvidence(input: ReviewEvidenceInput): Promise<ReviewedEvidence> {
  const { record, context } = input;
  const entries = record.checklist.evidence ?? [];
  const read = readerOf(input);
  const findings: Finding[] = [];
  // Recorded statements count whatever the API answers today; without an answer only what is beyond them is unknown.
  const offered = await maybe(
    () => offers(input, read),
    (error) => findings.push(error.code === 'E_EVIDENCE' ? foundError('evidence-missing', error) : unknown(error)),
  );
  if (entries.length === 0 && (offered?.offers.length ?? 0) === 0 && input.requirements.length === 0) {
    return { statements: [], findings: [], lines: [] };
  }
  const [{ examineEvidence }, { loadRoots }] = await Promise.all([
    import('../../evidence/verify.ts'),
    import('../../evidence/roots.ts'),
  ]);
  const roots = loadRoots(context.trustedRoots);
  const bytes = await bytesOf(entries, input, offered);
  const results = await maybe(
    () => examineEvidence({ subject: subjectOf(record), entries, bytes, roots, read }),
    (error) => findings.push(foundError('not-compared', error)),
  );
  const statements = (results ?? []).flatMap(({ statement }) => statement ?? []);
  for (const { error } of results ?? []) if (error !== undefined) findings.push(foundError('evidence-refused', error));
  if (offered !== undefined) findings.push(...(await beyond(input, offered, roots, read)));
  return { statements, findings, lines: linesOf(statements, record) };
}

function unknown({ message }: PullthroughError): Finding {
  return finding('evidence-unread', `upstream could not be asked what it signed: ${message}`);
}

async function offers(input: ReviewEvidenceInput, read: EvidenceInput['read']): Promise<Offered> {
  const { client, repository, release, record, context } = input;
  return readOffered({ client, repository, release, files: record.assets, read, signal: context.signal });
}

function subjectOf({ checklist, assets }: RecordStatus): EvidenceInput['subject'] {
  const { source, repository, repositoryId, tag, commit } = checklist;
  return { source, repository, repositoryId, tag, commit, files: assets };
}

/** Each entry's bytes from the store, else from what upstream offers; a key's from beside the reviewer's own tool.ini too. */
async function bytesOf(
  entries: readonly EvidenceEntry[],
  { context: { store, signal }, tool }: ReviewEvidenceInput,
  { offers: offered, lists }: Pick<Offered, 'offers' | 'lists'> = { offers: [], lists: [] },
): Promise<Map<string, Uint8Array>> {
  const parts = offered.flatMap((offer) => splitOffer(offer).flatMap((part) => ('bytes' in part ? [part.bytes] : [])));
  const all = [...parts, ...[...lists, ...(tool?.keys ?? [])].map(({ bytes }) => bytes)];
  const found = new Map(all.map((bytes) => [sha256Hex(bytes), bytes]));
  if (store === undefined) return found;
  for (const entry of entries) {
    const bytes = await maybe(
      () => readAtMost(store.read(entry, { signal }), entry.size),
      () => undefined,
    );
    if (bytes !== undefined) found.set(entry.sha256, bytes);
  }
  return found;
}

/** What upstream offers today that the record doesn't hold, and what the reviewer's own tool.ini misses. */
async function beyond(
  { record, requirements, tool }: ReviewEvidenceInput,
  { offers: all, lists }: Offered,
  roots: EvidenceInput['roots'],
  read: EvidenceInput['read'],
): Promise<Finding[]> {
  const [{ collectEvidence }, { readKeys }] = await Promise.all([
    import('../../evidence/collect.ts'),
    import('../../evidence/keys/keys.ts'),
  ]);
  const found: Finding[] = [];
  const collected = await maybe(
    async () => {
      const keys = await readKeys(tool?.keys ?? [], requirements);
      const subject = subjectOf(record);
      return collectEvidence({ subject, offers: all, lists, keys, roots, requirements, keep: 'all', read });
    },
    (error) => found.push(foundError('evidence-missing', error)),
  );
  const recorded = new Set((record.checklist.evidence ?? []).map(({ sha256 }) => sha256));
  const more = (collected?.statements ?? []).filter(({ sha256 }) => !recorded.has(sha256));
  for (const { kind, predicate, signer } of more) {
    found.push(finding('evidence-beyond', `upstream also has ${predicate ?? `a ${kind} signature`} by ${signer}`));
  }
  return found;
}

/** A line a statement, and how many files nothing covers. */
function linesOf(statements: readonly VerifiedStatement[], { assets, checklist }: RecordStatus): string[] {
  if (checklist.evidence === undefined) return [];
  const lines = statements.map(({ kind, predicate, signer, signedAt, files }) => {
    const what = predicate ?? `a ${kind} signature`;
    const when = signedAt === undefined ? '' : `, ${signedAt}`;
    return `checked again: ${what} by ${signer}${when}, covers ${files.length} of ${assets.length} files`;
  });
  const covered = new Set(statements.flatMap(({ files }) => files));
  const bare = filesToCover(assets).filter(({ name }) => !covered.has(name)).length;
  return bare === 0 ? lines : [...lines, `no statement covers ${bare} of ${assets.length} files`];
}

/** A recorded file from the store, else from upstream once more. Its digest is checked where it is used. */
function readerOf({ context: { store, signal }, client, release }: ReviewEvidenceInput): EvidenceInput['read'] {
  return async function* (file: SubjectFile) {
    let begun = false;
    try {
      if (store !== undefined) {
        for await (const chunk of store.read(file, { signal })) {
          begun = true;
          yield chunk;
        }
        return;
      }
    } catch (error) {
      if (begun || !(error instanceof PullthroughError)) throw error;
    }
    const asset = release.assets.find(({ name }) => name === file.name);
    if (asset !== undefined) yield* openDownload({ ...assetRequest(client, asset), signal });
  };
}

async function maybe<T>(action: () => Promise<T>, told: (error: PullthroughError) => unknown): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    told(error);
    return undefined;
  }
}
