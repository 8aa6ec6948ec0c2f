import { describeChecks } from '../upstream/published-digests.ts';
import { reportError } from '../io/error-report.ts';
import type { ErrorReport } from '../io/error-report.ts';
import type { Release } from '../github/types.ts';
import type { PullthroughError } from '../ledger-schema/error.ts';
import type { RecordState } from '../ledger-schema/record.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import type { ComparedFile } from './compare.ts';
import type { Novelty } from './novelty.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import type { Outcome } from './read-bytes.ts';
import type { PullReference } from '../proposals/pull-reference.ts';

/**
 * `same`: every byte was fetched again, and all of them are those of the record. `differs`: something isn't as the record
 * says. `incomparable`: something is gone or can't be reached, so nothing was found out.
 */
export type Verdict = 'same' | 'differs' | 'incomparable';

/** One file of a review; sizes in bytes, dates in ISO 8601. */
export interface ReviewedFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  /** Where it lies, when not in the release. */
  readonly url?: string;
  /** The last host that `url` led to, where it is another one. */
  readonly host?: string;
  readonly upstream: Outcome;
  /** Absent where no store is configured. */
  readonly store?: Outcome;
  readonly uploader?: string;
  readonly updated?: string;
  /** Who of upstream says the same of its bytes. */
  readonly statements: readonly string[];
}

/** Who stands for the record, and who still has to. */
export interface Standing {
  readonly state: RecordState;
  readonly signedBy?: { readonly holder: string; readonly fingerprint: string };
  /** Holders. */
  readonly acks: readonly string[];
  readonly nacks: readonly string[];
  /** How many more holders must ack. */
  readonly missing: number;
  readonly threshold: number;
  /** The reviewers who could. */
  readonly owes: readonly string[];
}

/** What a person must see before signing: the one shape of `review`, `ack` and `--json`. */
export interface ReviewReport extends Standing {
  readonly verdict: Verdict;
  /** What isn't as it must be, the worst first. */
  readonly problems: readonly ErrorReport[];
  readonly warnings: readonly string[];
  readonly source: string;
  readonly repository: string;
  readonly tag: string;
  /** The record's path. */
  readonly record: string;
  /** Upstream's commit, as recorded. */
  readonly commit: string;
  readonly branch: string;
  /** The branch's commit in the ledger: what was reviewed. */
  readonly head: string;
  readonly pull?: PullReference;
  /** `ack`: a late one, of a record that is merged. */
  readonly adds: 'record' | 'ack';
  readonly release?: {
    readonly url: string;
    readonly author?: string;
    readonly published?: string;
    readonly immutable?: boolean;
    readonly prerelease: boolean;
  };
  readonly files: readonly ReviewedFile[];
  /** Upstream's files that the record leaves out. */
  readonly left: readonly string[];
  /** What is new against the acknowledged record before; absent where there is none. */
  readonly previous?: Novelty;
  /** What upstream said and was compared, a line each. */
  readonly checks: readonly string[];
}

export interface ReportInput {
  readonly proposal: Proposal & { readonly adds: 'record' | 'ack' };
  readonly trust: Trust;
  readonly release: Release | undefined;
  readonly files: readonly ComparedFile[];
  readonly previous: Novelty | undefined;
  readonly problems: readonly PullthroughError[];
  readonly warnings: readonly string[];
}

/** Who stands for a record by a policy. */
export function standingOf({ record }: Pick<Proposal, 'record'>, trust: Trust): Standing {
  const { threshold, holders } = trust.policy.reviewers;
  const { state, signedBy, ackHolders, nacks, missing } = record;
  return {
    state,
    ...(signedBy && { signedBy: { holder: signedBy.holder, fingerprint: signedBy.fingerprint } }),
    acks: ackHolders,
    nacks: [...new Set(nacks.map(({ holder }) => holder))].sort(),
    missing,
    threshold,
    owes: missing === 0 ? [] : holders.filter((holder) => !ackHolders.includes(holder)),
  };
}

/** Puts a review's findings together. Pure. */
export function buildReport(input: ReportInput): ReviewReport {
  const { proposal, trust, release, files } = input;
  const { checklist, path } = proposal.record;
  const all = [...input.problems, ...files.flatMap(({ problems }) => problems)];
  const problems = all.sort((a, b) => Number(b.exit === 3) - Number(a.exit === 3));
  const agreed = new Map(files.map(({ recorded, agreed: said }) => [recorded.name, said]));
  const recorded = new Set(checklist.assets.map(({ name }) => name));
  return {
    verdict: verdictOf(problems, files),
    problems: problems.map(reportError),
    warnings: [...input.warnings, ...files.flatMap(contradictions)],
    source: checklist.source,
    repository: checklist.repository,
    tag: checklist.tag,
    record: path,
    commit: checklist.commit,
    branch: proposal.branch,
    head: proposal.commit,
    ...(proposal.pull === undefined ? {} : { pull: proposal.pull }),
    adds: proposal.adds,
    ...standingOf(proposal, trust),
    ...(release === undefined ? {} : { release: releaseOf(release) }),
    files: files.map(toFile),
    left: release === undefined ? [] : release.assets.flatMap(({ name }) => (recorded.has(name) ? [] : [name])),
    ...(input.previous === undefined ? {} : { previous: input.previous }),
    checks: describeChecks(proposal.record.assets, agreed),
  };
}

function verdictOf(problems: readonly PullthroughError[], files: readonly ComparedFile[]): Verdict {
  const outcomes = files.flatMap(({ upstream, store }) => [upstream, ...(store === undefined ? [] : [store])]);
  if (outcomes.includes('differs') || problems.some(({ exit }) => exit === 3)) return 'differs';
  // A file that was never fetched is not the same, whatever else went well.
  const all = files.length > 0 && outcomes.every((outcome) => outcome === 'same');
  return all && problems.length === 0 ? 'same' : 'incomparable';
}

function releaseOf({ htmlUrl, author, publishedAt, immutable, prerelease }: Release): ReviewReport['release'] {
  return {
    url: htmlUrl,
    ...(author === undefined ? {} : { author }),
    ...(publishedAt === undefined ? {} : { published: publishedAt.toISOString() }),
    ...(immutable === undefined ? {} : { immutable }),
    prerelease,
  };
}

function toFile({ recorded, asset, upstream, host, store, agreed }: ComparedFile): ReviewedFile {
  return {
    ...recorded,
    ...(host === undefined ? {} : { host }),
    upstream,
    ...(store === undefined ? {} : { store }),
    ...(asset?.uploader === undefined ? {} : { uploader: asset.uploader }),
    ...(asset === undefined ? {} : { updated: asset.updatedAt.toISOString() }),
    statements: [...new Set(agreed.map(({ list, algorithm }) => `${list ?? 'GitHub'} (${algorithm})`))],
  };
}

function contradictions({ recorded, disagreed }: ComparedFile): string[] {
  return disagreed.map(({ list, algorithm }) => {
    return `${list ?? ''} lists another ${algorithm} of ${recorded.name} than the bytes have`;
  });
}
