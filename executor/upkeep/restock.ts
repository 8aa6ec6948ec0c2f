import { getReleaseByTag, getRepository } from '../../github/releases.ts';
import type { Release } from '../../github/types.ts';
import { countText } from '../../io/size-text.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import { restockEvidence } from './restock-evidence.ts';
import type { Store } from '../../store/store.ts';
import { Limit, mapLimit, mapShared } from '../../io/limit.ts';
import { recordFiles } from '../../ledger/files.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { parseRecordPath } from '../../ledger-schema/names/path.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { RecordStatus, RecordedAsset } from '../../ledger-schema/record.ts';
import type { ExecutorContext } from '../context.ts';
import type { PublishedDigest } from '../../upstream/published-digests.ts';
import type { FetchedFile } from '../../ledger/new-record.ts';
import { recordedAs } from '../recorded-as.ts';
import { toolFailure } from '../release-results.ts';
import { reportError } from '../../io/error-report.ts';
import type { ReleaseResult } from '../result.ts';
import { openRun } from '../open-run.ts';
import type { Run } from '../open-run.ts';
import type { Tool } from '../../upstream/tools.ts';
import { storeAsset, storeExternal } from '../../upstream/transfer.ts';
import type { Transfer } from '../../upstream/transfer.ts';
import { checkUpstreams } from '../../upstream/upstreams.ts';

const TOOLS_AT_ONCE = 8;
const FILES_AT_ONCE = 4;

export interface RestockOptions {
  readonly tools: readonly Tool[];
  /** Say what would be fetched. */
  readonly dryRun?: boolean | undefined;
  readonly concurrency?: number | undefined;
}

/**
 * Fetches again what the store lost or damaged of the records and open proposals of these tools, and keeps only what
 * has the record's digest (`E_DIGEST_MISMATCH` otherwise). Nothing is proposed. A failure is in its record's result;
 * the other files of the record are fetched all the same.
 */
export async function restock(context: ExecutorContext, options: RestockOptions): Promise<ReleaseResult[]> {
  checkUpstreams(options.tools, context.source);
  const run = await openRun(context, options.tools);
  const limit = new Limit(options.concurrency ?? FILES_AT_ONCE);
  const results = await mapLimit(options.tools, TOOLS_AT_ONCE, async (tool) => {
    const all: ReleaseResult[] = [];
    let paths: string[];
    try {
      paths = await recordPaths(run, tool);
    } catch (error) {
      context.signal?.throwIfAborted();
      return [toolFailure(tool, error)];
    }
    for (const path of paths) {
      const base = { tool: tool.label, tag: parseRecordPath(path).tag, record: path, warnings: [] };
      context.signal?.throwIfAborted();
      try {
        all.push({ ...base, ...(await restockRecord(run, tool, path, limit, options.dryRun === true)) });
      } catch (error) {
        const report = reportError(error);
        all.push({ ...base, action: 'failed', reason: report.message, error: report });
      }
    }
    return all;
  });
  return results.flat();
}

async function recordPaths(run: Run, tool: Tool): Promise<string[]> {
  const id = await recordedAs(run, tool);
  const recorded = await run.holdings.find(id);
  const merged = [...(recorded?.records.values() ?? [])];
  const proposed = run.proposals.paths(id);
  return [...new Set([...merged, ...proposed])];
}

type Outcome = Pick<ReleaseResult, 'action' | 'reason' | 'files'>;

async function restockRecord(run: Run, tool: Tool, path: string, limit: Limit, dryRun: boolean): Promise<Outcome> {
  const record = await readHeldRecord(run, path);
  if (record?.signedBy === undefined) return { action: 'nothing', reason: 'it has no valid sign' };
  if (record.state === 'withdrawn') return { action: 'nothing', reason: 'it was withdrawn' };
  const files = await lostOf(record.assets, run.store, limit);
  const evidence = await lostOf(record.checklist.evidence ?? [], run.store, limit);
  if (files.length + evidence.length === 0) return { action: 'held', reason: 'the store has all of its files' };
  const reason = lostReason(files.length, evidence.length);
  if (dryRun) return { action: 'restock', reason, files };
  const fetched = await fetchLost(transferOf(run, tool, record, limit), tool, record, files, evidence);
  return { action: 'restocked', reason, files: fetched };
}

async function lostOf<T extends { readonly sha256: string; readonly size: number }>(
  objects: readonly T[],
  store: Pick<Store, 'verify'>,
  limit: Limit,
): Promise<T[]> {
  const states = await mapShared(objects, limit, ({ sha256, size }) => store.verify(sha256, size));
  return objects.filter((_, place) => states[place] !== 'present');
}

function lostReason(files: number, evidence: number): string {
  const lost = [
    ...(files === 0 ? [] : [`${files} of its files`]),
    ...(evidence === 0 ? [] : [countText(evidence, 'statement')]),
  ];
  return `the store lost ${lost.join(' and ')}`;
}

function transferOf(run: Run, tool: Tool, { checklist }: RecordStatus, limit: Limit): Transfer {
  const { store, progress, signal, spool, partials, source } = run;
  const client = run.upstreams.of(tool);
  const label = `${tool.label} ${checklist.tag}`;
  return { client, store, limit, progress, signal, privateHosts: source.privateHosts, spool, partials, label };
}

/** What upstream replaced must not keep the store from what it still has: everything is tried, then the worst is thrown. */
async function fetchLost(
  transfer: Transfer,
  tool: Tool,
  record: RecordStatus,
  files: readonly RecordedAsset[],
  evidence: readonly EvidenceEntry[],
): Promise<FetchedFile[]> {
  let release: Promise<Release> | undefined;
  const find = (): Promise<Release> => (release ??= findRelease(transfer, tool, record));
  const failures: unknown[] = [];
  const failed = (error: unknown): undefined => {
    transfer.signal?.throwIfAborted();
    failures.push(error);
  };
  const fetched = await mapShared(files, transfer.limit, (asset) => fetchAgain(transfer, asset, find).catch(failed));
  if (evidence.length > 0) {
    await find()
      .then((found) => restockEvidence({ tool, transfer, record, lost: evidence, release: found }))
      .catch(failed);
  }
  if (failures.length > 0) throw worstOf(failures);
  return fetched.filter((file) => file !== undefined);
}

/** The one that is not to be trusted, before one that may pass. */
function worstOf(failures: readonly unknown[]): unknown {
  return failures.find((error) => error instanceof PullthroughError && error.exit === 3) ?? failures[0];
}

/** Undefined: the record breaks the format, or its proposal has no valid sign. */
async function readHeldRecord(run: Run, path: string): Promise<RecordStatus | undefined> {
  const { snapshot } = run.holdings;
  const entries = await snapshot.list(path);
  if (entries.length === 0) return run.proposals.valid(path);
  try {
    return await verifyRecord(recordFiles(snapshot, path, entries), run.trust);
  } catch (error) {
    if (error instanceof PullthroughError && error.exit === 3) return undefined;
    throw error;
  }
}

async function findRelease({ client }: Transfer, tool: Tool, { checklist }: RecordStatus): Promise<Release> {
  const { id } = await getRepository(client, tool.repository);
  if (id !== checklist.repositoryId) {
    fail('E_REPOSITORY_CHANGED', `${tool.label} is another repository (id ${id}) than the one that was recorded`, {
      hint: 'nobody offers its files any more; ask other holders of the record for theirs',
    });
  }
  return (
    (await getReleaseByTag(client, tool.repository, checklist.tag)) ??
    fail('E_UPSTREAM_NOT_FOUND', `${tool.label} has no release ${checklist.tag} any more`)
  );
}

async function fetchAgain(
  transfer: Transfer,
  { name, size, sha256, url }: RecordedAsset,
  release: () => Promise<Release>,
): Promise<FetchedFile> {
  const said: PublishedDigest[] = [{ by: 'list', list: 'the record', algorithm: 'sha256', digest: sha256 }];
  if (url !== undefined) return (await storeExternal(transfer, { name, url }, said)).file;
  const asset = (await release()).assets.find((candidate) => candidate.name === name);
  if (asset === undefined) fail('E_UPSTREAM_NOT_FOUND', `upstream has no file ${name} in this release any more`);
  if (asset.size !== size || (asset.sha256 !== undefined && asset.sha256 !== sha256)) {
    fail('E_DIGEST_MISMATCH', `upstream's ${name} is another file than the record's`, {
      hint: 'it was replaced: run `pullthrough watch`; ask other holders of the record for the file',
    });
  }
  return (await storeAsset(transfer, asset, said)).file;
}
