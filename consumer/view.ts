import { PullthroughError, establishTrust, fail } from '../ledger-schema/index.ts';
import type { Trust } from '../ledger-schema/index.ts';
import type { Progress } from '../io/progress.ts';
import { ledgerFiles } from '../ledger/files.ts';
import type { Snapshot } from '../ledger/snapshot.ts';
import { readTrust } from '../ledger/directories.ts';
import type { ChainLink, Memory, MemoryFile } from './memory.ts';
import { checkAgainstMemory } from './rollback.ts';

/** What a consumer needs of a ledger's repository. */
export interface LedgerReader {
  /** For messages. */
  readonly label: string;
  /** Fetches the branch. */
  update(): Promise<void>;
  /** The branch's commit as of the last update. */
  head(): string | undefined;
  snapshot(commit: string): Snapshot;
  isAncestor(old: string, now: string): Promise<boolean>;
}

/** One commit of a ledger with its trust established, held against what was seen before. */
export interface LedgerView {
  readonly label: string;
  readonly commit: string;
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  /** Is the view's commit this one, or one that came after it? */
  descendsFrom(commit: string): Promise<boolean>;
}

export interface ViewOptions {
  readonly ledger: LedgerReader;
  /** For messages. */
  readonly branch: string;
  readonly memory: MemoryFile;
  /** The SHA-256 of any N.policy.json: 64 lower-case hex digits. */
  readonly pin: string;
  readonly now: Date;
  /** Take the ledger as it was fetched last. */
  readonly offline?: boolean | undefined;
  readonly progress: Progress;
  /** Directories that will be read, so that a partial clone fetches them with the policy's own. */
  readonly near?: readonly string[] | undefined;
}

/** A run that began before another one saw more looks again. */
const TRIES = 3;

/**
 * Step 1 of ledger-format.md's "What a consumer does": from the pin to the newest policy by valid steps; never an older
 * policy, another of the same number, or a commit that doesn't descend from the one seen last. Whether the policy has
 * expired is asked by {@link requireCurrent}.
 *
 * Throws `E_PIN`, `E_POLICY_*`, `E_ROLLBACK`, `E_FORK`, `E_MEMORY`, `E_LEDGER_UNREACHABLE`, `E_GIT`, `E_CREDENTIAL`.
 */
export async function openView(options: ViewOptions): Promise<LedgerView> {
  for (let attempt = 1; ; attempt++) {
    const view = await readView(options);
    try {
      const before = await options.memory.read();
      const judged = await judge(before, view, options);
      if (same(before, judged)) return view;
      await options.memory.update(async (current) => (same(current, before) ? judged : judge(current, view, options)));
      return view;
    } catch (error) {
      // Where the memory is of a later look than ours, another look shows no conflict; where it is one, it stays.
      const conflict = error instanceof PullthroughError && ['E_ROLLBACK', 'E_FORK'].includes(error.code);
      if (conflict && options.offline === true) return rememberedView(options, error);
      if (!conflict || attempt === TRIES) throw error;
    }
  }
}

/** What was fetched last is refused. What was seen before that, and was taken, may still be here. */
async function rememberedView(options: ViewOptions, refusal: PullthroughError): Promise<LedgerView> {
  const memory = await options.memory.read();
  if (memory === undefined) throw refusal;
  try {
    const view = await viewOf(memory.commit, options);
    await judge(memory, view, options);
    options.progress.warn(`the ledger as it was before is used: ${refusal.message}`);
    return view;
  } catch (error) {
    throw error instanceof PullthroughError ? refusal : error;
  }
}

async function readView(options: ViewOptions): Promise<LedgerView> {
  const { ledger, branch, offline } = options;
  if (offline !== true) await ledger.update();
  const commit = ledger.head();
  if (commit === undefined) {
    return offline === true
      ? fail('E_LEDGER_UNREACHABLE', `no copy of the ledger is here: ${ledger.label}`, {
          hint: 'run once without --offline',
        })
      : fail('E_POLICY_MISSING', `the ledger has no branch ${branch}: ${ledger.label}`, {
          hint: "is [ledger] branch in mirror.ini the right one? Or nothing was pushed yet: ask the ledger's owner",
        });
  }
  return viewOf(commit, options);
}

async function viewOf(commit: string, { ledger, pin, now, near }: ViewOptions): Promise<LedgerView> {
  const snapshot = ledger.snapshot(commit);
  const trust = await readTrust(snapshot, { pin, now }, near);
  return {
    label: ledger.label,
    commit,
    snapshot,
    trust,
    descendsFrom: async (old) => old === commit || ledger.isAncestor(old, commit),
  };
}

async function judge(memory: Memory | undefined, view: LedgerView, { ledger, now }: ViewOptions): Promise<Memory> {
  return checkAgainstMemory(
    memory,
    { commit: view.commit, chain: links(view.trust) },
    {
      descends: (old, commit) => ledger.isAncestor(old, commit),
      chainFrom: async ({ sha256 }) => (await establishTrust(ledgerFiles(view.snapshot), { pin: sha256, now })).chain,
    },
  );
}

function links({ chain }: Trust): ChainLink[] {
  return chain.map(({ version, sha256 }) => ({ version, sha256 }));
}

function same(a: Memory | undefined, b: Memory | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Past the newest policy's expiry consumers resolve nothing new; ledger-format.md, "Trust policy". Throws
 * `E_POLICY_EXPIRED`, which names whom to ask.
 */
export function requireCurrent(trust: Trust, now: Date = trust.now): void {
  if (now.getTime() < trust.expires.getTime()) return;
  const { expires, roots, version } = trust.policy;
  fail('E_POLICY_EXPIRED', `policy ${version} of the ledger expired on ${expires}: nothing new is resolved`, {
    hint:
      `ask ${roots.threshold} of the root holders ${roots.holders.join(', ')} to sign policy ${version + 1}; ` +
      'what a pullthrough.lock already holds can still be fetched by get --locked',
  });
}
