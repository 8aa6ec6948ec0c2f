import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { ChainLink, Memory } from './memory.ts';

/** What a ledger shows now: its commit, and the policies from the pin to the newest. */
export interface Seen {
  readonly commit: string;
  readonly chain: readonly ChainLink[];
}

/** What only the ledger itself can tell. */
export interface LedgerQuestions {
  /** Is `old` an ancestor of `now`, or the same? */
  descends(old: string, now: string): Promise<boolean>;
  /** Throws `E_APPEND_ONLY` where something below `packages/` or `trust/` was changed or removed between the two. */
  onlyAdded(old: string, now: string): Promise<void>;
  /** The policies that valid steps reach from this one. Fails where the ledger doesn't have it. */
  chainFrom(link: ChainLink): Promise<readonly ChainLink[]>;
}

/**
 * Checks what a ledger shows against what was seen of it before; ledger-format.md, "What a consumer does", step 1.
 * Gives what to remember from now on. `following`: what {@link checkCommit} says, where it was asked already. Throws
 * `E_ROLLBACK` for something older, `E_FORK` for something else, `E_APPEND_ONLY` for something that lost a part.
 */
export async function checkAgainstMemory(
  memory: Memory | undefined,
  seen: Seen,
  ledger: LedgerQuestions,
  following?: Promise<void>,
): Promise<Memory> {
  if (memory === undefined) return { commit: seen.commit, policies: seen.chain };
  const policies = await checkPolicies(memory.policies, seen.chain, ledger);
  await (following ?? checkCommit(memory.commit, seen.commit, ledger));
  return { commit: seen.commit, policies };
}

async function checkPolicies(
  remembered: readonly ChainLink[],
  seen: readonly ChainLink[],
  ledger: LedgerQuestions,
): Promise<readonly ChainLink[]> {
  const highest = last(remembered);
  const newest = last(seen);
  if (newest.version < highest.version) {
    fail(
      'E_ROLLBACK',
      `the ledger's newest policy is ${newest.version}, but policy ${highest.version} was seen before`,
      {
        hint: 'somebody shows an old state of the ledger: ask its owner',
      },
    );
  }
  const pinned = first(seen);
  const chain = pinned.version > highest.version ? await successors(highest, pinned, ledger) : seen;
  const known = new Map(remembered.map((link) => [link.version, link.sha256]));
  for (const { version, sha256 } of chain) {
    const before = known.get(version);
    if (before !== undefined && before !== sha256) anotherPolicy(version);
    known.set(version, sha256);
  }
  return [...known].map(([version, sha256]) => ({ version, sha256 })).sort((a, b) => a.version - b.version);
}

/** A pin newer than everything seen so far must be reached from what was seen, by valid steps. */
async function successors(
  highest: ChainLink,
  pinned: ChainLink,
  ledger: LedgerQuestions,
): Promise<readonly ChainLink[]> {
  let chain: readonly ChainLink[];
  try {
    chain = await ledger.chainFrom(highest);
  } catch (cause) {
    return notASuccessor(highest, pinned, cause);
  }
  const reached = chain.find(({ version }) => version === pinned.version);
  return reached?.sha256 === pinned.sha256 ? chain : notASuccessor(highest, pinned, undefined);
}

function notASuccessor(highest: ChainLink, pinned: ChainLink, cause: unknown): never {
  const reason = cause instanceof PullthroughError ? ` (${cause.message})` : '';
  return fail(
    'E_FORK',
    `the pinned policy ${pinned.version} does not follow from policy ${highest.version}, which was seen before${reason}`,
    { hint: "ask the ledger's owner which of the two is theirs", cause },
  );
}

function anotherPolicy(version: number): never {
  return fail('E_FORK', `policy ${version} is another than the policy ${version} that was seen before`, {
    hint: "two policies of one number were shown: ask the ledger's owner which one is theirs",
  });
}

/** A commit that was seen must come before this one, and all that it held must be here. */
export async function checkCommit(
  old: string,
  now: string,
  ledger: Pick<LedgerQuestions, 'descends' | 'onlyAdded'>,
): Promise<void> {
  if (old === now) return;
  if (await ledger.descends(old, now)) return ledger.onlyAdded(old, now);
  // It is refused either way, even where the host no longer has the old commit and can't say which it is.
  const older = await ledger.descends(now, old).catch((error: unknown) => {
    if (!(error instanceof PullthroughError)) throw error;
    return false;
  });
  if (older) {
    fail('E_ROLLBACK', `the ledger is at ${now}, which is older than ${old}, seen before`, {
      hint: 'somebody shows an old state of the ledger: ask its owner',
    });
  }
  fail('E_FORK', `the ledger is at ${now}, which does not descend from ${old}, seen before`, {
    hint: "the ledger's history was rewritten, or it is another one: ask its owner",
  });
}

function first(chain: readonly ChainLink[]): ChainLink {
  return chain[0] ?? fail('E_INTERNAL', 'a chain of policies is empty');
}

function last(chain: readonly ChainLink[]): ChainLink {
  return chain.at(-1) ?? fail('E_INTERNAL', 'a chain of policies is empty');
}
