import type { Collected } from '../evidence/collect.ts';
import { firstSigned } from '../evidence/signed-time.ts';
import type { HashAlgorithm } from '../io/files/hash.ts';
import { buildRecord } from '../ledger/new-record.ts';
import type { UnsignedRecord } from '../ledger/new-record.ts';
import { fail } from '../ledger-schema/error.ts';
import { checkSign } from '../ledger-schema/record-signatures.ts';
import type { Standing } from '../proposals/standing.ts';
import { describeChecks } from '../upstream/published-digests.ts';
import type { Transfer } from '../upstream/transfer.ts';
import type { Examined, Item } from './assess-tool.ts';
import type { Signing } from './context.ts';
import type { Fetched } from './fetch/fetch-release.ts';
import { fetchSettled } from './fetch/fetch-settled.ts';
import type { FetchedAttempt } from './fetch/fetch-settled.ts';
import { weakerThanBefore } from './fetch/foreseen-evidence.ts';
import { describeEvidence, releaseEvidence } from './fetch/release-evidence.ts';
import { storeAgain } from './fetch/store-again.ts';
import type { MirrorRun } from './mirror-run.ts';
import { decideAge, nackedReason } from './plan.ts';
import { openPull } from './propose/open-pull.ts';
import { pushProposal } from './propose/push-proposal.ts';
import { openNow } from './propose/unopened.ts';
import { decisionResult, recordResult } from './release-results.ts';
import type { ReleaseResult } from './result.ts';

/** A last look at what was fetched, before it is recorded; it throws if anything speaks against that. */
export interface Inspection {
  /** What must be hashed for it. */
  readonly algorithms: readonly HashAlgorithm[];
  inspect(fetched: Fetched): void;
}

/** The steps of one release, in their order: bytes, then the record, then the pull request. */
export async function mirrorRelease(
  run: MirrorRun,
  examined: Examined,
  item: Item,
  inspection?: Inspection,
): Promise<ReleaseResult> {
  run.signal?.throwIfAborted();
  const { decision, path } = item;
  const { signing, checkpoint } = run;
  if (decision.action === 'open' && signing !== undefined && path !== undefined) {
    return openNow(run, examined, path, decision.reason);
  }
  if (decision.action !== 'propose' || path === undefined) return decisionResult(examined, item, decision);

  await run.mayWrite();
  const transfer = transferOf(run, examined, item, inspection);
  const attempt = await fetchSettled(run, examined, item, transfer);
  if (attempt.kind === 'decided') return decisionResult(examined, item, attempt.decision);
  inspection?.inspect(attempt.fetched);
  const evidence = await evidenceFor(run, examined, attempt, transfer);
  // Upstream sets its own dates, but not a log's.
  const signed = firstSigned(evidence.statements, run.now);
  const young = decideAge(attempt.release, examined.tool.definition.minAge, run.now, signed);
  if (young !== undefined) return decisionResult(examined, item, young);

  const record = recordOf(run, examined, attempt, evidence);
  const result = resultsOf(examined, attempt, record);
  if (signing === undefined) {
    const findings = await weakerThanBefore(run, examined, record.checklist, evidence.bytes);
    return result({ action: 'propose', reason: decision.reason, ...(findings.length > 0 && { findings }) });
  }
  const sign = await signRecord(run, signing, record);
  await checkpoint('signed');

  const checks = checksOf(attempt.fetched, evidence);
  const pushed = await pushProposal(run, signing, { record, sign, checks }, item.standing);
  await checkpoint('pushed');
  if (!pushed.ours) return result({ action: 'held', reason: heldReason(pushed.standing) });
  await storeAgain(run, examined.tool, transfer, attempt, evidence);

  const { release, fetched } = attempt;
  const notes = [...pushed.notes, ...pushed.warnings];
  const proposal = { path, checklist: record.checklist, files: fetched.files, checks, release, signed, notes };
  const opened = await openPull(run, examined, proposal);
  await checkpoint('proposed');
  return result({ action: 'proposed', reason: decision.reason, warnings: pushed.warnings, ...opened });
}

function transferOf(
  { target, limit, progress, signal, source, spool, partials }: MirrorRun,
  { client, tool }: Examined,
  { release }: Item,
  inspection: Inspection | undefined,
): Transfer {
  return {
    client,
    store: target,
    limit,
    progress,
    signal,
    privateHosts: source.privateHosts,
    spool,
    partials,
    label: `${tool.label} ${release.tag}`,
    also: inspection?.algorithms,
  };
}

function evidenceFor(
  run: Pick<MirrorRun, 'trustedRoots'>,
  examined: Examined,
  { fetched, release, commit }: FetchedAttempt,
  transfer: Transfer,
): Promise<Collected> {
  const { tool, repository } = examined;
  const identity = identityOf(examined);
  return releaseEvidence(run, { tool, transfer, release, files: fetched.files, identity, repository, commit });
}

function recordOf(
  { trust }: Pick<MirrorRun, 'trust'>,
  examined: Examined,
  { fetched, release, commit }: FetchedAttempt,
  evidence: Collected,
): UnsignedRecord {
  return buildRecord({
    ledger: trust.ledger,
    source: examined.tool.source,
    repository: examined.repository,
    repositoryId: identityOf(examined).id,
    tag: release.tag,
    commit,
    files: fetched.files,
    evidence: evidence.entries,
  });
}

function identityOf({ identity }: Examined) {
  return identity ?? fail('E_INTERNAL', 'a repository was mirrored without its id');
}

/** Signs, and looks at once whether the ledger's readers will take it. */
async function signRecord(
  { trust }: Pick<MirrorRun, 'trust'>,
  { signer }: Signing,
  { sums }: UnsignedRecord,
): Promise<Uint8Array> {
  const sign = await signer.sign(sums);
  await checkSign(sign, sums, trust);
  return sign;
}

function checksOf({ files, statements }: Fetched, evidence: Collected): string[] {
  return [...describeChecks(files, statements), ...describeEvidence(evidence, files)];
}

/** What can come of a release whose files were fetched. */
type Outcome = Pick<ReleaseResult, 'action' | 'reason'> &
  Partial<Pick<ReleaseResult, 'warnings' | 'pull' | 'findings'>>;

function resultsOf(
  examined: Examined,
  { fetched, decision }: FetchedAttempt,
  { path, checklist }: UnsignedRecord,
): (outcome: Outcome) => ReleaseResult {
  return ({ action, reason, warnings = [], pull, findings }) => {
    const record = { tag: checklist.tag, path, files: fetched.files, left: decision.left, pull, findings };
    return recordResult(examined, record, { action, reason, warnings: [...decision.warnings, ...warnings] });
  };
}

function heldReason(standing: Standing): string {
  return standing.kind === 'nacked'
    ? nackedReason(standing.by, `the branch ${standing.branch}`)
    : 'another run proposed it meanwhile';
}
