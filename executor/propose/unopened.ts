import type { Examined } from '../assess-tool.ts';
import { recordResult } from '../release-results.ts';
import type { ReleaseResult } from '../result.ts';
import type { Run } from '../open-run.ts';
import { openPull, readPushedProposal } from './open-pull.ts';

const UNOPENED = 'its proposal has no pull request yet';

/** What `openNow` would do: says that a branch is without a pull request. */
export async function openLater(run: Pick<Run, 'proposals'>, examined: Examined, path: string): Promise<ReleaseResult> {
  const { checklist, files } = await readPushedProposal(run, examined, path);
  return recordResult(examined, { tag: checklist.tag, path, files }, { action: 'propose', reason: UNOPENED });
}

/** A branch without a pull request gets one, and nothing is downloaded. */
export async function openNow(
  run: Pick<Run, 'proposals' | 'pulls' | 'holdings' | 'trust' | 'now' | 'progress' | 'store'>,
  examined: Examined,
  path: string,
  reason = UNOPENED,
): Promise<ReleaseResult> {
  const proposal = await readPushedProposal(run, examined, path);
  const opened = await openPull(run, examined, proposal);
  const { checklist, files } = proposal;
  return recordResult(examined, { tag: checklist.tag, path, files, ...opened }, { action: 'proposed', reason });
}
