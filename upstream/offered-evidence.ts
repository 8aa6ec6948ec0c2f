import type { KeptList } from '../evidence/coverage.ts';
import type { SubjectFile } from '../evidence/entry.ts';
import { isListName } from '../evidence/lists/list-name.ts';
import { statementTarget } from '../evidence/names.ts';
import type { Offer } from '../evidence/offer.ts';
import { listAttestations } from '../github/attestations.ts';
import type { Attestation } from '../github/attestations.ts';
import type { GitHubClient } from '../github/client.ts';
import type { Asset, Release, Repository } from '../github/types.ts';
import { openDownload } from '../io/http/download/download.ts';
import { mapLimit } from '../io/limit.ts';
import { sha256Hex, utf8 } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { EVIDENCE_BYTES } from '../ledger-schema/evidence.ts';
import { assetRequest } from './transfer.ts';
import { readWhole } from '../io/whole-bytes.ts';

/** What upstream offers about a release, no matter who made it. */
export interface Offered {
  readonly offers: readonly Offer[];
  /** Lists of digests that the record doesn't hold. */
  readonly lists: readonly KeptList[];
  /** What was not even fetched, a sentence each. */
  readonly notes: readonly string[];
}

export interface OfferedInput {
  readonly client: GitHubClient;
  readonly repository: Repository;
  readonly release: Release;
  readonly files: readonly SubjectFile[];
  /** Opens a recorded file. */
  readonly read: (file: SubjectFile) => AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

/** The most statements that are fetched for one release; more than any has. */
const MOST = 256;
const AT_ONCE = 4;

/**
 * Asks upstream for what it signed: the attestations at its API (one request where it has a list), and the statements
 * and lists among the release's files. Nothing is verified yet. Throws what the API and downloads throw.
 */
export async function readOffered(input: OfferedInput): Promise<Offered> {
  const { client, release, files, repository } = input;
  const notes: string[] = [];
  const recorded = new Set(files.map(({ name }) => name));
  const others = release.assets.filter(({ name, state }) => state === 'uploaded' && !recorded.has(name));
  const lists = others.filter(({ name, size }) => isListName(name) && size > 0 && size <= EVIDENCE_BYTES);
  const known = new Set([...recorded, ...lists.map(({ name }) => name)]);
  const digests = [...files.map(({ sha256 }) => sha256), ...lists.flatMap(({ sha256 }) => sha256 ?? [])];
  const attestations = await listAttestations(client, repository, digests);
  const fromApi = await mapLimit(attestations.slice(0, MOST), AT_ONCE, (each) => bundleOf(each, input));

  const wanted = others.filter(({ name }) => isStatementOf(name, known)).slice(0, MOST);
  const fromAssets = await mapLimit(wanted, AT_ONCE, (asset) => assetOffer(asset, recorded, input));
  const fromFiles: Offer[] = [];
  for (const file of files.filter(({ name }) => isStatementOf(name, known))) {
    if (file.size > EVIDENCE_BYTES) {
      notes.push(tooLarge(file, recorded));
      continue;
    }
    fromFiles.push({ from: file.name, name: file.name, bytes: await readWhole(input.read(file)) });
  }
  for (const each of fromAssets) if (typeof each === 'string') notes.push(each);
  const offers = [...fromApi, ...fromFiles, ...fromAssets.filter((each) => typeof each !== 'string')];
  const needed = offers.length > 0 ? lists : [];
  return { offers, lists: await mapLimit(needed, AT_ONCE, (asset) => listOf(asset, input)), notes };
}

/** A statement about a file that is known here, or one whose contents alone say what it is about. */
function isStatementOf(name: string, known: ReadonlySet<string>): boolean {
  const target = statementTarget(name);
  return target !== undefined && (known.has(target) || /\.(?:intoto\.jsonl|sigstore\.json|sigstore)$/i.test(name));
}

async function assetOffer(asset: Asset, recorded: ReadonlySet<string>, input: OfferedInput): Promise<Offer | string> {
  const { name, size } = asset;
  if (size > EVIDENCE_BYTES) return tooLarge(asset, recorded);
  return { from: name, name, bytes: await readAsset(asset, input) };
}

/** A bundle about a recorded file can't be passed over. Throws `E_EVIDENCE`. */
function tooLarge(
  { name, size }: { readonly name: string; readonly size: number },
  recorded: ReadonlySet<string>,
): string {
  const why = `it has ${size} bytes, more than the ${EVIDENCE_BYTES} of a statement`;
  if (/\.sigstore\.json$/i.test(name) && recorded.has(statementTarget(name) ?? ''))
    fail('E_EVIDENCE', `${name}: ${why}`);
  return `${name} counts as nothing: ${why}`;
}

async function listOf(asset: Asset, input: OfferedInput): Promise<KeptList> {
  const bytes = await readAsset(asset, input);
  const sha256 = sha256Hex(bytes);
  if (asset.sha256 !== undefined && asset.sha256 !== sha256) {
    fail('E_DIGEST_MISMATCH', `the bytes of ${asset.name} are not those of GitHub's digest (sha256)`);
  }
  return { name: asset.name, sha256, bytes };
}

function readAsset(asset: Asset, { client, signal }: OfferedInput): Promise<Uint8Array> {
  return readWhole(openDownload({ ...assetRequest(client, asset), signal }));
}

/**
 * An answer's bundle: compact JSON where it stands in the answer, else the bytes that lie elsewhere, fetched without the
 * token and decoded.
 */
async function bundleOf({ bundle, bundleUrl }: Attestation, { signal }: OfferedInput): Promise<Offer> {
  const from = 'the attestation API';
  if (bundle !== undefined) return { from, bytes: utf8(JSON.stringify(bundle)) };
  const url = bundleUrl ?? fail('E_INTERNAL', 'an attestation without a bundle was kept');
  const bytes = await readWhole(openDownload({ url, maxSize: EVIDENCE_BYTES, signal })).catch((cause: unknown) => {
    if (!(cause instanceof PullthroughError) || cause.code !== 'E_SIZE') throw cause;
    return fail('E_EVIDENCE', `${from}: the bundle has more than ${EVIDENCE_BYTES} bytes`, { cause });
  });
  // `{`: it was stored uncompressed.
  if (bytes[0] === 0x7b) return { from, bytes };
  const { unsnappy } = await import('../evidence/sigstore/snappy.ts');
  return { from, bytes: unsnappy(bytes, EVIDENCE_BYTES) };
}
