import { foldAscii } from '../../../ledger-schema/index.ts';
import type { LedgerRepository } from '../../../ledger/git/repository.ts';
import type { Explainer } from '../explain-refusal.ts';

/** How long it is believed that a branch is there, or isn't: who asks for what isn't there must not make us ask each time. */
const BELIEVED_MS = 60_000;
const MOST_BELIEVED = 1000;
/** Questions to the ledger's host in that time, whatever is asked of us: then a refusal stands without its reason. */
const MOST_ASKED = 30;
const REASON_LENGTH = 300;

/** Explains by the ledger's branches and history. */
export function ledgerExplainer(ledger: LedgerRepository): Explainer {
  const proposed = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();
  let asked = { since: performance.now(), count: 0 };
  let reasons: { readonly head: string; readonly answer: Promise<ReadonlyMap<string, string>> } | undefined;
  return {
    isProposed(branch) {
      const known = proposed.get(branch);
      if (known !== undefined && performance.now() - known.at < BELIEVED_MS) return known.answer;
      if (performance.now() - asked.since >= BELIEVED_MS) asked = { since: performance.now(), count: 0 };
      if (asked.count++ >= MOST_ASKED) return Promise.resolve(false);
      const answer = ledger.fetchBranch(branch).then((commit) => commit !== undefined);
      answer.catch(() => undefined);
      proposed.delete(branch);
      proposed.set(branch, { at: performance.now(), answer });
      for (const oldest of proposed.keys()) {
        if (proposed.size <= MOST_BELIEVED) break;
        proposed.delete(oldest);
      }
      return answer;
    },
    async withdrawnReason(title) {
      const head = ledger.head();
      if (head === undefined) return undefined;
      if (reasons?.head !== head) {
        const answer = readReasons(ledger, head);
        const kept = { head, answer };
        reasons = kept;
        answer.catch(() => {
          if (reasons === kept) reasons = undefined;
        });
      }
      return (await reasons.answer).get(foldAscii(title));
    },
  };
}

/** `nack` writes `Nack owner/repo TAG`, an empty line, and the reason. */
export async function readReasons(
  ledger: Pick<LedgerRepository, 'log'>,
  head: string,
): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  for (const { message } of await ledger.log(undefined, head)) {
    const [, title, reason] = /^Nack ([^\n]+)\n\n([\s\S]+)$/.exec(message) ?? [];
    const text = reason?.trim().replaceAll(/\s+/g, ' ').slice(0, REASON_LENGTH);
    if (title !== undefined && text !== undefined && text !== '' && !reasons.has(foldAscii(title)))
      reasons.set(foldAscii(title), text);
  }
  return reasons;
}
