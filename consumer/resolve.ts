import { TREE, fail, foldAscii, requireAcknowledged, trySegment, verifyRecord } from '../ledger-schema/index.ts';
import { PullthroughError, encodeSegment } from '../ledger-schema/index.ts';
import type { AcknowledgedRecord, RecordStatus } from '../ledger-schema/index.ts';
import { candidates, groupTags, incomparable, isNamed } from './choose-tag.ts';
import type { Choice, TagGroup } from './choose-tag.ts';
import { fetchRecords } from './verify/fetch-records.ts';
import { renamedHint } from '../ledger/recorded-like.ts';
import { toolText } from './tool.ts';
import type { ToolName, ToolRequest } from './tool.ts';
import { requireCurrent } from './require-current.ts';
import type { LedgerView } from '../ledger/view/view.ts';

/** A tool that the ledger has records of, as the ledger spells it. */
export interface FoundTool {
  readonly source: string;
  /** `owner/repo` */
  readonly repository: string;
  /** `packages/<source>/<owner>/<repo>` */
  readonly path: string;
  /** The tags that have a record, in any state, with the oid of its directory, which decides what the record says. */
  readonly trees: ReadonlyMap<string, string>;
}

/**
 * The acknowledged record that `TOOL@…` means; cli.md, "Consumer", and steps 2 and 3 of ledger-format.md's "What a
 * consumer does".
 *
 * Throws `E_POLICY_EXPIRED`, `E_NOT_FOUND`, `E_WITHDRAWN`, `E_NO_SIGN`, `E_NOT_ACKNOWLEDGED`, `E_USAGE` where several
 * beginnings of tags leave it open, and what reading a record throws.
 */
export async function resolveRelease(view: LedgerView, request: ToolRequest): Promise<AcknowledgedRecord> {
  requireCurrent(view.trust);
  const tool = await findTool(view, request, true);
  return resolveIn(tool, request, async (tag) =>
    requireAcknowledged(await readRecordStatus(view, recordAt(tool, tag)), view.trust),
  );
}

/** Gives the record of a tag, or throws why it may not be used. */
export type Judge = (tag: string) => Promise<AcknowledgedRecord>;

/** The record of a tool that is asked for: by its very tag, or else the best one that `judge` lets through. */
export async function resolveIn(
  tool: FoundTool,
  request: Pick<ToolRequest, 'tag' | 'choice' | 'wanted'>,
  judge: Judge,
): Promise<AcknowledgedRecord> {
  if (request.tag !== undefined && tool.trees.has(request.tag)) return judge(request.tag);
  if (request.choice === undefined) return tagNotFound(tool, request.tag ?? request.wanted);
  return choose(tool, request.choice, request.wanted, judge);
}

/** The path of a tool's record. */
export function recordAt(tool: FoundTool, tag: string): string {
  return `${tool.path}/${encodeSegment(tag)}`;
}

/** A record with its signatures judged, in any state. Throws `E_NOT_FOUND`, and what reading a record throws. */
export async function readRecordStatus(view: LedgerView, path: string): Promise<RecordStatus> {
  const [files] = await fetchRecords(view.snapshot, [path]);
  if (files === undefined) return fail('E_NOT_FOUND', `the ledger has no record ${path}`);
  return verifyRecord(files, view.trust);
}

/**
 * The directory of a tool, in any case, as the ledger spells it. Throws `E_NOT_FOUND`; `guess`: with the names that it may be
 * recorded under, for which the ledger is listed.
 */
export async function findTool(view: LedgerView, name: ToolName, guess = false): Promise<FoundTool> {
  const source = encodeSegment(name.source);
  const owner = await findSegment(view, `packages/${source}`, name.owner);
  const repo = owner && (await findSegment(view, `packages/${source}/${owner.segment}`, name.repo));
  if (repo === undefined) {
    return toolNotFound(view, name, guess);
  }
  const path = `packages/${source}/${owner?.segment}/${repo.segment}`;
  const trees = new Map<string, string>();
  for (const { name: segment, mode, oid } of await view.snapshot.list(path)) {
    const tag = mode === TREE ? trySegment(segment) : undefined;
    if (tag !== undefined) trees.set(tag, oid);
  }
  return { source: name.source, repository: `${owner?.text}/${repo.text}`, path, trees };
}

async function toolNotFound(view: LedgerView, name: ToolName, guess: boolean): Promise<never> {
  const { source } = name;
  const repository = `${name.owner}/${name.repo}`;
  const renamed = guess ? await renamedHint(view.snapshot, { source, repository }) : '';
  return fail('E_NOT_FOUND', `the ledger has nothing of ${toolText({ source, repository })}`, {
    hint: `${renamed}look at its spelling; if it is right, ask the ledger's owner to have it mirrored and reviewed`,
  });
}

/** The very spelling first; else the one that is equal after folding. The gate never lets both in. */
async function findSegment(view: LedgerView, directory: string, wanted: string) {
  const segment = encodeSegment(wanted);
  const entries = (await view.snapshot.list(directory)).filter(({ mode }) => mode === TREE);
  const folded = foldAscii(wanted);
  // The text is folded, not the segment: of a name such as `con` the first byte is encoded, and so keeps its case.
  const isFolded = ({ name }: { readonly name: string }): boolean => foldAscii(trySegment(name) ?? '') === folded;
  const entry = entries.find(({ name }) => name === segment) ?? entries.find(isFolded);
  const text = entry && trySegment(entry.name);
  return entry === undefined || text === undefined ? undefined : { segment: entry.name, text };
}

async function choose(tool: FoundTool, choice: Choice, wanted: string, judge: Judge): Promise<AcknowledgedRecord> {
  const groups = groupTags([...tool.trees.keys()]);
  const { beginning, range } = choice;
  const open = beginning === undefined ? groups : groups.filter((group) => isNamed(group, beginning));
  const found: { group: TagGroup; record: AcknowledgedRecord | undefined }[] = [];
  let refusal: PullthroughError | undefined;
  for (const group of open) {
    const record = await firstAcknowledged(candidates(group, range), judge, (error) => (refusal ??= error));
    // A beginning counts if any of its records is acknowledged, even outside the range.
    const counts =
      record !== undefined || open.length === 1 || (await firstAcknowledged(candidates(group, undefined), judge));
    if (counts) found.push({ group, record });
  }
  if (found.length > 1) {
    const names = found.map(({ group }) => `@${group.name}/${wanted.slice(wanted.lastIndexOf('/') + 1)}`);
    fail('E_USAGE', `${tool.repository} releases several things: their tags begin in ${found.length} ways`, {
      hint: `name one of them: ${names.slice(0, 20).join(', ')}`,
    });
  }
  const [only] = found;
  if (only?.record === undefined) return noneFound(tool, wanted, refusal);
  const tag = only.record.checklist.tag;
  const allowed = new Set(candidates(only.group, range));
  const others = incomparable(only.group, tag).filter((other) => allowed.has(other));
  const other = await firstAcknowledged(others, judge);
  if (other !== undefined) {
    fail('E_USAGE', `which of ${tag} and ${other.checklist.tag} of ${tool.repository} is newer can't be told`, {
      hint: `name one of them: @tag:${tag} or @tag:${other.checklist.tag}`,
    });
  }
  return only.record;
}

async function firstAcknowledged(
  tags: readonly string[],
  judge: Judge,
  onRefusal?: (error: PullthroughError) => void,
): Promise<AcknowledgedRecord | undefined> {
  for (const tag of tags) {
    try {
      return await judge(tag);
    } catch (error) {
      // A record that can't be used is passed over; a ledger that can't be read isn't.
      if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
      onRefusal?.(error);
    }
  }
  return undefined;
}

function tagNotFound(tool: FoundTool, tag: string): never {
  const folded = foldAscii(tag);
  const tags = [...tool.trees.keys()];
  const other = tags.find((candidate) => foldAscii(candidate) === folded);
  const known = groupTags(tags).flatMap((group) => group.tags.slice(0, 3).map((entry) => entry.tag));
  const some = known.length === 0 ? tags.slice(0, 5) : known.slice(0, 10);
  return fail('E_NOT_FOUND', `the ledger has no record of ${tool.repository} with the tag ${tag}`, {
    hint: other === undefined ? `it has ${some.join(', ')}` : `it has ${other}`,
  });
}

function known({ trees }: FoundTool): string {
  return `it has ${[...trees.keys()].slice(0, 10).join(', ')}`;
}

function noneFound(tool: FoundTool, wanted: string, refusal: PullthroughError | undefined): never {
  const reason = refusal === undefined ? '' : `; the best that is not: ${refusal.message}`;
  const none =
    wanted === 'latest'
      ? `${tool.repository} has no acknowledged release`
      : `no acknowledged release of ${tool.repository} is ${wanted}`;
  return fail('E_NOT_FOUND', `${none}${reason}`, {
    hint: refusal?.hint ?? (tool.trees.has(wanted) ? `for the tag of that name write @tag:${wanted}` : known(tool)),
    cause: refusal,
  });
}
