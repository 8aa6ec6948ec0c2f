import { readRecordFiles } from '../../ledger/files.ts';
import { openView } from '../../ledger/view/view.ts';
import { areAbout, nackHolders, openNacks } from '../../ledger/open-nacks.ts';
import { brief } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import { escapeTerminal } from '../../io/escape.ts';
import { proposalTitle } from '../../proposals/pull-body.ts';
import type { Signing } from '../context.ts';
import { newRecordFiles } from '../../ledger/new-record.ts';
import type { UnsignedRecord } from '../../ledger/new-record.ts';
import type { Standing } from '../../proposals/standing.ts';
import type { Run } from '../open-run.ts';

/** How often a push is tried against others who move the same branch. */
const TRIES = 3;
/** The ledger is looked at again before a push when the last look is older; milliseconds. */
const FRESH = 60_000;

export interface SignedRecord {
  readonly record: UnsignedRecord;
  readonly sign: Uint8Array;
  /** What upstream said and was compared, a line each. */
  readonly checks: readonly string[];
}

/** What came of a push. */
export type Pushed =
  | { readonly ours: false; /** What stands in its place. */ readonly standing: Standing }
  | {
      readonly ours: true;
      readonly standing: Standing;
      /** What reviewers should know of the branch that it replaced, a sentence each. */
      readonly notes: readonly string[];
      readonly warnings: readonly string[];
    };

/**
 * Pushes a record, whole and in one commit, as its proposal's branch; its bytes are in the store by then. Where somebody
 * else was quicker, theirs stands, and nothing is pushed. Throws `E_MOVED` where others keep moving the
 * branch, and as `LedgerRepository.push` does.
 */
export async function pushProposal(
  run: Run,
  { signer, author }: Signing,
  signed: SignedRecord,
  begun: Standing,
): Promise<Pushed> {
  const { ledger } = run;
  const { path } = signed.record;
  const branch = proposalBranch(path);
  return run.ledgerTurn.run(async () => {
    let standing = begun;
    let fresh = performance.now() - run.lastLook < FRESH;
    for (let tries = 1; ; tries += 1) {
      if (!fresh) {
        await openView(run);
        run.lastLook = performance.now();
        standing = await standingNow(run, path);
      }
      const place = placeFor(standing, signed.record);
      if (place === undefined) return { ours: false, standing };
      const nacks = await nacksToCarry(run, place.from, signed.record);
      if (nacks.kind === 'nacked') return { ours: false, standing: { ...nacks, branch } };
      const head = ledger.head() ?? fail('E_MOVED', `the ledger ${ledger.label} has no branch any more`);
      const commit = await ledger.commit({
        parents: [head],
        base: head,
        files: new Map([...newRecordFiles(signed.record, signed.sign), ...nacks.files]),
        message: commitMessage({ ...signed, notes: [...place.notes, ...nacks.notes] }, signer.fingerprint),
        author,
      });
      await run.checkpoint('committed');
      try {
        await ledger.push([{ branch, to: commit, from: place.from }]);
        return {
          ours: true,
          standing: { kind: 'proposed', branch, commit },
          notes: place.notes,
          warnings: nacks.notes,
        };
      } catch (error) {
        if (!(error instanceof PullthroughError) || error.code !== 'E_MOVED' || tries === TRIES) throw error;
        fresh = false;
      }
    }
  });
}

/** Where a record may be pushed to; undefined where what is there stands. */
function placeFor(
  standing: Standing,
  { checklist }: UnsignedRecord,
): { readonly from: string | undefined; readonly notes: readonly string[] } | undefined {
  if (standing.kind === 'none') return { from: standing.replaces?.commit, notes: [] };
  if (standing.kind !== 'proposed' || standing.record === undefined) return undefined;
  const { assets, ackHolders, nacks } = standing.record;
  const now = new Set(checklist.assets.map(({ name }) => name));
  const hasMore = now.size > assets.length && assets.every(({ name }) => now.has(name));
  if (!hasMore || nacks.length > 0) return undefined;
  const known = new Set(assets.map(({ name }) => name));
  const added = [...now].filter((name) => !known.has(name));
  const acks = ackHolders.length === 0 ? '' : `; the acks of ${ackHolders.join(' and ')} were about the earlier files`;
  return { from: standing.commit, notes: [`Made again, since upstream added ${brief(added.join(', '))}${acks}`] };
}

type Carried =
  | { readonly kind: 'carried'; readonly files: ReadonlyMap<string, Uint8Array>; readonly notes: readonly string[] }
  | { readonly kind: 'nacked'; readonly commit: string; readonly by: readonly string[] };

/**
 * The nacks of the branch that a record replaces. Those about the same checklist.sha256 go with it; one about
 * another keeps the branch where it is. See docs/decisions/0009-a-nack-outlives-its-branch.md.
 */
async function nacksToCarry(
  run: Pick<Run, 'ledger' | 'trust'>,
  from: string | undefined,
  { path, sums }: UnsignedRecord,
): Promise<Carried> {
  if (from === undefined) return { kind: 'carried', files: new Map(), notes: [] };
  const nacks = await openNacks(run.ledger.snapshot(from), path, run.trust, [sums]);
  const by = nackHolders(nacks);
  if (!areAbout(nacks, sums)) return { kind: 'nacked', commit: from, by };
  const notes =
    by.length === 0 ? [] : [`The nack of ${by.join(' and ')} was carried over: these bytes must not be used`];
  return { kind: 'carried', files: new Map(nacks.map(({ path: file, bytes }) => [file, bytes])), notes };
}

/** The record's standing after another look at the ledger. */
async function standingNow({ ledger, proposals }: Pick<Run, 'ledger' | 'proposals'>, path: string): Promise<Standing> {
  const head = ledger.head();
  if (head !== undefined && (await readRecordFiles(ledger.snapshot(head), path)).entries.length > 0) {
    return { kind: 'recorded' };
  }
  return proposals.standing(path);
}

const CHECKED = 'Checked against what upstream says:';

function commitMessage(
  { record, checks, notes }: SignedRecord & { readonly notes: readonly string[] },
  fingerprint: string,
): string {
  const lines = checks.map((check) => `- ${escapeTerminal(check)}`);
  const said = notes.flatMap((note) => [`${escapeTerminal(note)}.`, '']);
  return [proposalTitle(record.checklist), '', CHECKED, ...lines, '', ...said, `Signed by ${fingerprint}.`, ''].join(
    '\n',
  );
}
