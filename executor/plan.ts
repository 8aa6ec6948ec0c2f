import type { Release } from '../github/types.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { checkEvidenceIsThere } from '../upstream/published-digests.ts';
import { chooseFiles, onlyStatements } from '../upstream/choose-files.ts';
import type { ChosenFile } from '../upstream/choose-files.ts';
import type { ToolDefinition } from '../upstream/tool-definition.ts';
import type { PullReference } from '../proposals/pull-reference.ts';
import type { Standing } from '../proposals/standing.ts';

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
  return (
    decideStanding(standing, input.pulls) ?? decideAge(release, definition.minAge, input.now) ?? decideFiles(input)
  );
}

function decideStanding(standing: Standing, pulls: boolean): Decision | undefined {
  switch (standing.kind) {
    case 'none':
      return undefined;
    case 'recorded':
      return { action: 'held', reason: 'the ledger holds it' };
    case 'closed':
      return { action: 'closed', reason: closedReason(standing) };
    case 'proposed':
      if (pulls && standing.pull === undefined) {
        return { action: 'open', reason: 'its proposal has no pull request yet' };
      }
      return { action: 'held', reason: `${nameOf(standing)} proposes it` };
  }
}

function nameOf(proposal: { readonly branch: string; readonly pull?: PullReference }): string {
  return proposal.pull === undefined ? `the branch ${proposal.branch}` : `pull request #${proposal.pull.number}`;
}

function closedReason(standing: Extract<Standing, { kind: 'closed' }>): string {
  if (standing.pull !== undefined) return `pull request #${standing.pull.number} was closed unmerged`;
  return `its proposal was closed, and lies at ${standing.branch}`;
}

function decideAge(release: Release, minAge: number, now: Date): Decision | undefined {
  const unfinished = release.assets.find((asset) => asset.state !== 'uploaded');
  if (unfinished !== undefined)
    return { action: 'waiting', reason: `the upload of ${unfinished.name} is not finished` };
  // Without a min-age nobody's clock matters.
  const until = new Date(newestChange(release) + minAge);
  if (minAge === 0 || until <= now) return undefined;
  return { action: 'waiting', reason: `it is too young until ${until.toISOString().replace('.000', '')}`, until };
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
    const replaces = standing.kind === 'none' && standing.replaces !== undefined;
    const reason = replaces ? 'the branch of its proposal has no valid sign, and is replaced' : 'it is new';
    return { action: 'propose', reason, files, left, warnings };
  } catch (error) {
    if (error instanceof PullthroughError) return { action: 'failed', error };
    throw error;
  }
}
