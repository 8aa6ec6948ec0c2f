import { join } from 'node:path';
import { gitAtWork } from '../ledger/git/repository.ts';
import { dispatcher } from '../io/http/http.ts';
import { Limit } from '../io/limit.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { requireUsable } from '../ledger-schema/openpgp/openpgp.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import type { Checkpoint, ExecutorContext } from './context.ts';
import { Holdings } from '../ledger/record-index.ts';
import type { RepositoryId } from '../ledger/record-index.ts';
import type { Snapshot } from '../ledger/snapshot.ts';
import { openView } from '../ledger/view/view.ts';
import { LedgerPulls } from '../proposals/ledger-pulls.ts';
import { Proposals } from '../proposals/standing.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import { instantText } from '../ledger-schema/fields.ts';

/** Anybody may have put signatures there by the thousand. */
const SHOWN_WARNINGS = 20;

/** One look at the ledger, and what all tools of a run share; a step takes what it uses of it. */
export interface Run extends ExecutorContext {
  readonly trust: Trust;
  readonly holdings: Holdings;
  readonly proposals: Proposals;
  /** Undefined where the ledger isn't on GitHub. */
  readonly pulls: LedgerPulls | undefined;
  readonly upstreams: Upstreams;
  /** Which tool was found to have which place in the ledger. */
  readonly places: Map<string, string>;
  /** One change of the ledger at a time. */
  readonly ledgerTurn: Limit;
  /** When the ledger was last looked at, by `performance.now()`. */
  lastLook: number;
  /** A folder for files on their way. */
  readonly spool: string;
  /** A folder for what interrupted runs began. */
  readonly partials: string;
  readonly checkpoint: Checkpoint;
}

/** Fetches the ledger, establishes trust, and reads what the ledger has of these repositories. */
export async function openRun(
  context: ExecutorContext,
  ids: readonly RepositoryId[],
  checkpoint: Checkpoint = () => undefined,
): Promise<Run> {
  const { ledger, progress, github, branch } = context;
  const { trust, holdings, lastLook, loading } = await look(context, ids);
  for (const { path, message } of trust.warnings.slice(0, SHOWN_WARNINGS)) progress.warn(`${path}: ${message}`);
  const unsaid = trust.warnings.length - SHOWN_WARNINGS;
  if (unsaid > 0) progress.warn(`${unsaid} more signatures of policies do not count`);
  if (trust.expired) progress.warn(`the ledger's trust policy expired at ${instantText(trust.expires)}`);
  await loading;
  const pulls = github === undefined ? undefined : new LedgerPulls(github, branch);
  const proposals = new Proposals(ledger, trust, pulls);
  await proposals.prepare(ids);
  const upstreams = new Upstreams(context);
  return {
    ...context,
    trust,
    holdings,
    proposals,
    pulls,
    upstreams,
    places: new Map(),
    ledgerTurn: new Limit(1),
    lastLook,
    spool: join(context.cacheDir, 'spool'),
    partials: join(context.cacheDir, 'partial'),
    checkpoint,
  };
}

interface Look {
  readonly trust: Trust;
  readonly holdings: Holdings;
  readonly lastLook: number;
  readonly loading: Promise<void>;
}

/** Trust and holdings each need several requests in a row, so they run together. A failure of trust goes first. */
async function look(context: ExecutorContext, ids: readonly RepositoryId[]): Promise<Look> {
  let found: Omit<Look, 'trust'> | undefined;
  const meanwhile = (snapshot: Snapshot, trusting: Promise<Trust>): void => {
    const holdings = new Holdings(snapshot, trusting);
    const loading = holdings.load(ids);
    loading.catch(() => undefined);
    found = { holdings, loading, lastLook: performance.now() };
  };
  const [{ trust }] = await Promise.all([openView({ ...context, meanwhile }), loadWhatAsks()]);
  return { trust, ...(found ?? fail('E_INTERNAL', 'the ledger was not looked at')) };
}

/** The API client takes a while to load, so it loads while git fetches. A failure is reported where it is used. */
async function loadWhatAsks(): Promise<void> {
  await gitAtWork();
  await dispatcher().catch(() => undefined);
}

/** The signing key must be a current executor's, and usable now. Throws `E_NOT_EXECUTOR`. */
export async function requireExecutor(trust: Trust, fingerprint: string): Promise<void> {
  const hint = "the ledger's root holders add it with `pullthrough trust propose`; `pullthrough key show` prints it";
  const listing = trust.listing(fingerprint);
  if (listing === undefined || trust.holderOf('executors', fingerprint) === undefined) {
    fail('E_NOT_EXECUTOR', `the key ${fingerprint} is not an executor's in policy ${trust.version}`, { hint });
  }
  try {
    requireUsable(await trust.keyring.key(listing.key), { now: trust.now, revocation: true, expiry: true });
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_NOT_EXECUTOR', `the executor's key can't be used: ${cause.message}`, { hint, cause });
  }
}
