import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitHubClient } from '../github/client.ts';
import type { Asset } from '../github/types.ts';
import { downloadToFile, hashing, openDownload } from '../io/download.ts';
import type { Limit } from '../io/limit.ts';
import type { Progress } from '../io/progress.ts';
import type { Store } from '../store/store.ts';
import { LIST_BYTES } from './digest-list.ts';
import { checkBytes, expectedDigest } from './evidence.ts';
import type { DigestList, Statement } from './evidence.ts';
import type { ExternalFile } from './asset-url.ts';
import type { ChosenFile } from './files.ts';
import type { FetchedFile } from './record.ts';

/** Files elsewhere declare no size that could be believed: this many bytes are the most. */
const EXTERNAL_BYTES = 16 * 1024 ** 3;
const DAY = 86_400_000;

/** Where bytes come from and where they go. */
export interface Transfer {
  readonly client: GitHubClient;
  readonly store: Pick<Store, 'put' | 'read'>;
  /** How many files are under way at once, over all tools. */
  readonly limit: Limit;
  readonly progress: Progress;
  /** A folder for files whose size is known only when they are here. */
  readonly spool: string;
  /** `owner/repo TAG`, for progress. */
  readonly label: string;
}

export interface Transferred {
  readonly file: FetchedFile;
  /** The store had it already: nothing was downloaded. */
  readonly reused: boolean;
}

/** With a token from the API (private files have no other way), else from the address that costs no API request. */
export function assetRequest(client: GitHubClient, asset: Asset) {
  const { authorization } = client;
  const url = authorization === undefined ? asset.browserUrl : asset.apiUrl;
  return { url, size: asset.size, accept: 'application/octet-stream', authorization };
}

function needsSha512(said: readonly Statement[]): boolean {
  return said.some(({ algorithm }) => algorithm === 'sha512');
}

/**
 * One asset into the store, its bytes held against all that upstream said of them. Where a digest is known beforehand
 * and the store has verified bytes of it, they are not downloaded.
 */
export async function storeAsset(transfer: Transfer, asset: Asset, said: readonly Statement[]): Promise<Transferred> {
  const { client, store, progress, label } = transfer;
  const { name, size } = asset;
  const task = progress.start(`${label} ${name}`, size);
  try {
    let downloaded = false;
    const download = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      downloaded = true;
      yield* openDownload({ ...assetRequest(client, asset), onBytes: (count) => task.advance(count) });
    };
    const hashed = hashing(download(), needsSha512(said) ? ['sha512'] : []);
    const { sha256 } = await store.put({ name, size, sha256: expectedDigest(said, 'sha256') }, hashed.body);
    if (downloaded) checkBytes(name, { ...hashed.digests(), sha256 }, said);
    else if (needsSha512(said)) checkBytes(name, await digestsOf(store.read(sha256)), said);
    else checkBytes(name, { sha256 }, said);
    return { file: { name, size, sha256 }, reused: !downloaded };
  } finally {
    task.done();
  }
}

/** A file that lies elsewhere: its size is known only when it is here, and the store wants to know it before. */
export async function storeExternal(
  { store, spool, progress, label }: Transfer,
  { name, url }: ExternalFile,
  said: readonly Statement[],
): Promise<Transferred> {
  const path = join(spool, `${randomUUID()}.spool`);
  const task = progress.start(`${label} ${name}`, 0);
  try {
    const request = { url, maxSize: EXTERNAL_BYTES, onBytes: (count: number) => task.advance(count) };
    const { size, sha256 } = await downloadToFile(request, path);
    checkBytes(name, needsSha512(said) ? await digestsOf(createReadStream(path)) : { sha256 }, said);
    await store.put({ name, size, sha256 }, createReadStream(path));
    return { file: { name, size, sha256, url }, reused: false };
  } finally {
    task.done();
    await rm(path, { force: true });
  }
}

/** A list of digests, whole in memory, held against GitHub's digest of it. */
export async function readList({ client }: Transfer, list: ChosenFile): Promise<DigestList> {
  const request = list.kind === 'asset' ? assetRequest(client, list.asset) : { url: list.url, maxSize: LIST_BYTES };
  const chunks: Uint8Array[] = [];
  for await (const chunk of openDownload(request)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const digest = list.kind === 'asset' ? list.asset.sha256 : undefined;
  const said: Statement[] = digest === undefined ? [] : [{ by: 'github', algorithm: 'sha256', digest }];
  checkBytes(list.name, await digestsOf(chunksOf(bytes)), said);
  return { name: list.name, bytes };
}

/** A list that the record is to hold too, from memory. */
export async function storeList(
  { store }: Transfer,
  file: ChosenFile,
  bytes: Uint8Array,
  said: readonly Statement[],
): Promise<Transferred> {
  const { name } = file;
  const size = bytes.length;
  const digests = await digestsOf(chunksOf(bytes));
  checkBytes(name, digests, said);
  const { sha256 } = digests;
  await store.put({ name, size, sha256 }, chunksOf(bytes));
  const url = file.kind === 'external' ? { url: file.url } : {};
  return { file: { name, size, sha256, ...url }, reused: false };
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function digestsOf(bytes: AsyncIterable<Uint8Array>): Promise<Record<'sha256' | 'sha512', string>> {
  const hashed = hashing(bytes, ['sha256', 'sha512']);
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  for await (const _ of hashed.body);
  return hashed.digests();
}

/** Removes what a killed run left in the spool folder a day ago or more. Never fails. */
export async function cleanSpool(spool: string, now: Date): Promise<void> {
  for (const name of await readdir(spool).catch(() => [])) {
    if (!/\.(?:spool|part)$/.test(name)) continue;
    const path = join(spool, name);
    const modified = await stat(path).then(
      ({ mtime }) => mtime.getTime(),
      () => Infinity,
    );
    if (modified < now.getTime() - DAY) await rm(path, { force: true }).catch(() => undefined);
  }
}
