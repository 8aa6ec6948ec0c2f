import { PullthroughError } from '../../ledger-schema/error.ts';
import type { Checklist } from '../../ledger-schema/checklist.ts';
import { previousTag } from '../../proposals/compare-records.ts';
import { acknowledgedBefore } from '../../proposals/previous-record.ts';
import type { Examined } from '../assess-tool.ts';
import type { Run } from '../open-run.ts';

/**
 * The record that a tool's release is compared with: the one that a review compares with, else, where nothing of the tool is
 * acknowledged yet, that of the version before. Undefined where there is none, or it can't be compared with.
 */
export async function previousRecord(
  run: Pick<Run, 'holdings' | 'trust' | 'progress'>,
  { recorded }: Pick<Examined, 'recorded'>,
  tag: string,
): Promise<Checklist | undefined> {
  if (recorded === undefined) return undefined;
  const { trust, holdings } = run;
  const acknowledged = await acknowledgedBefore({ snapshot: holdings.snapshot, trust }, recorded.records, tag);
  if (acknowledged !== undefined) return acknowledged.checklist;
  const before = previousTag(tag, recorded.records.keys());
  const path = before === undefined ? undefined : recorded.records.get(before);
  if (path === undefined) return undefined;
  try {
    return (await run.holdings.content(path)).checklist;
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    run.progress.warn(`${path} can't be compared with: ${error.message}`);
    return undefined;
  }
}
