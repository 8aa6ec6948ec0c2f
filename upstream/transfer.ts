import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitHubClient } from '../github/client.ts';
import type { Asset } from '../github/types.ts';
import { Body } from '../io/body/body.ts';
import { openDownload } from '../io/http/download/download.ts';
import { saveBody, startingOver } from '../io/http/download/download-to-file.ts';
import { readBlocks } from '../io/files/file.ts';
import { digestOf, digestsOf, hashing } from '../io/files/hash.ts';
import type { HashAlgorithm } from '../io/files/hash.ts';
import { sweep } from '../io/files/leftover.ts';
import type { Limit } from '../io/limit.ts';
import type { Progress } from '../io/progress.ts';
import type { PutRequest, Store } from '../store/store.ts';
import { assetPlace, resuming, urlPlace } from './resumed.ts';
import type { Resumed } from './resumed.ts';
import { LIST_BYTES } from '../evidence/lists/digest-list.ts';
import { checkBytes, expectedDigest } from './published-digests.ts';
import type { DigestList, PublishedDigest } from './published-digests.ts';
import type { ExternalFile } from './asset-url.ts';
import type { ChosenFile } from './choose-files.ts';
import type { PrivateHosts } from '../io/http/public-only.ts';
import type { FetchedFile } from '../ledger/new-record.ts';
import { bodyOf, readWhole } from '../io/whole-bytes.ts';

/** Files elsewhere declare no size that can be trusted: this is the most bytes they may have. */
const EXTERNAL_BYTES = 16 * 1024 ** 3;

/** Where bytes come from and where they go. */
export interface Transfer {
  readonly client: GitHubClient;
  readonly store: Pick<Store, 'put' | 'read'>;
  /** How many files are under way at once, over all tools. */
  readonly limit: Limit;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Hosts of files elsewhere that may lie at private addresses. */
  readonly privateHosts?: PrivateHosts | undefined;
  /** A folder for files whose size is known only when they are here. */
  readonly spool: string;
  /** The folder of what interrupted runs began; undefined: nothing is kept of those. */
  readonly partials?: string | undefined;
  /** `owner/repo TAG`, for progress. */
  readonly label: string;
  /** Digests that the caller wants of all bytes, beside those that evidence needs. */
  readonly also?: readonly HashAlgorithm[] | undefined;
}

export type Digests = Readonly<Partial<Record<HashAlgorithm, string>>>;

export interface Transferred {
  readonly file: FetchedFile;
  /** What was hashed of the bytes. */
  readonly digests: Digests;
}

/** With a token from the API (private files have no other way), else from the address that costs no API request. */
export function assetRequest(client: GitHubClient, asset: Asset) {
  const { authorization, limits } = client;
  const url = authorization === undefined ? asset.browserUrl : asset.apiUrl;
  return { what: asset.name, url, size: asset.size, accept: 'application/octet-stream', authorization, limits };
}

/** What must be hashed of a file's bytes, beside the SHA-256 that the store sees. */
function needed({ also = [] }: Transfer, said: readonly PublishedDigest[]): HashAlgorithm[] {
  const all = [...said.map(({ algorithm }) => algorithm), ...also];
  return [...new Set(all)].filter((algorithm) => algorithm !== 'sha256');
}

/**
 * Puts one asset into the store, its bytes checked against all that upstream said of them. Where a digest is known
 * beforehand and the store has verified bytes of it, they are not downloaded.
 */
export async function storeAsset(
  transfer: Transfer,
  asset: Asset,
  said: readonly PublishedDigest[],
): Promise<Transferred> {
  const { client, progress, label, signal, partials } = transfer;
  const { name, size } = asset;
  const task = progress.start(`${label} ${name}`, size);
  try {
    const sha256 = expectedDigest(said, 'sha256');
    const place = partials === undefined ? undefined : assetPlace(partials, client.api, asset, sha256);
    const onBytes = (count: number): void => task.advance(count);
    return await resuming(place, { ...assetRequest(client, asset), signal, onBytes }, (download) =>
      putAsset(transfer, { name, size, sha256 }, said, download),
    );
  } finally {
    task.done();
  }
}

async function putAsset(
  transfer: Transfer,
  file: PutRequest,
  said: readonly PublishedDigest[],
  { bytes, unfinished }: Resumed,
): Promise<Transferred> {
  const { store } = transfer;
  const { name, size } = file;
  let downloaded = false;
  const download = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    downloaded = true;
    yield* bytes;
  };
  const algorithms = needed(transfer, said);
  const hashed = hashing(new Body(download()), algorithms);
  const { sha256 } = await store.put({ ...file, unfinished }, hashed.body);
  const others = downloaded ? hashed.digests() : await digestsOf(store.read(sha256), algorithms);
  const digests = { ...others, sha256 };
  checkBytes(name, digests, said);
  return { file: { name, size, sha256 }, digests };
}

/** A file that lies elsewhere: its size is known only once it is here, and the store needs it beforehand. */
export async function storeExternal(
  transfer: Transfer,
  { name, url }: ExternalFile,
  said: readonly PublishedDigest[],
): Promise<Transferred> {
  const { store, spool, progress, label, signal, privateHosts = [], partials } = transfer;
  const path = join(spool, `${randomUUID()}.spool`);
  const task = progress.start(`${label} ${name}`, 0);
  try {
    let from = new URL(url);
    const request = {
      url,
      maxSize: EXTERNAL_BYTES,
      privateHosts,
      signal,
      onSource: (source: URL) => (from = source),
      onBytes: (count: number) => task.advance(count),
    };
    const place = partials === undefined ? undefined : urlPlace(partials, url, expectedDigest(said, 'sha256'));
    const { size, sha256 } = await startingOver(() =>
      resuming(place, request, ({ bytes, unfinished }) => saveBody(new Body(bytes), path, { unfinished })),
    );
    const digests = { ...(await digestsOf(readBlocks(path), needed(transfer, said))), sha256 };
    checkBytes(name, digests, said);
    await store.put({ name, size, sha256 }, readBlocks(path));
    return { file: { name, size, sha256, url, ...cameFrom(url, from) }, digests };
  } finally {
    task.done();
    // The earlier error is the one to report.
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** The last host, where redirects led to another one. */
function cameFrom(url: string, from: URL): { host?: string } {
  return from.host === new URL(url).host ? {} : { host: from.host };
}

/** A list of digests, whole in memory, checked against GitHub's digest of it. */
export async function readList({ client, signal, privateHosts = [] }: Transfer, list: ChosenFile): Promise<DigestList> {
  const request =
    list.kind === 'asset' ? assetRequest(client, list.asset) : { url: list.url, maxSize: LIST_BYTES, privateHosts };
  const bytes = await readWhole(openDownload({ ...request, signal }));
  const digest = list.kind === 'asset' ? list.asset.sha256 : undefined;
  const said: PublishedDigest[] = digest === undefined ? [] : [{ by: 'github', algorithm: 'sha256', digest }];
  checkBytes(list.name, { sha256: await digestOf(bodyOf(bytes)) }, said);
  return { name: list.name, bytes };
}

/** A list that the record is to hold too, from memory. */
export async function storeList(
  transfer: Transfer,
  file: ChosenFile,
  bytes: Uint8Array,
  said: readonly PublishedDigest[],
): Promise<Transferred> {
  const { name } = file;
  const size = bytes.length;
  const sha256 = await digestOf(bodyOf(bytes));
  const digests = { ...(await digestsOf(bodyOf(bytes), needed(transfer, said))), sha256 };
  checkBytes(name, digests, said);
  await transfer.store.put({ name, size, sha256 }, bodyOf(bytes));
  const url = file.kind === 'external' ? { url: file.url } : {};
  return { file: { name, size, sha256, ...url }, digests };
}

/** Removes what a killed run left in the spool folder a day ago or more. Never fails. */
export async function cleanSpool(spool: string): Promise<void> {
  await sweep(spool, /\.(?:spool|part)$/);
}
