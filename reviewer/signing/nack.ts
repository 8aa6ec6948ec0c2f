import { renamedHint } from '../../ledger/recorded-like.ts';
import { Holdings } from '../../ledger/record-index.ts';
import { createPull } from '../../github/pulls.ts';
import { codeSpan, escapeTerminal } from '../../io/escape.ts';
import { readRecordFiles } from '../../ledger/files.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { foldAscii, recordPath } from '../../ledger-schema/names/path.ts';
import { nackBranch, proposalBranch } from '../../ledger-schema/names/branches.ts';
import type { RecordId } from '../../ledger-schema/names/path.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { RecordStatus } from '../../ledger-schema/record.ts';
import { reviewerIdentity } from './authorship.ts';
import { findChange } from '../../proposals/list-changes.ts';
import { commentStanding } from './comment.ts';
import type { ReviewerContext } from '../context.ts';
import type { WithView } from '../../proposals/with-view.ts';
import { readProposal } from '../../proposals/read-proposal.ts';
import type { Proposal } from '../../proposals/read-proposal.ts';
import { standingOf } from '../report.ts';
import { titleOf } from '../review.ts';
import { signNack } from './signing.ts';
import type { ReviewerSigning } from './signing.ts';
import { referenceTo } from '../../proposals/pull-reference.ts';
import type { PullReference } from '../../proposals/pull-reference.ts';
import { typed } from '../../io/shell.ts';

export interface NackResult {
  /** `already`: a nack by this key lies there. */
  readonly action: 'nacked' | 'already';
  /** The record's path. */
  readonly record: string;
  /** `record`: it is merged, and the nack is a proposal of its own. `proposal`: the nack lies in the proposal. */
  readonly of: 'record' | 'proposal';
  /** Absent where the ledger holds the nack already. */
  readonly branch?: string;
  readonly pull?: PullReference;
}

/** What a nack is about: a merged record, else an open proposal. */
export type NackTarget =
  | { readonly of: 'record'; readonly record: RecordStatus }
  | { readonly of: 'proposal'; readonly proposal: Proposal; readonly record: RecordStatus };

const REASON_LENGTH = 2000;

/**
 * Finds what TOOL@TAG is; the tool in any case, the tag exactly. Throws `E_NO_CHANGE` where the ledger has neither a
 * record nor an open proposal of it, and what reading one throws.
 */
export async function findNackTarget(context: WithView<ReviewerContext>, id: RecordId): Promise<NackTarget> {
  const path = (await new Holdings(context.view.snapshot, Promise.resolve(context.view.trust)).find(id))?.records.get(
    id.tag,
  );
  if (path !== undefined) {
    const record = await verifyRecord(await readRecordFiles(context.view.snapshot, path), context.view.trust);
    return { of: 'record', record };
  }
  const wanted = recordPath(id);
  const branches = context.ledger.branches();
  const names = [proposalBranch(wanted), ...branches.keys()];
  const branch = names.find((name) => branches.has(name) && foldAscii(name) === foldAscii(proposalBranch(wanted)));
  const change = branch === undefined ? undefined : await findChange(context, branch);
  const proposal = change && (await readProposal(context, change));
  if (proposal === undefined || proposal.record.checklist.tag !== id.tag) {
    return fail('E_NO_CHANGE', `the ledger has neither a record nor an open proposal of ${id.repository} ${id.tag}`, {
      hint: `${await renamedHint(context.view.snapshot, id)}look at its spelling; 'pullthrough ledger status' lists what is there`,
    });
  }
  return { of: 'proposal', proposal, record: proposal.record };
}

/**
 * Signs and pushes a .nack, which withdraws a record for good. Of a merged record it is a proposal of its own; onto an
 * open proposal it is pushed. The reason goes into the commit's message and nowhere else. Throws `E_MOVED`,
 * `E_NOT_REVIEWER`, and what the signer and `push` throw.
 */
export async function nackTarget(
  context: WithView<ReviewerContext>,
  target: NackTarget,
  signing: ReviewerSigning,
  reason: string | undefined,
): Promise<NackResult> {
  const { record, of } = target;
  const { fingerprint } = signing.reviewer;
  const already = record.nacks.some((nack) => nack.fingerprint === fingerprint);
  if (already) {
    const where = target.of === 'proposal' ? { branch: target.proposal.branch } : {};
    return { action: 'already', record: record.path, of, ...where };
  }
  return target.of === 'record'
    ? nackRecord(context, record, signing, reason)
    : nackProposal(context, target.proposal, signing, reason);
}

async function nackProposal(
  context: WithView<ReviewerContext>,
  proposal: Proposal,
  signing: ReviewerSigning,
  reason: string | undefined,
): Promise<NackResult> {
  const { branch, commit, record, pull } = proposal;
  const nacked = await commitNack(context, record, signing, { parent: commit, reason });
  const next = await readProposal(context, { ...proposal, commit: nacked });
  await context.ledger.push([{ branch, from: commit, to: nacked }]);
  await commentStanding(context, next, standingOf(next, context.view.trust));
  return { action: 'nacked', record: record.path, of: 'proposal', branch, ...(pull === undefined ? {} : { pull }) };
}

async function nackRecord(
  context: WithView<ReviewerContext>,
  record: RecordStatus,
  signing: ReviewerSigning,
  reason: string | undefined,
): Promise<NackResult> {
  const branch = nackBranch(record.path, signing.reviewer.fingerprint);
  const there = context.ledger.branches().get(branch);
  const result = { record: record.path, of: 'record', branch } as const;
  if (there !== undefined && (await holdsNack(context, branch, there, signing))) {
    return { action: 'already', ...result, ...(await openNackPull(context, record, branch)) };
  }
  const commit = await commitNack(context, record, signing, { parent: context.view.commit, reason });
  await readProposal(context, { kind: 'nack', branch, commit });
  await context.ledger.push([{ branch, from: there, to: commit }]);
  return { action: 'nacked', ...result, ...(await openNackPull(context, record, branch)) };
}

/** Was an earlier run killed between its push and its pull request? */
async function holdsNack(
  context: WithView<ReviewerContext>,
  branch: string,
  commit: string,
  { reviewer }: ReviewerSigning,
): Promise<boolean> {
  try {
    const { record } = await readProposal(context, { kind: 'nack', branch, commit });
    return record.nacks.some(({ fingerprint }) => fingerprint === reviewer.fingerprint);
  } catch (error) {
    if (error instanceof PullthroughError && (error.exit === 3 || error.code === 'E_NO_CHANGE')) return false;
    throw error;
  }
}

async function commitNack(
  { ledger, view }: WithView<ReviewerContext>,
  record: RecordStatus,
  signing: ReviewerSigning,
  { parent, reason }: { readonly parent: string; readonly reason: string | undefined },
): Promise<string> {
  const nack = await signNack(signing, record, view.trust);
  const why = reason === undefined ? '' : `\n${escapeTerminal(reason).slice(0, REASON_LENGTH)}\n`;
  return ledger.commit({
    parents: [parent],
    base: parent,
    files: new Map([[nack.path, nack.bytes]]),
    message: `Nack ${escapeTerminal(titleOf({ record }))}\n${why}`,
    author: reviewerIdentity(signing.reviewer),
  });
}

async function openNackPull(
  context: ReviewerContext,
  record: RecordStatus,
  branch: string,
): Promise<{ pull?: PullReference }> {
  if (context.github === undefined) return {};
  const { client, repository } = context.github;
  const title = `Nack ${titleOf({ record })}`;
  const { source, repository: tool, tag } = record.checklist;
  const body = [
    `A reviewer withdraws ${codeSpan(`${tool} ${tag}`)} of ${codeSpan(source)}: these bytes must not be used.`,
    'Once it is merged, no consumer resolves the release any more, for good.',
    `\`\`\`sh\n${typed`pullthrough ledger merge ${branch}`}\n\`\`\``,
  ].join('\n\n');
  const pull = await createPull(client, repository, {
    title: escapeTerminal(title).slice(0, 256),
    head: branch,
    base: context.branch,
    body,
  });
  return { pull: referenceTo(pull) };
}
