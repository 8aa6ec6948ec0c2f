import { foundError } from '../inspect/finding.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { inTools } from './review-tools.ts';
import type { ReviewTools } from './review-tools.ts';
import { compareFiles } from './compare/compare.ts';
import type { ComparedFile } from './compare/compare.ts';
import type { ReviewerContext } from './context.ts';
import type { LedgerState } from '../proposals/ledger-state.ts';
import { inspectFiles, withInside } from './inside/inspect-files.ts';
import type { Inspected } from './inside/inspect-files.ts';
import { scanFiles } from './scan-files.ts';
import { Spool } from './compare/spool.ts';
import { findPrevious, readNovelty } from './novelty.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import type { Outcome } from './compare/read-bytes.ts';
import { buildReport } from './report.ts';
import type { ReviewReport, ReviewedFile } from './report.ts';
import { reviewEvidence } from './compare/review-evidence.ts';
import { readStatements } from './compare/statements.ts';
import { readUpstream } from './compare/read-upstream.ts';
import { typed } from '../io/shell.ts';

/** A proposal that was reviewed here and now. */
export interface Review {
  readonly proposal: Proposal;
  readonly state: LedgerState;
  readonly report: ReviewReport;
  /** What was seen in the files, by their names. */
  readonly inspected?: ReadonlyMap<string, Inspected>;
}

/** A review whose every byte was fetched again and compared equal: only {@link requireSame} makes one. */
export type SameReview = Review & { readonly report: { readonly verdict: 'same' } };

/**
 * Fetches every file of a proposal again, from upstream and from the store, compares, and tells what a person must see
 * before signing. What upstream or the store could cause is in the report; what is thrown stops the command:
 * `E_NO_CHANGE` for a nack, which has nothing to compare, `E_INTERRUPTED`, `E_GIT`.
 */
export async function reviewProposal(
  context: ReviewerContext,
  state: LedgerState,
  proposal: Proposal,
  tools: ReviewTools,
): Promise<Review> {
  const { adds } = proposal;
  if (adds === 'nack') {
    fail('E_NO_CHANGE', `${proposal.branch} withdraws a record; there is nothing to compare`, {
      hint: `to merge it: ${typed`pullthrough ledger merge ${proposal.branch}`}`,
    });
  }
  const { record } = proposal;
  const { client, why, evidence, urls, tool } = inTools(tools, record.checklist);
  const { now, store } = context;
  const input = { proposal: { ...proposal, adds }, trust: state.trust, now, store: store !== undefined };
  if (client === undefined) {
    const { source, repository } = record.checklist;
    const error = new PullthroughError(
      'E_CONFIG',
      why?.message ?? `nothing says which API ${source}/${repository} is from`,
      {
        hint: 'set api and host in [source] of mirror.ini, or write a tool.ini of your own for it and name its folder by --tools',
      },
    );
    const files = unread(proposal, 'failed');
    const report = buildReport({
      ...input,
      release: undefined,
      files,
      previous: undefined,
      findings: [foundError('source-unknown', error)],
    });
    return { proposal, state, report };
  }
  const { signal } = context;
  const { privateHosts } = context.source;
  const upstream = await readUpstream(client, record.checklist);
  const { release } = upstream;
  const previous = await findPrevious(state, record);
  const novelty = previous && (await readNovelty({ previous, record, client, release, signal }));
  if (release === undefined) {
    const gone = upstream.findings.every(({ code }) => code === 'E_UPSTREAM_NOT_FOUND');
    const files = unread(proposal, gone ? 'gone' : 'failed');
    return { proposal, state, report: buildReport({ ...input, ...upstream, files, previous: novelty }) };
  }
  const said = await readStatements({ client, release, assets: record.assets, evidence, urls, privateHosts, signal });
  const task = context.progress.start(titleOf(proposal), bytesOf(proposal, context));
  try {
    await using spool = await openSpool();
    const files = await compareFiles({
      client,
      release,
      assets: record.assets,
      statements: said,
      urls,
      store,
      spool,
      privateHosts,
      onBytes: (bytes) => task.advance(bytes),
      signal,
    });
    const { repository } = upstream;
    const signed =
      repository === undefined
        ? undefined
        : await reviewEvidence({ context, client, repository, release, record, requirements: evidence, tool });
    const inside = await inspectFiles({ files, record, previous, store, spool, signal });
    const scanned = await scanFiles({ context, files, previous, spool });
    const findings = [
      ...upstream.findings,
      ...said.findings,
      ...(signed?.findings ?? []),
      ...inside.findings,
      ...scanned.findings,
    ];
    const report = buildReport({ ...input, release, files, previous: novelty, findings, evidence: signed });
    const seenOf = (file: ReviewedFile): ReviewedFile => {
      const scans = scanned.scans.get(file.name);
      return { ...withInside(file, inside.inspected.get(file.name)), ...(scans === undefined ? {} : { scans }) };
    };
    const seen = { ...report, files: report.files.map(seenOf) };
    return { proposal, state, report: seen, inspected: inside.inspected };
  } finally {
    task.done();
  }
}

/** TypeScript takes the type of what is disposed of from here. */
function openSpool(): Promise<Spool> {
  return Spool.open();
}

/** `owner/repo TAG`. */
export function titleOf({ record: { checklist } }: Pick<Proposal, 'record'>): string {
  return `${checklist.repository} ${checklist.tag}`;
}

/** All bytes that a review of it reads. */
export function bytesOf({ record }: Pick<Proposal, 'record'>, { store }: Pick<ReviewerContext, 'store'>): number {
  return record.assets.reduce((sum, { size }) => sum + size, 0) * (store === undefined ? 1 : 2);
}

/** Files that there was nothing to compare with. */
function unread({ record }: Proposal, upstream: Outcome): ComparedFile[] {
  return record.assets.map((recorded) => ({
    recorded,
    asset: undefined,
    upstream,
    store: undefined,
    findings: [],
    agreed: [],
    disagreed: [],
  }));
}

/**
 * Lets a review through whose bytes all compared equal. Throws its worst finding: `E_DIGEST_MISMATCH`,
 * `E_UPSTREAM_DIFFERS`, `E_REPOSITORY_CHANGED`, `E_EVIDENCE`, why nothing could be compared, or `E_FINDINGS`.
 */
export function requireSame(review: Review): SameReview {
  const { report } = review;
  if (report.verdict === 'same') return { ...review, report: { ...report, verdict: 'same' } };
  const worst =
    report.findings.find(({ level }) => level === 'stop') ??
    fail('E_INTERNAL', `${report.record} was not compared, and nothing says why`);
  return fail(worst.code ?? 'E_FINDINGS', worst.message, { hint: worst.hint });
}
