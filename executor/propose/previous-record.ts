import { PullthroughError } from '../../ledger-schema/error.ts';
import type { Checklist } from '../../ledger-schema/checklist.ts';
import { previousTag } from '../../proposals/compare-records.ts';
import type { Examined } from '../assess-tool.ts';
import type { Run } from '../open-run.ts';

/** The record that a tool's release is compared with; undefined where there is none, or it can't be compared with. */
export async function previousRecord(
  run: Pick<Run, 'holdings' | 'progress'>,
  { recorded }: Pick<Examined, 'recorded'>,
  tag: string,
): Promise<Checklist | undefined> {
  const before = previousTag(tag, recorded?.records.keys() ?? []);
  const path = before === undefined ? undefined : recorded?.records.get(before);
  if (path === undefined) return undefined;
  try {
    return (await run.holdings.content(path)).checklist;
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    run.progress.warn(`${path} can't be compared with: ${error.message}`);
    return undefined;
  }
}
