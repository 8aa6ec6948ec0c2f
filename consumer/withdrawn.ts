import { PullthroughError } from '../ledger-schema/error.ts';
import type { ErrorCode } from '../ledger-schema/error.ts';
import { parseRecordPath } from '../ledger-schema/names/path.ts';
import type { LedgerRepository } from '../ledger/git/repository.ts';
import type { Explainer } from './serve/explain-refusal.ts';

/** A withdrawal, and a choice that found nothing else. */
const WITHDRAWALS: ReadonlySet<ErrorCode> = new Set(['E_WITHDRAWN', 'E_NOT_FOUND']);

/** A refusal, or what a verdict says of one. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Adds to the message of a withdrawal what its reviewer wrote; any other message stays as it is. */
export type Reasons = <T extends Refusal>(refusal: T) => Promise<string>;

/** @internal Reasons by the ledger's history, which is read for the first withdrawal and not before. None of it decides anything. */
export function reasonsOf(repository: LedgerRepository): Reasons {
  let explainer: Promise<Explainer> | undefined;
  return async ({ code, message }) => {
    const title = WITHDRAWALS.has(code) ? titleOf(message) : undefined;
    if (title === undefined) return message;
    explainer ??= import('./serve/pages/explainer.ts').then(({ ledgerExplainer }) => ledgerExplainer(repository));
    const [{ inTime }, told] = await Promise.all([import('./serve/explain-refusal.ts'), explainer]);
    const reason = await inTime(told.withdrawnReason(title), undefined);
    return reason === undefined ? message : `${message}: ${reason}`;
  };
}

/** The same error, with the reason. */
export async function explained(error: unknown, reasons: Reasons): Promise<unknown> {
  if (!(error instanceof PullthroughError)) return error;
  const message = await reasons(error);
  return message === error.message
    ? error
    : new PullthroughError(error.code, message, { hint: error.hint, cause: error });
}

/** `owner/repo TAG`, as a nack's commit names it; the message of a withdrawal ends with the record's path, and by whom. */
function titleOf(message: string): string | undefined {
  try {
    const { repository, tag } = parseRecordPath(/(packages\/\S+) was withdrawn by [^:]*$/.exec(message)?.[1] ?? '');
    return `${repository} ${tag}`;
  } catch {
    return undefined;
  }
}
