import { ACKS_MARKER, upsertComment } from '../../github/pulls.ts';
import { codeSpan } from '../../io/escape.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { ReviewerContext } from '../context.ts';
import type { Proposal } from '../../proposals/read-proposal.ts';
import type { AckStanding } from '../report.ts';
import { typed } from '../../io/shell.ts';

/** What a pull request's comment says about who vouches for its record, in Markdown. Pure. */
export function standingComment(standing: AckStanding, branch: string): string {
  const { acks, nacks, missing, threshold, owes } = standing;
  const spans = (names: readonly string[]): string => names.map(codeSpan).join(', ');
  const command = (line: string): string => `\n\n\`\`\`sh\n${line}\n\`\`\``;
  if (nacks.length > 0) {
    const text = `Nacked by ${spans(nacks)}: these bytes must not be used. This can't be merged as acknowledged any more.`;
    return `${text}${command(typed`pullthrough ledger close ${branch}`)}`;
  }
  const have = `Acknowledged by ${acks.length === 0 ? 'nobody' : spans(acks)}: ${acks.length} of ${threshold}.`;
  if (missing === 0) return `${have} Nothing is missing.${command(typed`pullthrough ledger merge ${branch}`)}`;
  // Where each of them has to, their names say how many.
  const more = `Still missing: ${missing < owes.length ? `${missing} of ` : ''}${spans(owes)}.`;
  return `${have} ${more}${command(typed`pullthrough ack ${branch}`)}`;
}

/** Says it on the proposal's pull request, where there is one. A failure to say so stops nothing: it is a warning. */
export async function commentStanding(
  context: ReviewerContext,
  proposal: Proposal,
  standing: AckStanding,
): Promise<void> {
  const { github, progress } = context;
  if (github === undefined || proposal.pull === undefined) return;
  const { number } = proposal.pull;
  try {
    const body = standingComment(standing, proposal.branch);
    await upsertComment(github.client, github.repository, number, ACKS_MARKER, body);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    progress.warn(`no comment could be written on pull request ${number}: ${error.message}`);
  }
}
