import type { GitHubClient } from '../github/client.ts';
import type { Release, Repository } from '../github/types.ts';
import type { Finding } from '../inspect/finding.ts';
import { countText } from '../io/size-text.ts';
import type { RecordStatus, RecordedAsset } from '../ledger-schema/record.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import { compareFiles } from './compare/compare-files.ts';
import type { ComparedFile } from './compare/compare-files.ts';
import { reviewEvidence } from './compare/review-evidence.ts';
import type { ReviewedEvidence } from './compare/review-evidence.ts';
import { Spool } from './compare/spool.ts';
import { readStatements } from './compare/statements.ts';
import type { ReviewerContext } from './context.ts';
import { inspectFiles } from './inside/inspect-files.ts';
import type { Inspected } from './inside/inspect-files.ts';
import type { ReviewTool } from './review-tools.ts';
import { scanFiles } from './scan-files.ts';
import type { Scanned } from './scan-files.ts';

/** What a proposal's files are compared with. */
export interface UpstreamSide {
  readonly client: GitHubClient;
  readonly release: Release;
  /** Undefined where upstream didn't say which it is: then its evidence isn't asked for. */
  readonly repository: Repository | undefined;
  /** What the reviewer's own tool.ini says. */
  readonly tool: ReviewTool;
  /** The acknowledged record before. */
  readonly previous: RecordStatus | undefined;
}

/** What came of fetching a proposal's files again. */
export interface CheckedFiles {
  readonly files: readonly ComparedFile[];
  readonly evidence: ReviewedEvidence | undefined;
  readonly inspected: ReadonlyMap<string, Inspected>;
  readonly scans: Scanned['scans'];
  readonly findings: readonly Finding[];
}

/**
 * Fetches every file of a proposal again and compares it, verifies what upstream signed, then looks into what is equal and has
 * it scanned. The bytes lie in a folder of their own, which is gone afterwards, or once it is decided whether they are signed.
 * Throws an interruption alone.
 */
export async function checkFiles(
  context: ReviewerContext,
  { record }: Proposal,
  side: UpstreamSide,
  onBytes: (bytes: number) => void,
): Promise<CheckedFiles> {
  const { signal } = context;
  const spool = await Spool.open(signal);
  try {
    return await checkInto(spool, context, record, side, onBytes);
  } finally {
    if (context.kept === undefined) await spool[Symbol.asyncDispose]();
  }
}

async function checkInto(
  spool: Spool,
  context: ReviewerContext,
  record: RecordStatus,
  { client, release, repository, tool, previous }: UpstreamSide,
  onBytes: (bytes: number) => void,
): Promise<CheckedFiles> {
  const { store, signal, kept, progress } = context;
  const { privateHosts } = context.source;
  const { assets } = record;
  const { urls, evidence: requirements } = tool;
  kept?.adopt(record.path, spool, fetchedFiles(client, release, assets));
  const from = { client, release, assets, urls, privateHosts, signal };
  let before = 0;
  const onKept = (): void => void (before += 1);
  const statements = await readStatements({ ...from, evidence: requirements });
  const files = await compareFiles({ ...from, statements, store, spool, kept, onKept, onBytes });
  if (before > 0)
    progress.note(`${countText(before, 'file')} of ${titleText(record)} came from upstream less than an hour ago`);
  const evidence =
    repository === undefined
      ? undefined
      : await reviewEvidence({ context, client, repository, release, record, requirements, tool: tool.tool });
  const { inspected, findings: inside } = await inspectFiles({ files, record, previous, store, spool, signal });
  const { scans, findings: scanned } = await scanFiles({ context, files, previous, spool });
  const findings = [...statements.findings, ...(evidence?.findings ?? []), ...inside, ...scanned];
  return { files, evidence, inspected, scans, findings };
}

function titleText({ checklist }: RecordStatus): string {
  return `${checklist.repository} ${checklist.tag}`;
}

/** The release's own files; of one that lies elsewhere nothing says whether it is still the same. */
function fetchedFiles(client: GitHubClient, release: Release, assets: readonly RecordedAsset[]) {
  return assets.flatMap(({ name, url, sha256 }) => {
    const asset = release.assets.find((candidate) => candidate.name === name);
    return asset === undefined || url !== undefined ? [] : [{ key: { api: client.api, asset }, sha256 }];
  });
}
