import type { Release } from '../github/types.ts';
import { nackHolders } from '../ledger/open-nacks.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { checkEvidenceIsThere } from '../upstream/published-digests.ts';
import { chooseFiles, onlyStatements } from '../upstream/choose-files.ts';
import type { ChosenFile } from '../upstream/choose-files.ts';
import type { ToolDefinition } from '../upstream/tool-definition.ts';
import type { PullReference } from '../proposals/pull-reference.ts';
import type { Standing } from '../proposals/standing.ts';
import type { ProposedStanding, Replaced } from '../proposals/standing.ts';
import { addedSince, mayBeSame } from './propose/proposed-files.ts';
import { instantText } from '../ledger-schema/fields.ts';

/** What is to be done about one release, and why. */
export type Decision =
  | {
      readonly action: 'propose';
      readonly reason: string;
      readonly files: readonly ChosenFile[];
      readonly left: readonly string[];
      readonly warnings: readonly string[];
    }
  | { readonly action: 'open'; readonly reason: string }
  | { readonly action: 'held' | 'closed' | 'nothing'; readonly reason: string }
  | { readonly action: 'waiting'; readonly reason: string; readonly until?: Date }
  | { readonly action: 'failed'; readonly error: PullthroughError };

export interface PlanInput {
  readonly release: Release;
  readonly definition: ToolDefinition;
  readonly standing: Standing;
  /** Is the ledger on GitHub, where a pull request belongs to a proposal? */
  readonly pulls: boolean;
  readonly now: Date;
}

/** Decides about one release that `select` chose. Pure. */
export function planRelease(input: PlanInput): Decision {
  const { release, definition, standing } = input;
  if (standing.kind === 'proposed' && !needsPull(standing, input.pulls)) {
    const added = addedSince(release, definition, standing);
    if (added.length > 0) return decideAdded(input, standing, added);
  }
  return (
    decideStanding(standing, input.pulls) ?? decideAge(release, definition.minAge, input.now) ?? decideFiles(input)
  );
}

function needsPull(standing: ProposedStanding, pulls: boolean): boolean {
  return pulls && (standing.pull === undefined || standing.outdated === true);
}

function decideStanding(standing: Standing, pulls: boolean): Decision | undefined {
  switch (standing.kind) {
    case 'none':
      return undefined;
    case 'recorded':
      return { action: 'held', reason: 'the ledger holds it' };
    case 'closed':
      return { action: 'closed', reason: closedReason(standing) };
    case 'nacked':
      return { action: 'held', reason: nackedReason(standing.by, `the branch ${standing.branch}`) };
    case 'proposed': {
      if (needsPull(standing, pulls)) {
        const why = standing.pull === undefined ? NO_PULL : `pull request #${standing.pull.number} lists other files`;
        return { action: 'open', reason: why };
      }
      const nacked = nackHolders((standing.record?.nacks ?? []).map((by) => ({ by })));
      const but = nacked.length === 0 ? '' : `, and ${nacked.join(' and ')} nacked it`;
      return { action: 'held', reason: `${nameOf(standing)} proposes it${but}` };
    }
  }
}

const NO_PULL = 'its proposal has no pull request yet';

/** Why a nacked branch stays as it is: its nack is about other bytes, and would be lost with it. */
export function nackedReason(by: readonly string[], what: string): string {
  return `${by.join(' and ')} nacked its proposal, and the files are others now: ${what} is left as it is`;
}

function nameOf(proposal: { readonly branch: string; readonly pull?: PullReference }): string {
  return proposal.pull === undefined ? `the branch ${proposal.branch}` : `pull request #${proposal.pull.number}`;
}

function closedReason(standing: Extract<Standing, { kind: 'closed' }>): string {
  if (standing.pull !== undefined) return `pull request #${standing.pull.number} was closed unmerged`;
  return `its proposal was closed, and lies at ${standing.branch}`;
}

/** `signed`: when its files were first signed, where a clock that isn't upstream's says so. */
export function decideAge(release: Release, minAge: number, now: Date, signed?: Date): Decision | undefined {
  const unfinished = release.assets.find((asset) => asset.state !== 'uploaded');
  if (unfinished !== undefined)
    return { action: 'waiting', reason: `the upload of ${unfinished.name} is not finished` };
  // Without a min-age nobody's clock matters.
  const until = new Date(Math.max(newestChange(release), signed?.getTime() ?? 0) + minAge);
  if (minAge === 0 || until <= now) return undefined;
  return { action: 'waiting', reason: `it is too young until ${instantText(until)}`, until };
}

/** The newest of: published, any asset updated; milliseconds since 1970. A release's created_at says nothing. */
function newestChange(release: Release): number {
  return Math.max(release.publishedAt?.getTime() ?? 0, ...release.assets.map((asset) => asset.updatedAt.getTime()));
}

function decideFiles({ release, definition, standing }: PlanInput): Decision {
  try {
    const { files, left } = chooseFiles(release, definition);
    if (files.length === 0) {
      const why =
        release.assets.length === 0 ? 'it has no files' : 'include[] and exclude[] leave out all of its files';
      return { action: 'nothing', reason: why };
    }
    checkEvidenceIsThere(definition.evidence, files, release);
    const warnings = onlyStatements(files)
      ? ['the chosen files are only signatures and digests; url[] names files that upstream hosts elsewhere']
      : [];
    const replaced = standing.kind === 'none' ? standing.replaces : undefined;
    if (replaced?.assets !== undefined && !mayBeSame(files, replaced.assets)) {
      return { action: 'held', reason: nackedReason(replaced.nackedBy, 'its branch') };
    }
    const reason = replaced === undefined ? 'it is new' : replacedReason(replaced);
    return { action: 'propose', reason, files, left, warnings };
  } catch (error) {
    if (error instanceof PullthroughError) return { action: 'failed', error };
    throw error;
  }
}

function replacedReason({ nackedBy }: Replaced): string {
  const reason = 'the branch of its proposal has no valid sign, and is replaced';
  return nackedBy.length === 0 ? reason : `${reason}; the nack of ${nackedBy.join(' and ')} goes with it`;
}

/** Upstream went on uploading after it was proposed: a record is for good, so it is made again while it can be. */
function decideAdded(input: PlanInput, standing: ProposedStanding, added: readonly string[]): Decision {
  const what = `upstream added ${listed(added)} since ${nameOf(standing)} proposed it`;
  const nacked = nackHolders((standing.record?.nacks ?? []).map((by) => ({ by })));
  if (nacked.length > 0) return { action: 'held', reason: `${what}, and ${nacked.join(' and ')} nacked that` };
  const young = decideAge(input.release, input.definition.minAge, input.now);
  if (young?.action === 'waiting') return { ...young, reason: `${what}; ${young.reason}` };
  const decision = decideFiles(input);
  if (decision.action !== 'propose') return decision;
  const { ackHolders = [] } = standing.record ?? {};
  const lost = ackHolders.length === 0 ? [] : [`${what}: the acks of ${ackHolders.join(' and ')} do not count for it`];
  return { ...decision, reason: `${what}; it is made again`, warnings: [...decision.warnings, ...lost] };
}

/** A few names, and how many more there are. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
