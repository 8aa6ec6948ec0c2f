import { mapLimit } from '../io/limit.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { listings } from '../ledger-schema/openpgp/keyring.ts';
import { tryLedgerPath } from '../ledger-schema/names/layout.ts';
import type { ProposalContext } from './context.ts';
import type { WithView } from './with-view.ts';
import { AT_ONCE, listOpenChanges } from './list-changes.ts';
import type { OpenChange } from './list-changes.ts';
import { judgeChange } from './merge/merge.ts';
import type { PullReference } from './pull-reference.ts';
import { readProposal } from './read-proposal.ts';
import { listRequests, nameOfRequest } from './requests.ts';
import type { Request } from './requests.ts';
import { holdersOf } from '../ledger-schema/holders.ts';

/**
 * What is waited for: `ack` more acks; `sign` root holders' signatures; `merge` somebody who merges what is ready; `close`
 * somebody who closes what was nacked; `fix` the executor, or anyone who made what the gate refuses; `take` the executor's
 * people, who may take up a request.
 */
export type Awaited = 'ack' | 'sign' | 'merge' | 'close' | 'fix' | 'take';

/** One thing that is open, and whose turn it is. */
export interface Pending {
  readonly awaits: Awaited;
  /** `owner/repo`; undefined for a policy. */
  readonly tool?: string | undefined;
  readonly tag?: string | undefined;
  /** `trust policy 2`, or the tool and tag. */
  readonly title: string;
  readonly branch?: string | undefined;
  readonly pull?: PullReference | undefined;
  /** When it was opened, by the oldest commit or the issue. */
  readonly since?: Date | undefined;
  /** Holders whose turn it is; empty where the policy names nobody for it. */
  readonly from: readonly string[];
  /** How many of them are needed. */
  readonly missing: number;
  /** Why the gate refuses it, or why somebody asks for it. */
  readonly reason?: string | undefined;
}

/** Everything that is open, the oldest first. Throws what the list of changes and requests throws. */
export async function listPending(context: WithView): Promise<Pending[]> {
  const { changes } = await listOpenChanges(context);
  const found = await mapLimit(changes, AT_ONCE, (change) => pendingChange(context, change));
  const requests = (await readRequests(context)).map((request): Pending => ({
    awaits: 'take',
    tool: request.repository,
    tag: request.tag,
    title: nameOfRequest(request),
    branch: request.branch,
    pull: request.issue,
    since: request.since,
    from: [],
    missing: 1,
    reason: request.reason === '' ? undefined : request.reason,
  }));
  const all = [...found.filter((one) => one !== undefined), ...requests];
  return all.sort((a, b) => (a.since?.getTime() ?? 0) - (b.since?.getTime() ?? 0));
}

/** A repository may have no issues, and a token may not read them: that hides requests alone. */
async function readRequests(context: ProposalContext): Promise<Request[]> {
  try {
    return await listRequests(context);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    if (error.code !== 'E_CREDENTIAL' && error.code !== 'E_UPSTREAM_NOT_FOUND') throw error;
    context.progress.note(`requests can't be read: ${error.message}`);
    return [];
  }
}

/** The holder that NAME|KEY means: a name of the policy, or the end of a listed fingerprint. Throws `E_USAGE`. */
export function findHolder({ view: { trust } }: WithView, text: string): string {
  if (Object.hasOwn(trust.policy.holders, text)) return text;
  const end = text.replaceAll(' ', '').replace(/^0x/i, '').toUpperCase();
  const matches = [...listings(trust.policy)].filter(
    ([fingerprint, { holder }]) => holder !== undefined && /^[0-9A-F]{8,40}$/.test(end) && fingerprint.endsWith(end),
  );
  const [match] = matches;
  if (match?.[1].holder !== undefined && matches.length === 1) return match[1].holder;
  return fail('E_USAGE', `policy ${trust.version} has neither a holder nor a key of that name`, {
    hint: "'pullthrough trust show' lists both; a key is named by its fingerprint, or the end of it",
  });
}

async function pendingChange(context: WithView, change: OpenChange): Promise<Pending | undefined> {
  const { branch, pull, commit } = change;
  const since = (await context.ledger.log(context.view.commit, commit)).at(-1)?.date;
  const base = { title: branch, branch, pull, since };
  try {
    return change.kind === 'policy'
      ? await pendingPolicy(context, change, base)
      : await pendingRecord(context, change, base);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    // A branch that was merged and not removed yet has nothing to say.
    if (error.code === 'E_NO_CHANGE') return undefined;
    if (error.exit !== 3) throw error;
    return {
      ...base,
      awaits: 'fix',
      from: context.view.trust.policy.executors.holders,
      missing: 1,
      reason: error.message,
    };
  }
}

type Base = Pick<Pending, 'title' | 'branch' | 'pull' | 'since'>;

async function pendingRecord(context: WithView, change: OpenChange, base: Base): Promise<Pending> {
  const { record, adds } = await readProposal(context, change);
  const { repository: tool, tag } = record.checklist;
  const about = { ...base, tool, tag, title: adds === 'nack' ? `nack of ${tool} ${tag}` : `${tool} ${tag}` };
  if (adds !== 'nack' && record.state === 'withdrawn') {
    const reason = `nacked by ${holdersOf(record.nacks).join(', ')}`;
    return { ...about, awaits: 'close', from: [], missing: 1, reason };
  }
  if (adds === 'nack' || record.missing === 0) return { ...about, awaits: 'merge', from: [], missing: 1 };
  const from = context.view.trust.policy.reviewers.holders.filter((holder) => !record.ackHolders.includes(holder));
  return { ...about, awaits: 'ack', from, missing: record.missing };
}

async function pendingPolicy(context: WithView, change: OpenChange, base: Base): Promise<Pending> {
  const version = /^pullthrough-trust\/([1-9][0-9]*)$/.exec(change.branch)?.[1] ?? '';
  const about = { ...base, title: `trust policy ${version}` };
  const { problems } = await judgeChange(context, change);
  const [first] = problems;
  if (first === undefined) return { ...about, awaits: 'merge', from: [], missing: 1 };
  const { roots } = context.view.trust.policy;
  if (first.code !== 'E_POLICY_THRESHOLD') {
    return { ...about, awaits: 'fix', from: roots.holders, missing: 1, reason: first.message };
  }
  const listed = listings(context.view.trust.policy);
  const signed = (await context.ledger.snapshot(change.commit).list('trust')).flatMap(({ name }) => {
    const kind = tryLedgerPath(`trust/${name}`);
    const holder = kind?.kind === 'policy-sign' ? listed.get(kind.fingerprint)?.holder : undefined;
    return kind?.kind === 'policy-sign' && String(kind.version) === version && holder !== undefined ? [holder] : [];
  });
  const from = roots.holders.filter((holder) => !signed.includes(holder));
  const missing = Math.max(1, roots.threshold - new Set(signed).size);
  return { ...about, awaits: 'sign', from, missing, reason: first.message };
}
