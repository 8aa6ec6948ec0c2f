import type { ProposalContext } from './context.ts';
import { readTrust } from '../ledger/directories.ts';
import type { Snapshot } from '../ledger/snapshot.ts';
import { fail } from '../ledger-schema/error.ts';
import type { Trust } from '../ledger-schema/trust.ts';

/** The ledger's branch at one commit, and the trust that it holds: what every change is judged by. */
export interface LedgerState {
  readonly head: string;
  readonly snapshot: Snapshot;
  readonly trust: Trust;
}

/**
 * Looks at the ledger now and establishes trust, from the pin or from policy 1. Throws `E_POLICY_MISSING`, the walk's
 * `E_PIN` and `E_POLICY_*`, `E_LEDGER_UNREACHABLE`, `E_CREDENTIAL`, `E_GIT`.
 */
export async function readLedger(context: ProposalContext): Promise<LedgerState> {
  await context.ledger.update();
  const head = context.ledger.head();
  if (head === undefined) {
    fail('E_POLICY_MISSING', `the ledger has no branch ${context.branch}: ${context.ledger.label}`, {
      hint: "is [ledger] branch the right one? 'pullthrough ledger init' makes a new ledger",
    });
  }
  return stateAt(context, head);
}

/** The state of a commit that is here already, as after a merge of our own. */
export async function stateAt(
  context: Pick<ProposalContext, 'ledger' | 'pin' | 'now'>,
  head: string,
): Promise<LedgerState> {
  const snapshot = context.ledger.snapshot(head);
  return { head, snapshot, trust: await readTrust(snapshot, context) };
}
