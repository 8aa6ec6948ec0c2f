import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { Head } from '../../ledger-schema/head.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import type { Progress } from '../../io/progress.ts';
import { readTrust } from '../fetch-directories.ts';
import { requireFresh } from './freshness.ts';
import { ledgerFiles } from '../files.ts';
import type { ChainLink, Memory, MemoryFile } from './memory.ts';
import { readSignedHead } from './signed-head.ts';
import type { HeadReader } from './signed-head.ts';
import { checkAgainstMemory, checkCommit } from './rollback.ts';
import type { LedgerQuestions } from './rollback.ts';
import type { Snapshot } from '../snapshot.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

/** What is needed of a ledger's repository to look at it. */
export interface LedgerReader extends HeadReader {
  /** For messages. */
  readonly label: string;
  /** Fetches the branch. */
  update(): Promise<void>;
  /** The branch's commit as of the last update. */
  head(): string | undefined;
  isAncestor(old: string, now: string): Promise<boolean>;
  /** Throws `E_APPEND_ONLY` where something of the format was changed or removed between two commits. */
  requireOnlyAdded(old: string, now: string): Promise<void>;
}

/** One commit of a ledger with its trust established, held against what was seen before. */
export interface LedgerView {
  readonly label: string;
  readonly commit: string;
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  /** What an executor signed last, where that was asked for. */
  readonly head?: Head | undefined;
  /** Is the view's commit this one, or one that came after it? */
  descendsFrom(commit: string): Promise<boolean>;
}

export interface ViewOptions {
  readonly ledger: LedgerReader;
  /** For messages. */
  readonly branch: string;
  readonly memory: MemoryFile;
  /** The SHA-256 of any N.policy.json: 64 lower-case hex digits. Without one trust starts at policy 1. */
  readonly pin?: string | undefined;
  readonly now: Date;
  /** How old the newest signed head may be, in milliseconds; undefined: none is asked for. */
  readonly maxAge?: number | undefined;
  /** Take the ledger as it was fetched last. */
  readonly offline?: boolean | undefined;
  readonly progress: Progress;
  /** Directories that will be read, so that a partial clone fetches them with the policy's own. */
  readonly near?: readonly string[] | undefined;
  /** Called while the trust of what was fetched is being read: what is read of it meanwhile shares requests. */
  readonly meanwhile?: ((snapshot: Snapshot, trust: Promise<Trust>) => void) | undefined;
}

/** If another run saw more after this one began, this one looks again. */
const TRIES = 3;
const CONFLICTS: ReadonlySet<string> = new Set(['E_ROLLBACK', 'E_FORK']);
const REFUSALS: ReadonlySet<string> = new Set([...CONFLICTS, 'E_APPEND_ONLY']);

/**
 * Looks at the ledger, and decides whether to believe it: step 1 of ledger-format.md's "What a consumer does", for all who
 * decide by a ledger. From the pin, or policy 1, to the newest policy by valid steps; never an older policy, another of the
 * same number, a commit that doesn't descend from the one seen last, or one that changed or removed what that one held.
 * Nothing that is refused is remembered. Whether the policy has expired is the caller's question.
 *
 * Throws `E_PIN`, `E_POLICY_*`, `E_ROLLBACK`, `E_FORK`, `E_APPEND_ONLY`, `E_MEMORY`, `E_LEDGER_UNREACHABLE`, `E_GIT`,
 * `E_CREDENTIAL`.
 */
export async function openView(options: ViewOptions): Promise<LedgerView> {
  const { memory, offline } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      const before = await memory.read();
      const { view, following } = await readView(options, before);
      const judged = await judge(before, view, options, following);
      await requireFreshView(before, view, options);
      if (same(before, judged)) return view;
      await memory.update(async (current) => {
        if (same(current, before)) return judged;
        await requireFreshView(current, view, options);
        return judge(current, view, options);
      });
      return view;
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      if (offline === true && REFUSALS.has(error.code)) return rememberedView(options, error);
      // If the memory is from a later look than ours, looking again shows no conflict; a real conflict stays.
      if (!CONFLICTS.has(error.code) || attempt === TRIES) throw error;
    }
  }
}

/** What was fetched last is refused. What was seen before that, and was taken, may still be here. */
async function rememberedView(options: ViewOptions, refusal: PullthroughError): Promise<LedgerView> {
  const memory = await options.memory.read();
  if (memory === undefined) throw refusal;
  try {
    const view = await withHead(await viewAt(memory.commit, options), options);
    await judge(memory, view, options);
    // A host that shows something to be refused, and then nothing, must not be able to hold the ledger back.
    await requireFreshView(memory, view, options);
    options.progress.warn(`the ledger as it was before is used: ${refusal.message}`);
    return view;
  } catch (error) {
    throw error instanceof PullthroughError ? refusal : error;
  }
}

/** A view, and how it compares with the remembered commit. */
interface Read {
  readonly view: LedgerView;
  readonly following: Promise<void> | undefined;
}

async function readView(options: ViewOptions, memory: Memory | undefined): Promise<Read> {
  const { ledger, branch, offline } = options;
  if (offline !== true) await ledger.update();
  const commit = ledger.head();
  if (commit === undefined) {
    return offline === true
      ? fail('E_LEDGER_UNREACHABLE', `no copy of the ledger is here: ${ledger.label}`, {
          hint: 'run once without --offline',
        })
      : fail('E_POLICY_MISSING', `the ledger has no branch ${branch}: ${ledger.label}`, {
          hint:
            "is [ledger] branch in mirror.ini the right one? Or nothing was pushed yet: ask the ledger's owner; " +
            "'pullthrough ledger init' makes a new ledger",
        });
  }
  // Both ask for trees, one level after another: together, so that they share requests.
  const following = memory && checkCommit(memory.commit, commit, questionsTo(ledger));
  following?.catch(() => undefined);
  return { view: await withHead(await viewAt(commit, options), options), following };
}

/** Adds what an executor signed last, where that is asked for. */
async function withHead(view: LedgerView, { ledger, maxAge }: ViewOptions): Promise<LedgerView> {
  if (maxAge === undefined) return view;
  return { ...view, head: (await readSignedHead(ledger, view.trust))?.head };
}

/** What is stale is not remembered, and neither is what it shows. */
async function requireFreshView(memory: Memory | undefined, view: LedgerView, options: ViewOptions): Promise<void> {
  const { now, maxAge } = options;
  if (maxAge === undefined) return;
  const { head, trust } = view;
  await requireFresh({ head, seen: memory?.head, trust, now, maxAge, follows: (commit) => view.descendsFrom(commit) });
}

/** The ledger at a commit that is here already, held against nothing; as after a merge of our own. */
export async function viewAt(
  commit: string,
  { ledger, pin, now, near, meanwhile }: Pick<ViewOptions, 'ledger' | 'pin' | 'now' | 'near' | 'meanwhile'>,
): Promise<LedgerView> {
  const snapshot = ledger.snapshot(commit);
  const trusting = readTrust(snapshot, { pin, now }, near);
  meanwhile?.(snapshot, trusting);
  const trust = await trusting;
  return {
    label: ledger.label,
    commit,
    snapshot,
    trust,
    descendsFrom: async (old) => old === commit || ledger.isAncestor(old, commit),
  };
}

/**
 * Remembers what this run itself made of the ledger, as by a merge: the host that took it must not show an older one next
 * time. What another run saw after it is kept. Throws as {@link openView} does for what doesn't follow what was seen.
 */
export async function rememberView(
  view: LedgerView,
  { memory, ledger, now }: Pick<ViewOptions, 'memory' | 'ledger' | 'now'>,
): Promise<void> {
  await memory.update(async (current) => {
    const later = current !== undefined && (await ledger.isAncestor(view.commit, current.commit).catch(() => false));
    return later ? current : judge(current, view, { ledger, now });
  });
}

function questionsTo(ledger: LedgerReader): Pick<LedgerQuestions, 'descends' | 'onlyAdded'> {
  return {
    descends: (old, commit) => ledger.isAncestor(old, commit),
    onlyAdded: (old, commit) => ledger.requireOnlyAdded(old, commit),
  };
}

async function judge(
  memory: Memory | undefined,
  { commit, snapshot, trust, head }: LedgerView,
  { ledger, now }: Pick<ViewOptions, 'ledger' | 'now'>,
  following?: Promise<void>,
): Promise<Memory> {
  const chainFrom = async ({ sha256 }: ChainLink) =>
    links(await establishTrust(ledgerFiles(snapshot), { pin: sha256, now, verifier: NODE_VERIFIER }));
  const questions = { ...questionsTo(ledger), chainFrom };
  const next = await checkAgainstMemory(memory, { commit, chain: links(trust) }, questions, following);
  const [issued] = [memory?.head, head?.issued]
    .filter((time) => time !== undefined)
    .sort()
    .reverse();
  return issued === undefined ? next : { ...next, head: issued };
}

function links({ chain }: Trust): ChainLink[] {
  return chain.map(({ version, sha256 }) => ({ version, sha256 }));
}

function same(a: Memory | undefined, b: Memory | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
