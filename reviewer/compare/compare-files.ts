import type { PublishedDigest } from '../../upstream/published-digests.ts';
import { assetRequest } from '../../upstream/transfer.ts';
import type { GitHubClient } from '../../github/client.ts';
import type { Asset, Release } from '../../github/types.ts';
import { finding, foundError } from '../../inspect/finding.ts';
import type { Finding } from '../../inspect/finding.ts';
import { Body } from '../../io/body/body.ts';
import { openDownload } from '../../io/http/download/download.ts';
import type { DownloadRequest } from '../../io/http/download/download.ts';
import type { PrivateHosts } from '../../io/http/public-only.ts';
import { mapLimit } from '../../io/limit.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { RecordedAsset } from '../../ledger-schema/record.ts';
import type { PublicStore } from '../../store/public.ts';
import type { OwnUrls } from '../review-tools.ts';
import { compareWithRecord } from './read-bytes.ts';
import type { ByteComparison, Outcome } from './read-bytes.ts';
import type { KeptFetches } from './kept-fetches.ts';
import type { Spool } from './spool.ts';
import type { UpstreamStatements } from './statements.ts';

export interface ComparedFile {
  readonly recorded: RecordedAsset;
  /** The release's asset of that name. */
  readonly asset: Asset | undefined;
  readonly upstream: Outcome;
  /** The last host that its `url` led to, where it is another one. */
  readonly host?: string | undefined;
  /** Undefined where no store was looked at. */
  readonly store: Outcome | undefined;
  /** What is wrong with it. */
  readonly findings: readonly Finding[];
  /** Statements of upstream that fit the bytes which came, and observed ones that don't. */
  readonly agreed: readonly PublishedDigest[];
  readonly disagreed: readonly PublishedDigest[];
}

export interface ComparisonInput {
  readonly client: GitHubClient;
  readonly release: Release;
  readonly assets: readonly RecordedAsset[];
  readonly statements: UpstreamStatements;
  readonly store: PublicStore | undefined;
  /** Where bytes are kept while they are looked into; undefined: nowhere. */
  readonly spool?: Spool | undefined;
  /** What was fetched before, and not signed; told of each file that is taken from there. */
  readonly kept?: KeptFetches | undefined;
  readonly onKept?: (() => void) | undefined;
  /** Addresses of files elsewhere that the reviewer's own tool.ini gives. No other is asked: the record proves nothing. */
  readonly urls: OwnUrls;
  /** Default: over the network. */
  readonly openUrl?: ((request: DownloadRequest) => AsyncIterable<Uint8Array>) | undefined;
  /** Hosts of files elsewhere that may lie at private addresses. */
  readonly privateHosts?: PrivateHosts | undefined;
  /** Told of the bytes as they arrive. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Files of one proposal that are fetched at once. */
const AT_ONCE = 4;

/**
 * Fetches every file of a record again, from upstream and from the store, and compares; the bytes are hashed as they
 * arrive and never land on disk. What is wrong with a file is in its result; only an interruption is thrown.
 */
export async function compareFiles(input: ComparisonInput): Promise<ComparedFile[]> {
  return mapLimit(input.assets, AT_ONCE, (asset) => compareFile(input, asset));
}

async function compareFile(input: ComparisonInput, recorded: RecordedAsset): Promise<ComparedFile> {
  const asset = input.release.assets.find((candidate) => candidate.name === recorded.name);
  const upstream = await compareUpstream(input, recorded, asset);
  const store = await compareStore(input, recorded);
  input.signal?.throwIfAborted();
  const { name } = recorded;
  const { required, observed } = input.statements;
  const fits = ({ algorithm, digest }: PublishedDigest): boolean | undefined =>
    upstream.digests?.[algorithm] === undefined ? undefined : upstream.digests[algorithm] === digest;
  const must = [...(required.get(name) ?? []), ...ofSameName(recorded, asset)];
  const may = observed.get(name) ?? [];
  const broken = must.filter((statement) => fits(statement) === false);
  return {
    recorded,
    asset,
    upstream: broken.length > 0 ? 'differs' : upstream.outcome,
    host: upstream.host,
    store: store?.outcome,
    findings: [
      ...found(upstream, 'upstream', name),
      ...foreign(input, recorded),
      ...(store === undefined ? [] : found(store, 'store', name)),
      ...broken.map((statement) => foundError('digest-contradicted', contradiction(name, statement), [name])),
    ],
    agreed: [...must, ...may].filter(fits),
    disagreed: may.filter((statement) => fits(statement) === false),
  };
}

/** A comparison that did not come to `same`, as a finding. */
function found({ outcome, error }: ByteComparison, where: 'upstream' | 'store', file: string): Finding[] {
  if (error === undefined) return [];
  const known = outcome === 'differs' || outcome === 'gone';
  return [foundError(known ? `${where}-${outcome}` : 'not-compared', error, [file])];
}

/** A file elsewhere whose address only the record gives: there is nothing to compare it with. */
function foreign({ urls }: ComparisonInput, { name, url }: RecordedAsset): Finding[] {
  if (url === undefined || urls.get(name) === url) return [];
  const message = `${name} lies at ${new URL(url).host}, which no tool.ini of yours gives, so it can't be compared`;
  const hint = `if upstream itself says that it lies there, write it as url[] into a tool.ini of your own: ${url}`;
  return [{ ...finding('url-not-yours', message, [name]), hint: `${hint}; and name its folder with --tools` }];
}

/** GitHub's digest of the release's own file, where the record's lies elsewhere and both have one name. */
function ofSameName({ url }: RecordedAsset, asset: Asset | undefined): PublishedDigest[] {
  if (url === undefined || asset?.sha256 === undefined) return [];
  return [{ by: 'github', algorithm: 'sha256', digest: asset.sha256 }];
}

function contradiction(name: string, { list, algorithm }: PublishedDigest): PullthroughError {
  const who = list ?? "GitHub's digest";
  return new PullthroughError('E_DIGEST_MISMATCH', `the bytes of ${name} are not those of ${who} (${algorithm})`, {
    hint: 'upstream publishes two different things; ask upstream which one is right',
  });
}

async function compareUpstream(
  input: ComparisonInput,
  recorded: RecordedAsset,
  asset: Asset | undefined,
): Promise<ByteComparison> {
  const { client, statements, urls, openUrl = openDownload, onBytes, signal, privateHosts = [] } = input;
  const { name, size, url, sha256 } = recorded;
  const { spool } = input;
  const keep = spool && (() => spool.sink(sha256));
  const said = [...(statements.required.get(name) ?? []), ...(statements.observed.get(name) ?? [])];
  const needed = said.some(({ algorithm }) => algorithm === 'sha512');
  const algorithms = needed ? (['sha256', 'sha512'] as const) : (['sha256'] as const);
  if (url !== undefined) {
    // What the release itself has under that name is upstream's word too.
    if (asset !== undefined) {
      const inRelease = await compareUpstream(input, { ...recorded, url: undefined }, asset);
      if (inRelease.outcome !== 'same') return inRelease;
    }
    if (urls.get(name) !== url) return { outcome: 'failed' };
    let host: string | undefined;
    const onSource = (from: URL): string => (host = from.host);
    const open = () => openUrl({ url, maxSize: size, privateHosts, onSource, onBytes, signal });
    const compared = await compareWithRecord(recorded, "upstream's", open, algorithms, keep);
    return host === undefined || host === new URL(url).host ? compared : { ...compared, host };
  }
  if (asset === undefined) {
    const error = new PullthroughError('E_UPSTREAM_NOT_FOUND', `the release has no file ${name} any more`);
    return { outcome: 'gone', error };
  }
  if (asset.state !== 'uploaded' || asset.size !== size) {
    const is = asset.state === 'uploaded' ? `has ${asset.size} bytes` : 'is an upload that is not finished';
    const message = `upstream's ${name} ${is}, and the record says ${size} bytes`;
    return { outcome: 'differs', error: new PullthroughError('E_UPSTREAM_DIFFERS', message) };
  }
  const before = input.kept?.find({ api: client.api, asset });
  if (before !== undefined) {
    const read = (): Body => new Body(counted(before(), onBytes));
    // A damaged one is fetched.
    const compared = await compareWithRecord(recorded, 'the kept', read, algorithms, keep).catch(() => undefined);
    if (compared?.outcome === 'same') {
      input.onKept?.();
      return compared;
    }
  }
  const open = () => openDownload({ ...assetRequest(client, asset), onBytes, signal });
  return compareWithRecord(recorded, "upstream's", open, algorithms, keep);
}

async function compareStore(
  { store, onBytes, signal }: ComparisonInput,
  recorded: RecordedAsset,
): Promise<ByteComparison | undefined> {
  if (store === undefined) return undefined;
  const open = () => new Body(counted(store.read(recorded, { signal }).chunks, onBytes));
  return compareWithRecord(recorded, `the store's (${store.label})`, open, ['sha256']);
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    onBytes(chunk.length);
    yield chunk;
  }
}
