import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import { openView } from '../../ledger/view/view.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import type { Finding, FindingName } from '../../inspect/finding.ts';
import type { Proposal } from '../../proposals/read-proposal.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { readTools } from '../../reviewer/review-tools.ts';
import { requireSame, reviewProposal } from '../../reviewer/review.ts';
import type { Review } from '../../reviewer/review.ts';
import type { ReviewReport } from '../../reviewer/report.ts';
import type { Content, TestRelease } from '../servers/github/github.ts';
import { World } from './world.ts';

export let world: World;
export let shared: ReviewerContext;
export let view: LedgerView;
export let proposal: Proposal;

/** One world for all tests of a file, with a new tool for each. */
export function useWorld(): void {
  beforeAll(async () => {
    world = await World.start();
    shared = await world.context();
    await lookAgain();
  });
  beforeEach(() => {
    world.newTool();
    world.upstream.faults.clear();
  });
  afterAll(() => world[Symbol.asyncDispose]());
}

/** Sees what was merged meanwhile. */
export async function lookAgain(): Promise<void> {
  view = await openView(shared);
}

/** A release and its record, judged as a proposal's is; what git has to do with it, other tests look at. */
export async function propose(
  tag: string,
  options: { files?: Readonly<Record<string, Content>>; source?: string } = {},
): Promise<{ release: TestRelease }> {
  const release = await world.release(tag, options.files);
  const { path, tree } = await world.record(release, options);
  const names = [...tree.keys()]
    .filter((file) => file.startsWith(`${path}/`))
    .map((file) => file.slice(path.length + 1));
  const record = await verifyRecord(
    {
      path,
      entries: names.map((name) => ({ name, mode: '100644', oid: '' })),
      read: (name) => Promise.resolve(tree.get(`${path}/${name}`)),
    },
    view.trust,
  );
  proposal = { kind: 'proposal', branch: proposalBranch(path), commit: 'e'.repeat(40), adds: 'record', record };
  return { release };
}

/** Reviews what was proposed last. */
export async function review(changes: Partial<ReviewerContext> = {}): Promise<Review> {
  const context = { ...shared, ...changes, view };
  world.upstream.takeRequests();
  return reviewProposal(context, proposal, await readTools(context));
}

export async function expectVerdict(
  verdict: string,
  code: ErrorCode,
  changes: Partial<ReviewerContext> = {},
): Promise<Review> {
  const reviewed = await review(changes);
  expect(reviewed.report.verdict).toBe(verdict);
  expect(reviewed.report.findings[0]).toMatchObject({ level: 'stop', code });
  await expect(() => requireSame(reviewed)).toFailWith(code);
  return reviewed;
}

export function named({ findings }: ReviewReport, name: FindingName): Finding | undefined {
  return findings.find((each) => each.name === name);
}
