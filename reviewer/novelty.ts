import { Holdings } from '../ledger/record-index.ts';
import { comparableTags, compareRecords } from '../proposals/compare-records.ts';
import type { Comparison } from '../proposals/compare-records.ts';
import { followedFiles } from '../proposals/versionless.ts';
import type { GitHubClient } from '../github/client.ts';
import { getReleaseByTag } from '../github/releases.ts';
import type { Asset, Release } from '../github/types.ts';
import { readRecordFiles } from '../ledger/files.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { verifyRecord } from '../ledger-schema/record.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
import { tagBeginning } from '../ledger-schema/versions/version.ts';
import { UPSTREAM_SIGNATURE_BYTES, claimedIssuers } from './compare/claimed-issuers.ts';
import { readAsset } from './compare/statements.ts';
import type { LedgerView } from '../ledger/view/view.ts';

/** A file whose uploader isn't among those of the release before. */
export interface NewUploader {
  readonly name: string;
  readonly uploader: string;
}

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
export interface Novelty extends Comparison {
  /** The record before. */
  readonly record: string;
  /** `other`: the tool has no acknowledged record whose tag begins like this one. */
  readonly series: 'same' | 'other';
  /** Undefined where upstream no longer has the release before, or it could not be asked. */
  readonly uploaders: { readonly before: readonly string[]; readonly changed: readonly NewUploader[] } | undefined;
  readonly signers: readonly NewSigner[];
}

/** The most records of a tool that are looked at for an acknowledged one. */
const MOST_TRIED = 64;

/**
 * The acknowledged record of the same tool to compare with: of the next lower version, else of the next higher one, else
 * one of another series of tags. Undefined where the tool has none.
 */
export async function findPrevious(
  { snapshot, trust }: LedgerView,
  record: RecordStatus,
): Promise<RecordStatus | undefined> {
  const recorded = await new Holdings(snapshot, Promise.resolve(trust)).find(record.checklist);
  const { tag } = record.checklist;
  for (const other of comparableTags(tag, recorded?.records.keys() ?? []).slice(0, MOST_TRIED)) {
    const path = recorded?.records.get(other);
    if (path === undefined) continue;
    try {
      const status = await verifyRecord(await readRecordFiles(snapshot, path), trust);
      if (status.state === 'acknowledged') return status;
    } catch (error) {
      // A record that can't be read is no use for comparison; the one before it may be.
      if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    }
  }
  return undefined;
}

export interface NoveltyInput {
  readonly previous: RecordStatus;
  readonly record: RecordStatus;
  readonly client: GitHubClient;
  /** The record's release; undefined where it is gone. */
  readonly release: Release | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Compares a record with the one before it: by both records, and by what upstream says of both releases. */
export async function readNovelty(input: NoveltyInput): Promise<Novelty> {
  const { previous, record, release, client } = input;
  const of = ({ checklist }: RecordStatus) => checklist;
  const series: Novelty['series'] =
    tagBeginning(previous.checklist.tag) === tagBeginning(record.checklist.tag) ? 'same' : 'other';
  const comparison = { ...compareRecords(of(previous), of(record)), record: previous.path, series };
  const { repository, tag } = previous.checklist;
  const before = release === undefined ? undefined : await maybe(() => getReleaseByTag(client, repository, tag));
  if (release === undefined || before === undefined) return { ...comparison, uploaders: undefined, signers: [] };
  const { assets } = record.checklist;
  const names = new Set(assets.map(({ name }) => name));
  const uploaders = new Set(before.assets.flatMap(({ uploader }) => uploader ?? []));
  const changed = release.assets.flatMap(({ name, uploader }): NewUploader[] =>
    names.has(name) && uploader !== undefined && !uploaders.has(uploader) ? [{ name, uploader }] : [],
  );
  return {
    ...comparison,
    uploaders: { before: [...uploaders].sort(), changed },
    signers: await changedSigners(input, before, release),
  };
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

/** The signature of a list of digests, by its name: SHA256SUMS.asc, tool_1.2_checksums.txt.sig. */
const SIGNED_LIST =
  /(?:^|[._-])(?:checksums?|sha-?(?:256|512)(?:sums?)?)(?:[._-][^/]*)?\.(?:asc|sig|sign|gpg|minisig)$/i;
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
  return assets.filter(({ name }) => SIGNED_LIST.test(name));
}

/** Undefined where it is too large for a signature, or can't be fetched. */
async function issuersOf(input: NoveltyInput, asset: Asset): Promise<readonly string[] | undefined> {
  if (asset.size > UPSTREAM_SIGNATURE_BYTES) return undefined;
  const bytes = await maybe(() => readAsset(input, asset));
  return bytes === undefined ? undefined : (claimedIssuers(bytes) ?? []);
}
