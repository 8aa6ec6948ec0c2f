import { PullthroughError, proposalBranch, recordPath } from '../../ledger-schema/index.ts';

/** What the ledger is asked only to explain a refusal: none of it decides anything. */
export interface Explainer {
  /** Is there an open proposal on this branch? */
  isProposed(branch: string): Promise<boolean>;
  /** What the reviewer who withdrew this release wrote; `owner/repo TAG`. */
  withdrawnReason(title: string): Promise<string | undefined>;
}

export interface Refused {
  readonly source: string;
  readonly owner: string;
  readonly repo: string;
  readonly tag: string;
}

/** How long an explanation may take: the refusal stands without it. */
const PATIENCE_MS = 5000;

/** The same refusal, with what its reader wants to know: is it only not reviewed yet? Why was it withdrawn? */
export async function explain(error: unknown, refused: Refused, explainer: Explainer | undefined): Promise<unknown> {
  if (!(error instanceof PullthroughError) || explainer === undefined) return error;
  const { source, owner, repo, tag } = refused;
  const what = `${owner}/${repo} ${tag}`;
  if (error.code === 'E_NOT_FOUND') {
    const branch = branchOf(refused);
    if (branch === undefined || !(await inTime(explainer.isProposed(branch), false))) return error;
    return new PullthroughError('E_NOT_ACKNOWLEDGED', `${source}/${what} is proposed, and not acknowledged yet`, {
      hint: 'ask the reviewers of the ledger to look at it',
      cause: error,
    });
  }
  if (error.code === 'E_WITHDRAWN') {
    const reason = await inTime(explainer.withdrawnReason(what), undefined);
    if (reason === undefined) return error;
    return new PullthroughError('E_WITHDRAWN', `${error.message}: ${reason}`, { hint: error.hint, cause: error });
  }
  return error;
}

function branchOf({ source, owner, repo, tag }: Refused): string | undefined {
  try {
    return proposalBranch(recordPath({ source, repository: `${owner}/${repo}`, tag }));
  } catch {
    // A name that can't be a record's has no proposal.
    return undefined;
  }
}

/** The explanation if it comes in time, else `otherwise`. */
export async function inTime<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => (timer = setTimeout(() => resolve(otherwise), PATIENCE_MS)));
  try {
    return await Promise.race([answer.catch(() => otherwise), late]);
  } finally {
    clearTimeout(timer);
  }
}
