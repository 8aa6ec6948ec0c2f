import { foundError } from '../inspect/finding.ts';
import { typed } from '../io/shell.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import type { WithView } from '../proposals/with-view.ts';
import { checkFiles } from './check-files.ts';
import type { CheckedFiles } from './check-files.ts';
import type { ComparedFile } from './compare/compare-files.ts';
import type { Outcome } from './compare/read-bytes.ts';
import { readUpstream } from './compare/read-upstream.ts';
import type { ReviewerContext } from './context.ts';
import { withInside } from './inside/inspect-files.ts';
import type { Inspected } from './inside/inspect-files.ts';
import { findPrevious, readNovelty } from './novelty.ts';
import { buildReport } from './report.ts';
import type { ReviewReport, ReviewedFile } from './report.ts';
import { inTools } from './review-tools.ts';
import type { ReviewTool, ReviewTools } from './review-tools.ts';

/** A proposal that was reviewed here and now. */
export interface Review {
  readonly proposal: Proposal;
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
  context: WithView<ReviewerContext>,
  proposal: Proposal,
  tools: ReviewTools,
): Promise<Review> {
  const { now, store, signal } = context;
  const about = { proposal: comparable(proposal), trust: context.view.trust, now, store: store !== undefined };
  const { record } = proposal;
  const tool = inTools(tools, record.checklist);
  const { client } = tool;
  if (client === undefined) {
    const findings = [foundError('source-unknown', noSource(record, tool))];
    const files = unread(proposal, 'failed');
    return { proposal, report: buildReport({ ...about, release: undefined, files, previous: undefined, findings }) };
  }
  const upstream = await readUpstream(client, record.checklist);
  const { release, findings } = upstream;
  const before = await findPrevious(context.view, record);
  const previous = before && (await readNovelty({ previous: before, record, client, release, store, signal }));
  if (release === undefined) {
    const gone = findings.every(({ code }) => code === 'E_UPSTREAM_NOT_FOUND');
    const files = unread(proposal, gone ? 'gone' : 'failed');
    return { proposal, report: buildReport({ ...about, release, files, previous, findings }) };
  }

  const task = context.progress.start(titleOf(proposal), bytesOf(proposal, context));
  const side = { client, release, repository: upstream.repository, tool, previous: before };
  const seen = await checkFiles(context, proposal, side, (bytes) => task.advance(bytes)).finally(() => task.done());
  const report = buildReport({
    ...about,
    release,
    files: seen.files,
    previous,
    findings: [...findings, ...seen.findings],
    evidence: seen.evidence,
  });
  const files = report.files.map((file) => withSeen(file, seen));
  return { proposal, report: { ...report, files }, inspected: seen.inspected };
}

/** A file of the report with what was found in it. */
function withSeen(file: ReviewedFile, { inspected, scans }: CheckedFiles): ReviewedFile {
  const said = scans.get(file.name);
  return { ...withInside(file, inspected.get(file.name)), ...(said === undefined ? {} : { scans: said }) };
}

/** Throws `E_NO_CHANGE` for a nack. */
function comparable(proposal: Proposal): Proposal & { readonly adds: 'record' | 'ack' } {
  const { adds, branch } = proposal;
  if (adds !== 'nack') return { ...proposal, adds };
  return fail('E_NO_CHANGE', `${branch} withdraws a record; there is nothing to compare`, {
    hint: `to merge it: ${typed`pullthrough ledger merge ${branch}`}`,
  });
}

function noSource({ checklist: { source, repository } }: RecordStatus, { why }: ReviewTool): PullthroughError {
  const message = why?.message ?? `nothing says which API ${source}/${repository} is from`;
  return new PullthroughError('E_CONFIG', message, {
    hint: 'set api and host in [source] of mirror.ini, or write a tool.ini of your own for it and name its folder with --tools',
  });
}

/** `owner/repo TAG`. */
export function titleOf({ record: { checklist } }: Pick<Proposal, 'record'>): string {
  return `${checklist.repository} ${checklist.tag}`;
}

/** All bytes that a review of it reads. */
export function bytesOf({ record }: Pick<Proposal, 'record'>, { store }: Pick<ReviewerContext, 'store'>): number {
  return record.assets.reduce((sum, { size }) => sum + size, 0) * (store === undefined ? 1 : 2);
}

/** Files without anything to compare them with. */
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
