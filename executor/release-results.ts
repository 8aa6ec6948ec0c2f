import { proposalBranch } from '../ledger-schema/names/branches.ts';
import type { Finding } from '../inspect/finding.ts';
import type { Examined, Item } from './assess-tool.ts';
import type { ChosenFile } from '../upstream/choose-files.ts';
import type { Decision } from './plan.ts';
import type { FetchedFile } from '../ledger/new-record.ts';
import { reportError } from '../io/error-report.ts';
import type { ReleaseResult, ResultFile } from './result.ts';
import type { Tool } from '../upstream/tools.ts';
import type { PullReference } from '../proposals/pull-reference.ts';

/** What a decision says of a release before anything is done. */
export function decisionResult(examined: Examined, item: Item, decision: Decision): ReleaseResult {
  const { standing, path } = item;
  const base = {
    tool: examined.tool.label,
    tag: item.release.tag,
    ...(path === undefined ? {} : { record: path }),
    ...('branch' in standing ? { branch: standing.branch } : {}),
    ...('pull' in standing && standing.pull !== undefined ? { pull: standing.pull } : {}),
  };
  const { warnings } = examined;
  switch (decision.action) {
    case 'propose': {
      const { reason, files, left } = decision;
      const all = [...warnings, ...decision.warnings];
      return { ...base, action: 'propose', reason, warnings: all, files: files.map(plannedFile), left };
    }
    case 'open':
      return { ...base, action: 'propose', reason: decision.reason, warnings };
    case 'waiting': {
      const { reason, until } = decision;
      return { ...base, action: 'waiting', reason, warnings, ...(until && { until: until.toISOString() }) };
    }
    case 'failed':
      return failed(base, decision.error, warnings);
    case 'held':
    case 'closed':
    case 'nothing':
      return { ...base, action: decision.action, reason: decision.reason, warnings };
  }
}

function plannedFile(file: ChosenFile): ResultFile {
  if (file.kind === 'external') return { name: file.name, url: file.url };
  const { name, size, sha256 } = file.asset;
  return sha256 === undefined ? { name, size } : { name, size, sha256 };
}

/** A release whose record is proposed, or would be. */
export function recordResult(
  examined: Examined,
  record: {
    readonly tag: string;
    readonly path: string;
    readonly files: readonly FetchedFile[];
    readonly left?: readonly string[] | undefined;
    readonly pull?: PullReference | undefined;
    readonly findings?: readonly Finding[] | undefined;
  },
  outcome: Pick<ReleaseResult, 'action' | 'reason'> & { readonly warnings?: readonly string[] | undefined },
): ReleaseResult {
  const { tag, path, files, left, pull, findings } = record;
  return {
    tool: examined.tool.label,
    tag,
    action: outcome.action,
    reason: outcome.reason,
    warnings: [...examined.warnings, ...(outcome.warnings ?? [])],
    record: path,
    branch: proposalBranch(path),
    ...(pull && { pull }),
    files: files.map(({ name, size, sha256, url, host }) => ({
      name,
      size,
      sha256,
      ...(url !== undefined && { url }),
      ...(host !== undefined && { host }),
    })),
    ...(left && { left }),
    ...(findings && { findings }),
  };
}

/** A release that failed; the others of its tool go on. */
export function releaseFailure(examined: Examined, tag: string, error: unknown): ReleaseResult {
  return failed({ tool: examined.tool.label, tag }, error, examined.warnings);
}

/** A tool whose releases could not even be looked at. */
export function toolFailure(tool: Tool, error: unknown): ReleaseResult {
  return failed({ tool: tool.label }, error, []);
}

/** A tool without any release to speak of. */
export function nothingSelected(examined: Examined): ReleaseResult {
  const { label } = examined.tool;
  return { tool: label, action: 'nothing', reason: 'select chooses none of its releases', warnings: examined.warnings };
}

function failed(
  base: Pick<ReleaseResult, 'tool' | 'tag' | 'record' | 'branch' | 'pull'>,
  error: unknown,
  warnings: readonly string[],
): ReleaseResult {
  const report = reportError(error);
  return { ...base, action: 'failed', reason: report.message, warnings, error: report };
}
