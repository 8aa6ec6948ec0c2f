import { fail } from '../ledger-schema/error.ts';
import { sweepBegun } from '../io/files/begun.ts';
import { Limit } from '../io/limit.ts';
import type { RepositoryId } from '../ledger/record-index.ts';
import { cleanSpool } from '../upstream/transfer.ts';
import type { Transfer } from '../upstream/transfer.ts';
import type { Checkpoint, ExecutorContext, Signing } from './context.ts';
import { dryStore } from './dry-store.ts';
import { writeCheck } from './may-write.ts';
import { openRun, requireExecutor } from './open-run.ts';
import type { Run } from './open-run.ts';

/** Files under way at once, by default. */
const FILES_AT_ONCE = 4;

export interface WriteOptions {
  /** Undefined only with `dryRun`. */
  readonly signing?: Signing | undefined;
  /** Fetch and check everything, write nothing. */
  readonly dryRun?: boolean | undefined;
  /** `--concurrency`: files under way at once. */
  readonly concurrency?: number | undefined;
  readonly checkpoint?: Checkpoint | undefined;
}

/** A run that fetches, and proposes what it fetched. */
export interface MirrorRun extends Run {
  /** Undefined: nothing is written. */
  readonly signing: Signing | undefined;
  /** Where fetched bytes go: the store, or nowhere. */
  readonly target: Transfer['store'];
  readonly limit: Limit;
  /** May what is fetched be stored and proposed? Looked at once, before the first download. */
  readonly mayWrite: () => Promise<void>;
}

/** Opens a run that writes. Throws `E_NO_KEY` before any request, `E_NOT_EXECUTOR` before any download. */
export async function openMirrorRun(
  context: ExecutorContext,
  ids: readonly RepositoryId[],
  { signing, dryRun = false, concurrency = FILES_AT_ONCE, checkpoint }: WriteOptions,
): Promise<MirrorRun> {
  if (signing === undefined && !dryRun) {
    fail('E_NO_KEY', 'records are signed, and there is no signing key', {
      hint: 'set PULLTHROUGH_SIGNING_KEY_FILE, or use --dry-run',
    });
  }
  const run = await openRun(context, ids, checkpoint);
  if (signing !== undefined) await requireExecutor(run.trust, signing.signer.fingerprint);
  await cleanSpool(run.spool);
  await sweepBegun(run.partials);
  await run.checkpoint('opened');
  const limit = new Limit(concurrency);
  if (dryRun) {
    return { ...run, signing: undefined, target: dryStore(context.store), limit, mayWrite: () => Promise.resolve() };
  }
  return { ...run, signing, target: context.store, limit, mayWrite: writeCheck(context) };
}
