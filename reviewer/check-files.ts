import type { GitHubClient } from '../github/client.ts';
import type { Release, Repository } from '../github/types.ts';
import type { Finding } from '../inspect/finding.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
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
 * it scanned. The bytes lie in a folder of their own, which is gone afterwards. Throws an interruption alone.
 */
export async function checkFiles(
  context: ReviewerContext,
  { record }: Proposal,
  { client, release, repository, tool, previous }: UpstreamSide,
  onBytes: (bytes: number) => void,
): Promise<CheckedFiles> {
  const { store, signal } = context;
  const { privateHosts } = context.source;
  const { assets } = record;
  const { urls, evidence: requirements } = tool;
  await using spool = await openSpool(signal);
  const from = { client, release, assets, urls, privateHosts, signal };
  const statements = await readStatements({ ...from, evidence: requirements });
  const files = await compareFiles({ ...from, statements, store, spool, onBytes });
  const evidence =
    repository === undefined
      ? undefined
      : await reviewEvidence({ context, client, repository, release, record, requirements, tool: tool.tool });
  const { inspected, findings: inside } = await inspectFiles({ files, record, previous, store, spool, signal });
  const { scans, findings: scanned } = await scanFiles({ context, files, previous, spool });
  const findings = [...statements.findings, ...(evidence?.findings ?? []), ...inside, ...scanned];
  return { files, evidence, inspected, scans, findings };
}

/** TypeScript takes the type of what is disposed of from here. */
function openSpool(signal: AbortSignal | undefined): Promise<Spool> {
  return Spool.open(signal);
}
