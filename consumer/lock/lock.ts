import { PullthroughError, fail, foldAscii, recordPath, requireAcknowledged } from '../../ledger-schema/index.ts';
import type { AcknowledgedRecord, ErrorCode } from '../../ledger-schema/index.ts';
import type { Demand } from '../evidence/demand.ts';
import { lockKey } from './lock-file.ts';
import type { LockEntry } from './lock-file.ts';
import { toRelease } from '../release.ts';
import type { VerifiedRelease } from '../release.ts';
import { readRecordStatus } from '../resolve.ts';
import { parseToolName, parseToolRequest, toolText } from '../tool.ts';
import type { ToolName } from '../tool.ts';
import { requireCurrent } from '../require-current.ts';
import type { LedgerView } from '../../ledger/view/view.ts';

/** What a release is locked as; `range` is what was asked for. */
export function lockEntry(release: VerifiedRelease, range: string): LockEntry {
  return {
    tool: release.tool,
    range,
    tag: release.tag,
    repositoryId: release.repositoryId,
    ledger: release.ledger.commit,
    policy: release.policy,
    files: release.assets.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  };
}

/** An entry that says the same as before, but for the ledger's commit, stays as it was: a lock file changes for reasons. */
function mergeEntry(before: LockEntry | undefined, now: LockEntry): LockEntry {
  if (before === undefined) return now;
  const same = (entry: LockEntry) => JSON.stringify({ ...entry, ledger: '', files: sorted(entry) });
  return same(before) === same(now) ? before : now;
}

function sorted({ files }: LockEntry): LockEntry['files'] {
  return [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Puts what was found into a lock file's entries; each replaces the entry it updates, or the one with its key. */
export function putEntries(
  entries: readonly LockEntry[],
  found: readonly { readonly before?: LockEntry | undefined; readonly now: LockEntry }[],
): LockEntry[] {
  const replaced = new Set(found.map(({ before }) => before));
  const all = new Map(entries.filter((entry) => !replaced.has(entry)).map((entry) => [lockKey(entry), entry]));
  for (const { before, now } of found) all.set(lockKey(now), mergeEntry(before ?? all.get(lockKey(now)), now));
  return [...all.values()];
}

/** An entry's tool and range as `TOOL@…`. */
export function requestOf({ tool, range }: LockEntry): string {
  return `${tool}@${range}`;
}

/**
 * The entries of a tool, in any case; `TOOL@…` names one by its range or tag. Throws `E_NOT_FOUND`, `E_USAGE`.
 */
export function findEntries(entries: readonly LockEntry[], text: string, host: string): LockEntry[] {
  const exact = text.includes('@') ? parseToolRequest(text, host) : undefined;
  const name: ToolName = exact ?? parseToolName(text, host);
  const tool = foldAscii(toolText({ source: name.source, repository: `${name.owner}/${name.repo}` }));
  const ofTool = entries.filter((entry) => foldAscii(entry.tool) === tool);
  const found = ofTool.filter(
    ({ range, tag }) =>
      exact === undefined || range === exact.wanted || tag === exact.wanted || `tag:${tag}` === exact.wanted,
  );
  if (found.length > 0) return found;
  const has = ofTool.map(({ range, tag }) => `${tag} for @${range}`);
  return fail('E_NOT_FOUND', `the lock file does not hold ${text}`, {
    hint: has.length > 0 ? `it holds ${has.join(', ')}` : 'pullthrough lock adds it',
  });
}

export interface LockProblem {
  readonly tool: string;
  readonly tag: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/**
 * Is each entry still what the ledger acknowledges? The ledger must descend from where it was locked, its policies must
 * be the same, and the record must be acknowledged today, list the same files and meet `demand`. Throws only where that
 * can't be told.
 */
export async function checkLock(
  view: LedgerView,
  entries: readonly LockEntry[],
  demand?: Demand,
): Promise<LockProblem[]> {
  const problems: LockProblem[] = [];
  const add = ({ tool, tag }: LockEntry, { code, message, hint }: PullthroughError) =>
    problems.push({ tool, tag, code, message, hint });
  for (const entry of entries) {
    try {
      await requireDescent(view, [entry]);
      const record = await checkEntry(view, entry);
      await demand?.(toRelease(record, view));
      requireCurrent(view.trust);
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
      add(entry, error);
    }
  }
  return problems;
}

/**
 * A lock file is a memory for everybody who has it: the ledger must descend from the commits that it names, and have the
 * policies that it names. Throws `E_FORK`, `E_ROLLBACK`.
 */
export async function requireDescent(view: LedgerView, entries: readonly LockEntry[]): Promise<void> {
  for (const commit of new Set(entries.map(({ ledger }) => ledger))) {
    if (await view.descendsFrom(commit)) continue;
    fail('E_FORK', `the ledger is at ${view.commit}, which does not descend from ${commit} of the lock file`, {
      hint: 'an old or another state of the ledger is shown: ask its owner, or look where the lock file comes from',
    });
  }
  for (const { policy } of entries) {
    const { version, chain } = view.trust;
    if (policy.version > version) {
      fail('E_ROLLBACK', `the ledger's newest policy is ${version}, but the lock file knows policy ${policy.version}`, {
        hint: 'somebody shows an old state of the ledger: ask its owner',
      });
    }
    const step = chain.find((link) => link.version === policy.version);
    if (step !== undefined && step.sha256 !== policy.sha256) {
      fail('E_FORK', `policy ${policy.version} of the ledger is another than the lock file's`, {
        hint: "two policies of one number were shown: ask the ledger's owner which one is theirs",
      });
    }
  }
}

async function checkEntry(view: LedgerView, entry: LockEntry): Promise<AcknowledgedRecord> {
  const { source, owner, repo } = parseToolName(entry.tool, '');
  const path = recordPath({ source, repository: `${owner}/${repo}`, tag: entry.tag });
  const record = requireAcknowledged(await readRecordStatus(view, path), view.trust);
  if (record.checklist.repositoryId !== entry.repositoryId) {
    fail(
      'E_REPOSITORY_ID',
      `${entry.tool} is repository ${record.checklist.repositoryId} in the ledger, ${entry.repositoryId} in the lock file`,
    );
  }
  const known = new Map(record.assets.map((asset) => [asset.name, asset]));
  for (const file of entry.files) {
    const asset = known.get(file.name);
    if (asset?.sha256 === file.sha256 && asset.size === file.size) continue;
    fail('E_DIGEST_MISMATCH', `the lock file's ${file.name} is not what ${path} lists`, {
      hint: 'somebody changed the lock file: take it from version control, or run pullthrough lock --update',
    });
  }
  return record;
}
