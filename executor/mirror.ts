import { PullthroughError } from '../ledger-schema/error.ts';
import { parseRecordPath } from '../ledger-schema/names/path.ts';
import { mapLimit } from '../io/limit.ts';
import type { ExecutorContext } from './context.ts';
import { examineTool } from './assess-tool.ts';
import type { Examined, Item } from './assess-tool.ts';
import { foreseenFindings } from './fetch/foreseen-evidence.ts';
import { mirrorRelease } from './mirror-release.ts';
import { openMirrorRun } from './mirror-run.ts';
import type { WriteOptions } from './mirror-run.ts';
import { openLater, openNow } from './propose/unopened.ts';
import { decisionResult, nothingSelected, releaseFailure, toolFailure } from './release-results.ts';
import type { ReleaseResult } from './result.ts';
import { openRun } from './open-run.ts';
import type { Run } from './open-run.ts';
import type { Tool } from '../upstream/tools.ts';
import { checkUpstreams } from '../upstream/upstreams.ts';

/** How many tools are looked at together; the API's client has its own limit on requests. */
const TOOLS_AT_ONCE = 32;
/** How many releases of one tool are under way together. */
const RELEASES_AT_ONCE = 4;

export interface MirrorOptions extends WriteOptions {
  readonly tools: readonly Tool[];
}

/**
 * What a run would do, and why; nothing is downloaded. A tool's failure is in its results. Throws `E_CONFIG` before any
 * request, and what the ledger or its trust fails with.
 */
export async function plan(
  context: ExecutorContext,
  {
    tools,
    concurrency,
  }: { readonly tools: readonly Tool[]; /** Tools that are asked about. */ readonly concurrency?: number | undefined },
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
  const run = await openMirrorRun(context, tools, options);
  return eachTool(run, tools, {
    release: (examined, item) => mirrorRelease(run, examined, item),
    unopened: (examined, path) => (dryRun === true ? openLater(run, examined, path) : openNow(run, examined, path)),
  });
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
      run.signal?.throwIfAborted();
      return await eachRelease(await examineTool(run, tool), work);
    } catch (error) {
      run.signal?.throwIfAborted();
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
