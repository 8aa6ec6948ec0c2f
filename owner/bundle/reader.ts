import type { WholeClone } from '../../ledger/git/whole-clone.ts';
import type { LedgerReader } from '../../ledger/view/view.ts';

/** The whole clone as everybody who decides by a ledger reads it, with `head` for its branch. */
export function bundleReader({ label, repository, signedHead }: WholeClone, head: string | undefined): LedgerReader {
  return {
    label,
    update: () => Promise.resolve(),
    head: () => head,
    snapshot: (commit) => repository.snapshot(commit),
    isAncestor: (old, now) => repository.isAncestor(old, now),
    signedHead: () => signedHead,
    messageOf: (commit) => repository.messageOf(commit),
    requireOnlyAdded: (old, now) => repository.requireOnlyAdded(old, now),
  };
}
