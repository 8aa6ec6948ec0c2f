import { setTimeout as sleep } from 'node:timers/promises';
import { mapLimit } from '../../../io/limit.ts';
import { holdersOf } from '../../../ledger-schema/holders.ts';
import { PullthroughError } from '../../../ledger-schema/index.ts';
import type { ListedTool, ReleaseRow, ReleaseView, ToolRow } from '../../pages/model.ts';
import type { FoundTool } from '../../resolve.ts';
import type { RouteOptions } from '../api/answers.ts';
import type { Catalog } from '../catalog.ts';
import type { ServedRelease, ServedTag } from '../served-release.ts';
import type { Explainer } from '../explain-refusal.ts';

type RowOptions = Pick<RouteOptions, 'catalog' | 'explainer'>;

/** Tools that are judged at once. */
const AT_ONCE = 16;
/** How long a list waits for its tools' newest releases: what is found later shows at the next look. */
const PATIENCE_MS = 3000;

/** Tools with their newest acknowledged releases. If the ledger can't be reached, these are left out, not the list. */
export async function toolRows(tools: readonly ListedTool[], { catalog }: RowOptions): Promise<ToolRow[]> {
  const late = new AbortController();
  const deadline = sleep(PATIENCE_MS, undefined, { signal: late.signal, ref: false }).catch(() => undefined);
  try {
    return await mapLimit(tools, AT_ONCE, (tool) =>
      Promise.race([toolRow(tool, catalog()), deadline.then((): ToolRow => ({ tool, unknown: true }))]),
    );
  } finally {
    late.abort();
  }
}

async function toolRow(tool: ListedTool, catalog: Catalog): Promise<ToolRow> {
  const [owner = '', repo = ''] = tool.repository.split('/');
  try {
    const found = await catalog.tool({ source: tool.source, owner, repo });
    return { tool, newest: rowOf(await newestOf(found, catalog)) };
  } catch (error) {
    const refused = error instanceof PullthroughError && (error.exit === 3 || error.code === 'E_USAGE');
    return refused ? { tool } : { tool, unknown: true };
  }
}

/** What `@latest` chooses; where a repository releases several things, what was acknowledged last. */
async function newestOf(tool: FoundTool, catalog: Catalog): Promise<ServedRelease> {
  try {
    return await catalog.latest(tool);
  } catch (error) {
    // Several tools in one repository, or tags that name no version.
    if (!(error instanceof PullthroughError) || !['E_USAGE', 'E_NOT_FOUND'].includes(error.code)) throw error;
    const byTime = (await catalog.releases(tool)).sort((a, b) => (a.published < b.published ? 1 : -1));
    if (byTime[0] === undefined) throw error;
    return byTime[0];
  }
}

function rowOf({ tag, published, acks, assets }: ServedRelease): ReleaseRow {
  return {
    tag,
    state: 'acknowledged',
    at: published,
    by: holdersOf(acks),
    files: assets.length,
    bytes: assets.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Every record of a tool, the newest version first, with why those that may not be used may not. */
export async function releaseRows(tool: FoundTool, { catalog, explainer }: RowOptions): Promise<ReleaseRow[]> {
  const standing = await catalog().servedTags(tool);
  return mapLimit(standing, AT_ONCE, async (each) =>
    each.release === undefined ? refusedRow(tool, each, explainer) : rowOf(each.release),
  );
}

async function refusedRow(tool: FoundTool, { tag, refusal }: ServedTag, explainer: Explainer | undefined) {
  // The text before it is the record's own path.
  const why = refusal?.message.replace(/^packages\/\S+ /, '');
  const row = { tag, by: [], why };
  if (refusal?.code === 'E_NOT_ACKNOWLEDGED') return { ...row, state: 'proposed' as const };
  if (refusal?.code !== 'E_WITHDRAWN') return { ...row, state: 'invalid' as const };
  const reason = await explainer?.withdrawnReason(`${tool.repository} ${tag}`).catch(() => undefined);
  return { ...row, state: 'withdrawn' as const, why: reason === undefined ? why : `${why}: ${reason}` };
}

/** A release for its own page. */
export function releaseView(tool: ListedTool, release: ServedRelease): ReleaseView {
  const { signedBy, acks, commit, ledger, assets, evidence = [] } = release;
  return { ...rowOf(release), tool, signedBy, acks, nacks: [], commit, path: ledger.path, assets, evidence };
}
