import { typed } from '../../io/shell.ts';
import { getReleaseByTag } from '../../github/releases.ts';
import type { PullRequest, Release } from '../../github/types.ts';
import { codeSpan } from '../../io/escape.ts';
import type { Progress } from '../../io/progress.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { Checklist } from '../../ledger-schema/checklist.ts';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import { proposalBody, proposalTitle } from '../../proposals/pull-body.ts';
import { describeChecks, githubStatements } from '../../upstream/published-digests.ts';
import type { Examined } from '../assess-tool.ts';
import { compareReleases, readEarlier } from '../../proposals/compare-releases.ts';
import type { ReleaseComparison } from '../../proposals/compare-releases.ts';
import type { FetchedFile } from '../../ledger/new-record.ts';
import { previousRecord } from './previous-record.ts';
import { saidEvidence } from './said-evidence.ts';
import type { LedgerPulls } from '../../proposals/ledger-pulls.ts';
import type { Run } from '../open-run.ts';
import { sortFindings } from '../../inspect/finding.ts';
import type { Finding } from '../../inspect/finding.ts';
import { releaseFindings } from '../../proposals/release-findings.ts';
import { referenceTo } from '../../proposals/pull-reference.ts';
import type { PullReference } from '../../proposals/pull-reference.ts';

/** A proposal whose branch is pushed. */
export interface PushedProposal {
  /** The record's. */
  readonly path: string;
  readonly checklist: Checklist;
  readonly files: readonly FetchedFile[];
  readonly checks: readonly string[];
  /** Undefined: upstream no longer has it. */
  readonly release: Release | undefined;
  /** When its files were first signed; undefined also where nothing was fetched. */
  readonly signed?: Date | undefined;
  /** What reviewers should know of the branch that it replaced, a sentence each. */
  readonly notes?: readonly string[];
}

export interface OpenedProposal {
  /** Undefined where the ledger isn't on GitHub. */
  readonly pull: PullReference | undefined;
  /** What a reviewer must know, as far as it is known without a look at the bytes. */
  readonly findings: readonly Finding[];
}

/** Opens the pull request of a proposal, or makes the open one say what the branch holds now, where the ledger is on GitHub. */
export async function openPull(
  run: Pick<Run, 'pulls' | 'holdings' | 'trust' | 'now' | 'progress' | 'store'>,
  examined: Examined,
  proposal: PushedProposal,
): Promise<OpenedProposal> {
  const { path, checklist, files, checks, release, signed, notes = [] } = proposal;
  const branch = proposalBranch(path);
  const names = new Set(files.map(({ name }) => name));
  const left = (release?.assets ?? []).map(({ name }) => name).filter((name) => !names.has(name));
  const comparison = await compareWithPrevious(run, examined, checklist, release);
  const findings = sortFindings(releaseFindings({ files, release, signed, left, comparison, now: run.now }));
  if (run.pulls === undefined) return { pull: undefined, findings };
  const body = proposalBody({ checklist, files, checks, release, findings, branch });
  const pull = await run.pulls.create(branch, proposalTitle(checklist), body);
  if (notes.length > 0) await tell(run.progress, run.pulls, pull, notes, branch);
  return { pull: referenceTo(pull), findings };
}

/** Replaces what was said about the earlier commit's acks. A failure to say so stops nothing. */
async function tell(
  progress: Progress,
  pulls: LedgerPulls,
  { number }: PullRequest,
  notes: readonly string[],
  branch: string,
): Promise<void> {
  const said = notes.map((note) => `${codeSpan(note)}.`).join('\n\n');
  try {
    await pulls.comment(number, `${said}\n\n\`\`\`sh\n${typed`pullthrough review ${branch}`}\n\`\`\``);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    progress.warn(`no comment could be written on pull request ${number}: ${error.message}`);
  }
}

/** What the branch of a proposal without a pull request holds; nothing is downloaded. */
export async function readPushedProposal(
  run: Pick<Run, 'proposals'>,
  examined: Examined,
  path: string,
): Promise<PushedProposal> {
  const record = (await run.proposals.valid(path)) ?? fail('E_NO_CHANGE', `the proposal of ${path} is gone`);
  const { checklist, assets } = record;
  const item = examined.items.find((candidate) => candidate.path === path);
  const release = item?.release ?? (await getReleaseByTag(examined.client, examined.tool.repository, checklist.tag));
  return { path, checklist, files: assets, checks: checksWithoutBytes(assets, release), release };
}

/** What can be compared although nothing is fetched. What the commit's message says that it checked is anybody's claim. */
function checksWithoutBytes(files: readonly FetchedFile[], release: Release | undefined): string[] {
  const statements = githubStatements(files, release?.assets ?? []);
  const compared = files.filter(({ name }) => (statements.get(name) ?? []).length > 0);
  const others = files.length - compared.length;
  const checks = describeChecks(compared, statements);
  return others === 0
    ? checks
    : [...checks, `not compared, as nothing was fetched: ${others} of ${files.length} files`];
}

async function compareWithPrevious(
  run: Pick<Run, 'holdings' | 'trust' | 'progress' | 'store'>,
  examined: Examined,
  now: Checklist,
  release: Release | undefined,
): Promise<ReleaseComparison | undefined> {
  const before = await previousRecord(run, examined, now.tag);
  if (before === undefined) return undefined;
  // By the name that upstream has now: the record's may be an older one.
  const at = { repository: examined.tool.repository, tag: before.tag };
  const earlier = release === undefined ? undefined : await readEarlier(examined.client, at);
  const [was, is] = await Promise.all([saidEvidence(run.store, before), saidEvidence(run.store, now)]);
  return compareReleases(was, is, { earlier, release });
}
