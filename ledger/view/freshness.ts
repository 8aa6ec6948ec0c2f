import { PullthroughError } from '../../ledger-schema/error.ts';
import type { Head } from '../../ledger-schema/head.ts';
import type { Trust } from '../../ledger-schema/trust.ts';

/** Clocks differ. Milliseconds. */
const AHEAD = 600_000;
const HOUR = 3_600_000;

export interface Freshness {
  readonly head: Head | undefined;
  /** When the newest head that was seen before was issued. */
  readonly seen: string | undefined;
  readonly trust: Trust;
  readonly now: Date;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Is the ledger at this commit, or after it? */
  readonly follows: (commit: string) => Promise<boolean>;
}

/**
 * Refuses a ledger that somebody holds back: an executor must have signed recently that its branch was at the commit
 * seen now, or at an earlier one; ledger-format.md, "A signed head". Throws `E_STALE`.
 */
export async function requireFresh(options: Freshness): Promise<void> {
  const { head, seen, now, maxAge } = options;
  if (head === undefined) stale('the ledger has no signed head, and [trust] max-age asks for one');
  if (seen !== undefined && Date.parse(head.issued) < Date.parse(seen)) {
    stale(`the ledger's head is of ${head.issued}, and one of ${seen} was seen before`);
  }
  const old = tooOld(head, now, maxAge);
  if (old !== undefined) throw old;
  await requireHeadOf(head, options);
}

/** Is a head, however old, one of this ledger? Its commit and its policy must be here, and it can't be of the future. Throws `E_STALE`. */
export async function requireHeadOf(
  head: Head,
  { trust, now, follows }: Pick<Freshness, 'trust' | 'now' | 'follows'>,
): Promise<void> {
  if (Date.parse(head.issued) - now.getTime() > AHEAD)
    stale(`the ledger's head was signed in the future, at ${head.issued}: is this machine's clock right?`);
  if (!(await follows(head.commit))) {
    stale(`the ledger does not hold the commit ${head.commit}, which an executor saw at ${head.issued}`);
  }
  const { version, sha256 } = head.policy;
  const listed = trust.chain.find((link) => link.version === version);
  if (version > trust.version || (listed !== undefined && listed.sha256 !== sha256)) {
    stale(`the ledger does not have the policy ${version} that an executor saw at ${head.issued}`);
  }
}

/** Why a head says nothing about the ledger's present state; undefined where it does. `maxAge` in milliseconds. */
export function tooOld(head: Head, now: Date, maxAge: number): PullthroughError | undefined {
  const age = now.getTime() - Date.parse(head.issued);
  if (age > maxAge) {
    return staleError(`the ledger's head is ${agedText(age)} old, and [trust] max-age allows ${agedText(maxAge)}`);
  }
  return now.getTime() >= Date.parse(head.expires)
    ? staleError(`the ledger's head expired at ${head.expires}`)
    : undefined;
}

/** `5 h`, `3 d`: how long ago something was. */
export function agedText(ms: number): string {
  const hours = Math.max(0, ms / HOUR);
  return hours < 1
    ? `${Math.floor(hours * 60)} min`
    : hours < 48
      ? `${Math.floor(hours)} h`
      : `${Math.floor(hours / 24)} d`;
}

function stale(message: string): never {
  throw staleError(message);
}

function staleError(message: string): PullthroughError {
  return new PullthroughError('E_STALE', message, {
    hint: "somebody holds the ledger back, or its executor has stopped: ask its owner whether 'pullthrough mirror' runs",
  });
}
