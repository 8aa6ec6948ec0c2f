import { readRecordFiles } from '../ledger/files.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { proposalBranch } from '../ledger-schema/path.ts';
import { escapeTerminal } from '../io/escape.ts';
import { proposalTitle } from '../proposals/pull-body.ts';
import type { Checkpoint, Signing } from './context.ts';
import { recordFiles } from '../ledger/new-record.ts';
import type { UnsignedRecord } from '../ledger/new-record.ts';
import type { Standing } from '../proposals/standing.ts';
import type { Run } from './run.ts';

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

/**
 * Pushes a record, whole and in one commit, as its proposal's branch; bytes are in the store before. Where somebody else
 * was quicker, theirs stands, and nothing is pushed. Throws `E_MOVED` where others keep moving the
 * branch, and as `LedgerRepository.push` does.
 */
export async function pushProposal(
  run: Run,
  { signer, author }: Signing,
  signed: SignedRecord,
  begun: Standing,
  checkpoint: Checkpoint,
): Promise<{ readonly ours: boolean; readonly standing: Standing }> {
  const { ledger } = run.context;
  const { path } = signed.record;
  const branch = proposalBranch(path);
  return run.ledgerTurn.run(async () => {
    let standing = begun;
    let fresh = performance.now() - run.lastLook < FRESH;
    for (let tries = 1; ; tries += 1) {
      if (!fresh) {
        await ledger.update();
        run.lastLook = performance.now();
        standing = await standingNow(run, path);
      }
      if (standing.kind !== 'none') return { ours: false, standing };
      const head = ledger.head() ?? fail('E_MOVED', `the ledger ${ledger.label} has no branch any more`);
      const commit = await ledger.commit({
        parents: [head],
        base: head,
        files: recordFiles(signed.record, signed.sign),
        message: commitMessage(signed, signer.fingerprint),
        author,
      });
      await checkpoint('committed');
      try {
        await ledger.push([{ branch, to: commit, from: standing.replaces }]);
        return { ours: true, standing: { kind: 'proposed', branch, commit } };
      } catch (error) {
        if (!(error instanceof PullthroughError) || error.code !== 'E_MOVED' || tries === TRIES) throw error;
        fresh = false;
      }
    }
  });
}

/** The record's standing after another look at the ledger. */
async function standingNow(run: Run, path: string): Promise<Standing> {
  const { ledger } = run.context;
  const head = ledger.head();
  if (head !== undefined && (await readRecordFiles(ledger.snapshot(head), path)).entries.length > 0) {
    return { kind: 'recorded' };
  }
  return run.proposals.standing(path);
}

const CHECKED = 'Checked against what upstream says:';

function commitMessage({ record, checks }: SignedRecord, fingerprint: string): string {
  const lines = checks.map((check) => `- ${escapeTerminal(check)}`);
  return [proposalTitle(record.checklist), '', CHECKED, ...lines, '', `Signed by ${fingerprint}.`, ''].join('\n');
}

/** The checks that the commit of a proposal tells; empty where it tells none. Its message is anybody's. */
export function checksInMessage(message: string): string[] {
  const [, after = ''] = message.split(`${CHECKED}\n`);
  const [block = ''] = after.split('\n\n');
  return block.split('\n').flatMap((line) => (line.startsWith('- ') ? [line.slice(2)] : []));
}
