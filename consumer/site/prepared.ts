import { TREE, trySegment } from '../../ledger-schema/index.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';
import { fetchRecords } from '../verify/fetch-records.ts';
import { ahead } from './ahead.ts';
import type { KnownLine } from './disk/manifest.ts';
import type { LedgerTool } from './ledger-tools.ts';
import type { ToolBuilder } from './tool.ts';

/** Tools that are looked at, and listed, together. */
const LOOKED = 256;
/** The first ones are few, so that nobody waits long for something to do. */
const LOOKED_FIRST = 16;
/** Records that are judged together: a tool's are not parted, so that there may be more. */
const RECORDS = 4096;

/** A tool of the ledger, and what the site knows of it. */
export interface Looked {
  readonly tool: LedgerTool;
  readonly key: string;
  readonly found: KnownLine | undefined;
}

/** Some tools, and those of them that came with all that lies in them, as far as the host sends it. */
interface Fetched {
  readonly looked: readonly Looked[];
  readonly whole: ReadonlySet<LedgerTool>;
}

/** Tools that can be written: what is needed of those that changed is here, or nearly all ({@link fetchOpen}). */
export interface Prepared {
  readonly looked: readonly Looked[];
  readonly builders: ReadonlyMap<LedgerTool, ToolBuilder>;
}

export interface Preparing {
  readonly snapshot: Snapshot;
  /** What the site knows; asked in the tools' order. */
  look(tool: LedgerTool): Looked;
  isSame(looked: Looked): boolean;
  /** `records`: the tags and oids of its records. */
  builder(looked: Looked, records: ReadonlyMap<string, string> | undefined): ToolBuilder;
}

/** Finds which tools changed, and fetches their records: the next ones while some are judged and written. */
export function preparedTools(tools: readonly LedgerTool[], work: Preparing): AsyncGenerator<Prepared> {
  return ahead(inParts(ahead(fetched(tools, work)), work));
}

/** Tools of which nothing holds any more come with all their records at once. */
async function* fetched(tools: readonly LedgerTool[], work: Preparing): AsyncGenerator<Fetched> {
  for (let from = 0, to = LOOKED_FIRST; from < tools.length; from = to, to += LOOKED) {
    const looked = tools.slice(from, to).map((tool) => work.look(tool));
    const changed = looked.filter(({ tool, key, found }) => tool.tree !== '' && found?.tool.key !== key);
    const whole = new Set(changed.map(({ tool }) => tool));
    await work.snapshot.prefetch(
      [...whole].map(({ tree }) => tree),
      'below',
    );
    yield { looked, whole };
  }
}

async function* inParts(groups: AsyncIterable<Fetched>, work: Preparing): AsyncGenerator<Prepared> {
  for await (const { looked: group, whole } of groups) {
    const records = await recordsOf(
      group.filter((each) => !work.isSame(each)).map(({ tool }) => tool.path),
      work.snapshot,
    );
    let looked: Looked[] = [];
    let builders = new Map<LedgerTool, ToolBuilder>();
    let count = 0;
    for (const [i, each] of group.entries()) {
      looked.push(each);
      if (!work.isSame(each)) {
        const builder = work.builder(each, records.get(each.tool.path));
        builders.set(each.tool, builder);
        count += builder.open.length;
      }
      if (count < RECORDS && i < group.length - 1) continue;
      const others = [...builders.values()].filter(({ tool }) => !whole.has(tool));
      await fetchOpen(others, work.snapshot);
      yield { looked, builders };
      looked = [];
      builders = new Map();
      count = 0;
    }
  }
}

/**
 * Fetches the records that will be judged. Those of tools that came whole are here, unless the host sends less: it is asked for
 * them once threads, which fetch nothing, have judged what is here.
 */
export async function fetchOpen(builders: Iterable<ToolBuilder>, snapshot: Snapshot): Promise<void> {
  const paths = [...builders].flatMap(({ open }) => open.map(({ path }) => path));
  for (let start = 0; start < paths.length; start += RECORDS) {
    await fetchRecords(snapshot, paths.slice(start, start + RECORDS));
  }
}

/** The tags and oids of the records of tools, by the tools' paths. */
async function recordsOf(paths: readonly string[], snapshot: Snapshot): Promise<Map<string, Map<string, string>>> {
  const listed = await snapshot.listMany(paths);
  const records = [...listed].map(([path, entries]): [string, Map<string, string>] => {
    const tags = entries.flatMap(({ name, mode, oid }): [string, string][] => {
      const tag = mode === TREE ? trySegment(name) : undefined;
      return tag === undefined ? [] : [[tag, oid]];
    });
    return [path, new Map(tags)];
  });
  return new Map(records);
}
