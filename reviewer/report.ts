import { describeChecks } from '../upstream/published-digests.ts';
import { someOf } from '../inspect/some-names.ts';
import type { Release } from '../github/types.ts';
import { finding, sortFindings } from '../inspect/finding.ts';
import type { Finding } from '../inspect/finding.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { ERRORS } from '../ledger-schema/error.ts';
import type { RecordState } from '../ledger-schema/record.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import type { ComparedFile } from './compare/compare-files.ts';
import type { Inside } from './inside/inside.ts';
import type { Scan } from './scanner.ts';
import { noveltyFindings } from './novelty-findings.ts';
import type { Novelty } from './novelty.ts';
import type { VerifiedStatement } from '../evidence/entry.ts';
import { firstSigned } from '../evidence/signed-time.ts';
import type { ReviewedEvidence } from './compare/review-evidence.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import type { Outcome } from './compare/read-bytes.ts';
import type { PullReference } from '../proposals/pull-reference.ts';
import { holdersOf } from '../ledger-schema/holders.ts';

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
  /** What is in it, and what is new in that. */
  readonly inside?: Inside;
  /** What the reviewer's own scanners said of it. */
  readonly scans?: readonly Scan[];
  /** Who of upstream says the same of its bytes. */
  readonly statements: readonly string[];
}

/** Who vouches for the record, and who still has to. */
export interface AckStanding {
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
export interface ReviewReport extends AckStanding {
  readonly verdict: Verdict;
  /** What a person must know, the worst first; docs/findings.md. */
  readonly findings: readonly Finding[];
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
  /** What upstream signed, verified here again; absent where the record holds nothing of it. */
  readonly evidence?: readonly VerifiedStatement[];
}

export interface ReportInput {
  readonly proposal: Proposal & { readonly adds: 'record' | 'ack' };
  readonly trust: Trust;
  readonly release: Release | undefined;
  readonly files: readonly ComparedFile[];
  readonly previous: Novelty | undefined;
  /** Those that are not of one file. */
  readonly findings: readonly Finding[];
  /** Was a store looked at? */
  readonly store: boolean;
  readonly evidence?: ReviewedEvidence | undefined;
  readonly now: Date;
}

/** Who vouches for a record under a policy. */
export function standingOf({ record }: Pick<Proposal, 'record'>, trust: Trust): AckStanding {
  const { threshold, holders } = trust.policy.reviewers;
  const { state, signedBy, ackHolders, nacks, missing } = record;
  return {
    state,
    ...(signedBy && { signedBy: { holder: signedBy.holder, fingerprint: signedBy.fingerprint } }),
    acks: ackHolders,
    nacks: holdersOf(nacks),
    missing,
    threshold,
    owes: missing === 0 ? [] : holders.filter((holder) => !ackHolders.includes(holder)),
  };
}

/** Puts a review's findings together. Pure. */
export function buildReport(input: ReportInput): ReviewReport {
  const { proposal, trust, release, files } = input;
  const { checklist, path } = proposal.record;
  const agreed = new Map(files.map(({ recorded, agreed: said }) => [recorded.name, said]));
  const recorded = new Set(checklist.assets.map(({ name }) => name));
  const left = release === undefined ? [] : release.assets.flatMap(({ name }) => (recorded.has(name) ? [] : [name]));
  const findings = sortFindings([
    ...input.findings,
    ...files.flatMap((file) => file.findings),
    ...contradictions(files),
    ...noveltyFindings({
      files: checklist.assets,
      release,
      signed: firstSigned(input.evidence?.statements ?? [], input.now),
      left,
      previous: input.previous,
      now: input.now,
    }),
    ...(input.store ? [] : [finding('no-store', 'no store is configured, so only upstream was compared')]),
  ]);
  return {
    verdict: verdictOf(findings, files),
    findings,
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
    left,
    ...(input.previous === undefined ? {} : { previous: input.previous }),
    checks: [...describeChecks(proposal.record.assets, agreed), ...(input.evidence?.lines ?? [])],
    ...(checklist.evidence === undefined ? {} : { evidence: input.evidence?.statements ?? [] }),
  };
}

function verdictOf(findings: readonly Finding[], files: readonly ComparedFile[]): Verdict {
  const outcomes = files.flatMap(({ upstream, store }) => [upstream, ...(store === undefined ? [] : [store])]);
  const stops = findings.filter(({ level }) => level === 'stop');
  const untrusted = stops.some(({ code }) => code !== undefined && ERRORS[code][0] === 3);
  if (outcomes.includes('differs') || untrusted) return 'differs';
  // A file that was never fetched is not the same, whatever else went well.
  const all = files.length > 0 && outcomes.every((outcome) => outcome === 'same');
  return all && stops.length === 0 ? 'same' : 'incomparable';
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

/** One finding for each list, however many files it is wrong about. */
function contradictions(files: readonly ComparedFile[]): Finding[] {
  const byList = new Map<string, { readonly algorithm: string; readonly names: string[] }>();
  for (const { recorded, disagreed } of files) {
    for (const { list = '', algorithm } of disagreed) {
      const said = byList.get(`${algorithm} ${list}`) ?? { algorithm, names: [] };
      said.names.push(recorded.name);
      byList.set(`${algorithm} ${list}`, said);
    }
  }
  return [...byList].map(([key, { algorithm, names }]) => {
    const list = brief(key.slice(algorithm.length + 1));
    const message = `${list} lists another ${algorithm} of ${someOf(names)} than the bytes have`;
    return finding('list-disagrees', message, names);
  });
}
