import { PullthroughError, foldAscii, verifyRecord } from '../ledger-schema/index.ts';
import type { RecordState } from '../ledger-schema/index.ts';
import { mapLimit } from '../io/limit.ts';
import type { LedgerView } from '../ledger/view/view.ts';
import { groupTags } from './choose-tag.ts';
import type { LockEntry } from './lock/lock-file.ts';
import { requestOf } from './lock/lock.ts';
import { findTool, recordAt, resolveIn, resolveRelease } from './resolve.ts';
import { Catalog } from './serve/catalog.ts';
import { parseToolRequest, toolText } from './tool.ts';
import type { ToolName } from './tool.ts';
import type { Reasons } from './withdrawn.ts';
import { fetchRecords } from './verify/fetch-records.ts';
import { holdersOf } from '../ledger-schema/holders.ts';

/** A tool, and the best of its records. */
export interface ToolLine {
  /** `github.com/jqlang/jq` */
  readonly tool: string;
  /** Records in any state. */
  readonly releases: number;
  /** What `@latest` chooses; undefined where nothing is acknowledged, or several things are released. */
  readonly newest?: string | undefined;
  readonly acks: readonly string[];
  /** Why there is no newest release. */
  readonly problem?: string | undefined;
}

/** Tools that are judged at once. */
const AT_ONCE = 16;

const nameOf = (tool: { readonly source: string; readonly repository: string }): ToolName => {
  const [owner = '', repo = ''] = tool.repository.split('/');
  return { source: tool.source, owner, repo };
};

/** Every tool in the ledger whose name contains `word`, sorted by name. */
export async function listTools(view: LedgerView, word = ''): Promise<ToolLine[]> {
  const catalog = new Catalog(view, { now: () => view.trust.now.getTime(), aliases: [] });
  const wanted = foldAscii(word);
  const tools = (await catalog.tools()).filter((tool) => foldAscii(toolText(tool)).includes(wanted));
  return mapLimit(tools, AT_ONCE, async (listed): Promise<ToolLine> => {
    const tool = await catalog.tool(nameOf(listed));
    const line = { tool: toolText(tool), releases: tool.trees.size };
    try {
      const { tag, acks } = await catalog.latest(tool);
      return { ...line, newest: tag, acks: holdersOf(acks) };
    } catch (error) {
      return { ...line, acks: [], problem: refusal(error).message };
    }
  });
}

/** A record of a tool. */
export interface ReleaseLine {
  readonly tag: string;
  readonly state: RecordState | 'invalid';
  readonly acks: readonly string[];
  readonly files: number;
  /** Bytes. */
  readonly size: number;
  /** Who withdrew it, or why it can't be judged. */
  readonly why?: string | undefined;
}

/** Every record of a tool, the newest version first, those without a version last. Throws `E_NOT_FOUND`. */
export async function listReleases(view: LedgerView, name: ToolName, reasons?: Reasons): Promise<ReleaseLine[]> {
  const tool = await findTool(view, name, true);
  const tags = [...tool.trees.keys()].sort();
  const ordered = new Set([...groupTags(tags).flatMap((group) => group.tags.map(({ tag }) => tag)), ...tags]);
  const paths = new Map([...ordered].map((tag) => [recordAt(tool, tag), tag]));
  const lines: ReleaseLine[] = [];
  for (const files of await fetchRecords(view.snapshot, [...paths.keys()])) {
    const tag = paths.get(files.path) ?? '';
    try {
      const { state, ackHolders, assets, nacks, missing } = await verifyRecord(files, view.trust);
      const by = holdersOf(nacks).join(', ');
      const withdrawal = { code: 'E_WITHDRAWN', message: `${files.path} was withdrawn by ${by}` } as const;
      const told = state === 'withdrawn' ? ((await reasons?.(withdrawal)) ?? withdrawal.message) : undefined;
      // The text before it is the record's own path.
      const why =
        told !== undefined
          ? told.replace(/^packages\/\S+ was /, '')
          : missing > 0
            ? `needs ${missing} more`
            : undefined;
      const size = assets.reduce((sum, asset) => sum + asset.size, 0);
      lines.push({ tag, state, acks: ackHolders, files: assets.length, size, why });
    } catch (error) {
      lines.push({ tag, state: 'invalid', acks: [], files: 0, size: 0, why: refusal(error).message });
    }
  }
  return lines;
}

/** What a lock file holds, compared with what the ledger has now. */
export interface OutdatedLine {
  readonly tool: string;
  readonly range: string;
  readonly locked: string;
  /** What the range chooses now. */
  readonly wanted?: string | undefined;
  /** What `@latest` chooses now. */
  readonly latest?: string | undefined;
  readonly problem?: string | undefined;
}

/** Each entry, and the newest acknowledged releases within its range and beyond. */
export function outdated(view: LedgerView, entries: readonly LockEntry[]): Promise<OutdatedLine[]> {
  return mapLimit(entries, AT_ONCE, async (entry): Promise<OutdatedLine> => {
    const line = { tool: entry.tool, range: entry.range, locked: entry.tag };
    try {
      const request = parseToolRequest(requestOf(entry), 'github.com');
      const wanted = (await resolveRelease(view, request)).checklist.tag;
      const beginning = request.choice?.beginning;
      const tool = await findTool(view, request);
      const latest = await resolveIn(tool, { choice: { beginning }, wanted: 'latest' }, (tag) =>
        resolveRelease(view, { ...request, tag, choice: undefined, wanted: tag }),
      ).catch(() => undefined);
      return { ...line, wanted, latest: latest?.checklist.tag };
    } catch (error) {
      return { ...line, problem: refusal(error).message };
    }
  });
}

/** What the ledger says; rethrows the error when the ledger can't be read. */
function refusal(error: unknown): PullthroughError {
  if (error instanceof PullthroughError && (error.exit === 3 || error.code === 'E_USAGE')) return error;
  throw error;
}
