import { Holdings } from '../ledger/record-index.ts';
import { compareReleases, readEarlier } from '../proposals/compare-releases.ts';
import type { ReleaseComparison } from '../proposals/compare-releases.ts';
import { acknowledgedBefore } from '../proposals/previous-record.ts';
import { followedFiles } from '../proposals/versionless.ts';
import type { GitHubClient } from '../github/client.ts';
import type { Asset, Release } from '../github/types.ts';
import { isSignedListName } from '../evidence/lists/list-name.ts';
import { withPredicates } from '../evidence/sigstore/claimed-predicate.ts';
import { readAtMost } from '../io/whole-bytes.ts';
import type { PublicStore } from '../store/public.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
import { UPSTREAM_SIGNATURE_BYTES, claimedIssuers } from './compare/claimed-issuers.ts';
import { readAsset } from './compare/statements.ts';
import type { LedgerView } from '../ledger/view/view.ts';

/** A signature over upstream's own checksums that names another key than that of the release before, or none any more. */
export interface NewSigner {
  readonly name: string;
  readonly before: readonly string[];
  /** Empty where it names none. */
  readonly now: readonly string[];
  /** The release has no such signature any more. */
  readonly gone?: true;
}

/** What a release has that the acknowledged one before it lacks. */
export interface Novelty extends ReleaseComparison {
  /** The record before. */
  readonly record: string;
  readonly signers: readonly NewSigner[];
}

/** The acknowledged record that a record is compared with. */
export async function findPrevious(view: LedgerView, record: RecordStatus): Promise<RecordStatus | undefined> {
  const recorded = await new Holdings(view.snapshot, Promise.resolve(view.trust)).find(record.checklist);
  return recorded === undefined ? undefined : acknowledgedBefore(view, recorded.records, record.checklist.tag);
}

export interface NoveltyInput {
  readonly previous: RecordStatus;
  readonly record: RecordStatus;
  readonly client: GitHubClient;
  /** The record's release; undefined where it is gone. */
  readonly release: Release | undefined;
  /** Undefined: what the statements of both records say is not known. */
  readonly store: PublicStore | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Compares a record with the one before it: by both records, and by what upstream says of both releases. */
export async function readNovelty(input: NoveltyInput): Promise<Novelty> {
  const { previous, record, release, client } = input;
  const earlier = release === undefined ? undefined : await readEarlier(client, previous.checklist);
  const [was, is] = await Promise.all([previous, record].map((each) => said(each, input)));
  const before = { ...previous.checklist, evidence: was };
  const comparison = compareReleases(before, { ...record.checklist, evidence: is }, { earlier, release });
  const signers = release === undefined || earlier === undefined ? [] : await changedSigners(input, earlier, release);
  return { ...comparison, record: previous.path, signers };
}

/** What a record's statements say, as far as the store tells. */
function said({ checklist }: RecordStatus, { store, signal }: NoveltyInput): ReturnType<typeof withPredicates> {
  return withPredicates(checklist.evidence, async (entry) =>
    store === undefined ? undefined : maybe(() => readAtMost(store.read(entry, { signal }), entry.size)),
  );
}

/** Asks upstream for what is good to know; a failure to ask stops nothing. */
async function maybe<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return undefined;
  }
}

const MOST_SIGNATURES = 8;

async function changedSigners(input: NoveltyInput, before: Release, now: Release): Promise<NewSigner[]> {
  const named = (release: Release) => ({ tag: release.tag, names: signatures(release).map(({ name }) => name) });
  const followers = new Map([...followedFiles(named(before), named(now))].map(([later, earlier]) => [earlier, later]));
  const signers: NewSigner[] = [];
  for (const asset of signatures(before).slice(0, MOST_SIGNATURES)) {
    const match = signatures(now).find(({ name }) => name === followers.get(asset.name));
    const [was, is] = await Promise.all([issuersOf(input, asset), match && issuersOf(input, match)]);
    // One that named no key before gives nothing to compare with.
    if (was === undefined || was.length === 0) continue;
    if (match === undefined) signers.push({ name: asset.name, before: was, now: [], gone: true });
    else if (is !== undefined && was.join() !== is.join()) signers.push({ name: match.name, before: was, now: is });
  }
  return signers;
}

function signatures({ assets }: Release): Asset[] {
  return assets.filter(({ name }) => isSignedListName(name));
}

/** Undefined where it is too large for a signature, or can't be fetched. */
async function issuersOf(input: NoveltyInput, asset: Asset): Promise<readonly string[] | undefined> {
  if (asset.size > UPSTREAM_SIGNATURE_BYTES) return undefined;
  const bytes = await maybe(() => readAsset(input, asset));
  return bytes === undefined ? undefined : (claimedIssuers(bytes) ?? []);
}
