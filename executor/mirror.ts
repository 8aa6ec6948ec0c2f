import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { parseRecordPath } from '../ledger-schema/names/path.ts';
import { checkSign } from '../ledger-schema/record-signatures.ts';
import type { HashAlgorithm } from '../io/files/hash.ts';
import { Limit, mapLimit } from '../io/limit.ts';
import { fetchSettled } from './fetch/fetch-settled.ts';
import type { Checkpoint, ExecutorContext, Signing } from './context.ts';
import { dryStore } from './dry-store.ts';
import { describeChecks } from '../upstream/published-digests.ts';
import { examineTool } from './assess-tool.ts';
import type { Examined, Item } from './assess-tool.ts';
import { fetchRelease } from './fetch/fetch-release.ts';
import type { Fetched } from './fetch/fetch-release.ts';
import type { RepositoryId } from '../ledger/record-index.ts';
import { foreseenFindings, weakerThanBefore } from './fetch/foreseen-evidence.ts';
import { openPull, readPushedProposal } from './propose/open-pull.ts';
import { pushProposal } from './propose/push-proposal.ts';
import { buildRecord } from '../ledger/new-record.ts';
import type { FetchedFile } from '../ledger/new-record.ts';
import { writeCheck } from './may-write.ts';
import { nackedReason } from './plan.ts';
import { describeEvidence, releaseEvidence, storeEvidence } from './fetch/release-evidence.ts';
import { decisionResult, nothingSelected, recordResult, releaseFailure, toolFailure } from './report.ts';
import type { ReleaseResult } from './result.ts';
import { openRun, requireExecutor } from './run.ts';
import type { Run } from './run.ts';
import type { Tool } from '../upstream/tools.ts';
import { cleanSpool } from '../upstream/transfer.ts';
import type { Transfer } from '../upstream/transfer.ts';
import { checkUpstreams } from '../upstream/upstreams.ts';

/** Tools that are looked at together; the API's client has its own limit on requests. */
const TOOLS_AT_ONCE = 32;
/** Releases of one tool that are under way together. */
const RELEASES_AT_ONCE = 4;
/** Files under way at once, unless told. */
const FILES_AT_ONCE = 4;

export interface MirrorOptions {
  readonly tools: readonly Tool[];
  /** Undefined only with `dryRun`. */
  readonly signing?: Signing | undefined;
  /** Fetch and check everything, write nothing. */
  readonly dryRun?: boolean | undefined;
  /** `--concurrency`: files under way at once; for `plan`, which fetches none, tools that are asked about. */
  readonly concurrency?: number | undefined;
  readonly checkpoint?: Checkpoint | undefined;
}

/** A run that writes, with what all its tools share. */
export interface Mirroring {
  readonly run: Run;
  readonly signing: Signing | undefined;
  readonly store: Transfer['store'];
  readonly limit: Limit;
  readonly checkpoint: Checkpoint;
  /** May what is fetched be stored and proposed? Looked at once, before the first download. */
  readonly mayWrite: () => Promise<void>;
}

/**
 * What a run would do, and why; nothing is downloaded. A tool's failure is in its results. Throws `E_CONFIG` before any
 * request, and what the ledger or its trust fails with.
 */
export async function plan(
  context: ExecutorContext,
  { tools, concurrency }: Pick<MirrorOptions, 'tools' | 'concurrency'>,
): Promise<ReleaseResult[]> {
  checkUpstreams(tools, context.source);
  const run = await openRun(context, tools);
  const work: Work = {
    release: async (examined, item) => {
      const findings = await foreseenFindings(run, examined, item);
      return { ...decisionResult(examined, item, item.decision), ...(findings.length > 0 && { findings }) };
    },
    unopened: (examined, path) => openLater(run, examined, path),
  };
  return eachTool(run, tools, work, concurrency);
}

/**
 * Mirrors what the tools select: fetch, store, sign, propose, one change of the ledger a release. Killed at any point
 * and run again, it ends where one run would have ended; cli.md, "Executor". A tool's failure is in its results. Throws
 * `E_CONFIG` and `E_NO_KEY` before any request, `E_NOT_EXECUTOR` before any download, and what the ledger fails with.
 */
export async function mirror(context: ExecutorContext, options: MirrorOptions): Promise<ReleaseResult[]> {
  const { tools, dryRun } = options;
  checkUpstreams(tools, context.source);
  const mirroring = await openMirroring(context, tools, options);
  const { run } = mirroring;
  return eachTool(run, tools, {
    release: (examined, item) => mirrorRelease(mirroring, examined, item),
    unopened: (examined, path) => (dryRun === true ? openLater(run, examined, path) : openNow(run, examined, path)),
  });
}

/** Opens a run that writes. Throws `E_NO_KEY` before any request, `E_NOT_EXECUTOR` before any download. */
export async function openMirroring(
  context: ExecutorContext,
  ids: readonly RepositoryId[],
  { signing, dryRun = false, concurrency = FILES_AT_ONCE, checkpoint = () => undefined }: Omit<MirrorOptions, 'tools'>,
): Promise<Mirroring> {
  if (signing === undefined && !dryRun) {
    fail('E_NO_KEY', 'records are signed, and there is no signing key', {
      hint: 'set PULLTHROUGH_SIGNING_KEY_FILE, or use --dry-run',
    });
  }
  const run = await openRun(context, ids);
  if (signing !== undefined) await requireExecutor(run.trust, signing.signer.fingerprint);
  await cleanSpool(run.spool);
  await checkpoint('opened');
  return {
    run,
    signing: dryRun ? undefined : signing,
    store: dryRun ? dryStore(context.store) : context.store,
    limit: new Limit(concurrency),
    checkpoint,
    mayWrite: dryRun ? () => Promise.resolve() : writeCheck(context),
  };
}

/** What is done about each release that a tool selects, and about each branch that has no pull request. */
interface Work {
  release(examined: Examined, item: Item): Promise<ReleaseResult>;
  unopened(examined: Examined, path: string): Promise<ReleaseResult>;
}

async function eachTool(
  run: Run,
  tools: readonly Tool[],
  work: Work,
  atOnce = TOOLS_AT_ONCE,
): Promise<ReleaseResult[]> {
  const results = await mapLimit(tools, atOnce, async (tool) => {
    try {
      run.context.signal?.throwIfAborted();
      return await eachRelease(await examineTool(run, tool), work);
    } catch (error) {
      run.context.signal?.throwIfAborted();
      return [toolFailure(tool, error)];
    }
  });
  return results.flat();
}

async function eachRelease(examined: Examined, work: Work): Promise<ReleaseResult[]> {
  const guarded = async (tag: string, action: () => Promise<ReleaseResult>): Promise<ReleaseResult> => {
    try {
      return await action();
    } catch (error) {
      return releaseFailure(examined, tag, error);
    }
  };
  const results = await mapLimit(examined.items, RELEASES_AT_ONCE, (item) =>
    guarded(item.release.tag, () => work.release(examined, item)),
  );
  for (const path of examined.unopened) {
    results.push(await guarded(parseRecordPath(path).tag, () => work.unopened(examined, path)));
  }
  for (const tag of examined.absent) {
    const message = `${examined.tool.label} has no release of the tag ${tag}`;
    results.push(releaseFailure(examined, tag, new PullthroughError('E_UPSTREAM_NOT_FOUND', message)));
  }
  return results.length > 0 ? results : [nothingSelected(examined)];
}

/** A last look at what was fetched, before it is recorded; it throws what speaks against it. */
export interface Inspection {
  /** What must be hashed for it. */
  readonly algorithms: readonly HashAlgorithm[];
  inspect(fetched: Fetched): void;
}

/** The steps of one release, in their order: bytes, then the record, then the pull request. */
export async function mirrorRelease(
  mirroring: Mirroring,
  examined: Examined,
  item: Item,
  inspection?: Inspection,
): Promise<ReleaseResult> {
  const { run, signing, checkpoint } = mirroring;
  const { decision, path, release } = item;
  run.context.signal?.throwIfAborted();
  if (decision.action === 'open' && signing !== undefined && path !== undefined) {
    return openNow(run, examined, path, decision.reason);
  }
  if (decision.action !== 'propose' || path === undefined) return decisionResult(examined, item, decision);

  await mirroring.mayWrite();
  const transfer = { ...transferOf(mirroring, examined, release.tag), also: inspection?.algorithms };
  const attempt = await fetchSettled(run, examined, item, transfer, checkpoint);
  if (attempt.kind === 'decided') return decisionResult(examined, item, attempt.decision);
  const { fetched, commit } = attempt;
  const { left, warnings } = attempt.decision;
  inspection?.inspect(fetched);

  const identity = examined.identity ?? fail('E_INTERNAL', 'a repository was mirrored without its id');
  const { tool, repository } = examined;
  const { ledger } = run.trust;
  const { files } = fetched;
  const said = { tool, transfer, release: attempt.release, files, identity, repository, commit };
  const evidence = await releaseEvidence(run.context, said);
  const record = buildRecord({
    ledger,
    source: tool.source,
    repository,
    repositoryId: identity.id,
    tag: release.tag,
    commit,
    files,
    evidence: evidence.entries,
  });
  const result = { tag: release.tag, path: record.path, files: fetched.files, left };
  if (signing === undefined) {
    const findings = await weakerThanBefore(run, examined, record.checklist);
    const dry = { action: 'propose', reason: decision.reason, warnings } as const;
    return recordResult(examined, findings.length === 0 ? result : { ...result, findings }, dry);
  }
  const sign = await signing.signer.sign(record.sums);
  await checkSign(sign, record.sums, run.trust);
  await checkpoint('signed');

  const checks = [...describeChecks(files, fetched.statements), ...describeEvidence(evidence, files)];
  const pushed = await pushProposal(run, signing, { record, sign, checks }, item.standing, checkpoint);
  await checkpoint('pushed');
  if (!pushed.ours) {
    const { standing } = pushed;
    const reason =
      standing.kind === 'nacked'
        ? nackedReason(standing.by, `the branch ${standing.branch}`)
        : 'another run proposed it meanwhile';
    return recordResult(examined, result, { action: 'held', reason, warnings });
  }
  if (await someAreGone(run, fetched.files)) {
    const required = tool.definition.evidence;
    const again = await fetchRelease(transfer, attempt.release, attempt.decision.files, required, checkpoint);
    requireSame(fetched.files, again.files);
  }
  if (await someAreGone(run, evidence.entries)) await storeEvidence(transfer.store, evidence);
  const notes = [...pushed.notes, ...pushed.warnings];
  const proposal = { path, checklist: record.checklist, files: fetched.files, checks, release: attempt.release, notes };
  const opened = await openPull(run, examined, proposal);
  await checkpoint('proposed');
  return recordResult(
    examined,
    { ...result, ...opened },
    {
      action: 'proposed',
      reason: decision.reason,
      warnings: [...warnings, ...pushed.warnings],
    },
  );
}

function transferOf(mirroring: Mirroring, { client, tool }: Examined, tag: string): Transfer {
  const { run, store, limit } = mirroring;
  const { progress, signal } = run.context;
  const { privateHosts } = run.context.source;
  return { client, store, limit, progress, signal, privateHosts, spool: run.spool, label: `${tool.label} ${tag}` };
}

/**
 * What lay in the store unnamed could have been collected while no proposal named it yet, also where it was downloaded: a
 * store that has the bytes keeps the old object.
 */
async function someAreGone(run: Run, files: readonly Pick<FetchedFile, 'sha256' | 'size'>[]): Promise<boolean> {
  const { store } = run.context;
  const held = await mapLimit(files, FILES_AT_ONCE, ({ sha256, size }) => store.has(sha256, size));
  return held.includes(false);
}

/** A file without a published digest may be another one by now. Throws `E_DIGEST_MISMATCH`. */
function requireSame(recorded: readonly FetchedFile[], found: readonly FetchedFile[]): void {
  const now = new Map(found.map(({ name, sha256 }) => [name, sha256]));
  const other = recorded.find(({ name, sha256 }) => now.get(name) !== sha256);
  if (other === undefined) return;
  fail('E_DIGEST_MISMATCH', `${other.name} was lost from the store, and upstream has other bytes than its proposal`, {
    hint: 'close the proposal, and find out why upstream replaced the file',
  });
}

const UNOPENED = 'its proposal has no pull request yet';

async function openLater(run: Run, examined: Examined, path: string): Promise<ReleaseResult> {
  const { checklist, files } = await readPushedProposal(run, examined, path);
  return recordResult(examined, { tag: checklist.tag, path, files }, { action: 'propose', reason: UNOPENED });
}

/** A branch without a pull request gets one, and nothing is downloaded. */
async function openNow(run: Run, examined: Examined, path: string, reason = UNOPENED): Promise<ReleaseResult> {
  const proposal = await readPushedProposal(run, examined, path);
  const opened = await openPull(run, examined, proposal);
  const { checklist, files } = proposal;
  return recordResult(examined, { tag: checklist.tag, path, files, ...opened }, { action: 'proposed', reason });
}
