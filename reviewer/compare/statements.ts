import { LIST_BYTES, parseDigestList } from '../../evidence/lists/digest-list.ts';
import { isListName } from '../../evidence/lists/list-name.ts';
import { checkEvidenceIsThere, evidenceLists, statementsOf } from '../../upstream/published-digests.ts';
import type { DigestList, PublishedDigest } from '../../upstream/published-digests.ts';
import { assetRequest } from '../../upstream/transfer.ts';
import type { ChosenFile } from '../../upstream/choose-files.ts';
import type { Requirement } from '../../upstream/tool-definition.ts';
import type { GitHubClient } from '../../github/client.ts';
import type { Asset, Release } from '../../github/types.ts';
import { finding, foundError } from '../../inspect/finding.ts';
import type { Finding } from '../../inspect/finding.ts';
import { openDownload } from '../../io/http/download/download.ts';
import type { PrivateHosts } from '../../io/http/public-only.ts';
import { mapLimit } from '../../io/limit.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { OwnUrls } from '../review-tools.ts';
import type { RecordedAsset } from '../../ledger-schema/record.ts';
import { readWhole } from '../../io/whole-bytes.ts';

type ByName = ReadonlyMap<string, readonly PublishedDigest[]>;

/** What upstream says of a record's files beside their bytes. */
export interface UpstreamStatements {
  /** GitHub's digests, and what the `require[]` of a tool.ini here asks for: a file that doesn't fit differs. */
  readonly required: ByName;
  /** Of lists that look like lists of digests. A name in one may be another file's, so they only make a warning. */
  readonly observed: ByName;
  /** Evidence that `require[]` asks for and that isn't there, or lists that can't be fetched. */
  readonly findings: readonly Finding[];
}

export interface StatementInput {
  readonly client: GitHubClient;
  readonly release: Release;
  readonly assets: readonly RecordedAsset[];
  /** Of the tool's tool.ini, where one is here. */
  readonly evidence: readonly Requirement[];
  /** Addresses of files elsewhere that the reviewer's own tool.ini gives: no other is asked. */
  readonly urls: OwnUrls;
  /** Hosts of files elsewhere that may lie at private addresses. */
  readonly privateHosts?: PrivateHosts | undefined;
  readonly signal: AbortSignal | undefined;
}

const MOST_LISTS = 64;
const AT_ONCE = 4;

/** Reads what upstream says. What upstream could cause is in the result; only an interruption is thrown. */
export async function readStatements(input: StatementInput): Promise<UpstreamStatements> {
  const { release, evidence } = input;
  const files = input.assets.flatMap((recorded): ChosenFile[] => {
    const { name, url } = recorded;
    if (url !== undefined && input.urls.get(name) === url) return [{ kind: 'external', name, url }];
    const asset = release.assets.find((candidate) => candidate.name === name);
    return asset === undefined ? [] : [{ kind: 'asset', name, asset }];
  });
  const { required, findings: missing } = await readRequired(input, files);
  const asked = new Set(evidenceLists(evidence, files, release).map(({ name }) => name));
  const lists = release.assets.filter(
    ({ name, size, state }) => isListName(name) && !asked.has(name) && size <= LIST_BYTES && state === 'uploaded',
  );
  const findings: Finding[] = [...missing];
  const observed = new Map<string, PublishedDigest[]>();
  const read = await mapLimit(lists.slice(0, MOST_LISTS), AT_ONCE, async (asset) => {
    try {
      return { name: asset.name, bytes: await readAsset(input, asset) };
    } catch (error) {
      if (!isOurs(error, input)) throw error;
      const message = `${asset.name}, which looks like a list of digests, could not be read: ${error.message}`;
      findings.push(finding('list-unread', message, [asset.name]));
      return undefined;
    }
  });
  for (const list of read) if (list !== undefined) observe(list, namesOf(release), observed);
  return { required, observed, findings };
}

function namesOf({ assets }: Release): string[] {
  return assets.map(({ name }) => name);
}

async function readRequired(
  input: StatementInput,
  files: readonly ChosenFile[],
): Promise<Pick<UpstreamStatements, 'required' | 'findings'>> {
  const { evidence, release } = input;
  try {
    checkEvidenceIsThere(evidence, files, release);
    const lists = await mapLimit(evidenceLists(evidence, files, release), AT_ONCE, async (list) => ({
      name: list.name,
      bytes: await (list.kind === 'asset' ? readAsset(input, list.asset) : readUrl(input, list.url)),
    }));
    return { required: statementsOf(evidence, files, lists, namesOf(release)), findings: [] };
  } catch (error) {
    if (!isOurs(error, input)) throw error;
    const name = error.code === 'E_EVIDENCE' ? 'evidence-missing' : 'not-compared';
    return { required: statementsOf([], files, []), findings: [foundError(name, error)] };
  }
}

function isOurs(error: unknown, { signal }: StatementInput): error is PullthroughError {
  return error instanceof PullthroughError && signal?.aborted !== true;
}

function observe(
  { name: list, bytes }: DigestList,
  names: readonly string[],
  observed: Map<string, PublishedDigest[]>,
): void {
  for (const [name, digests] of parseDigestList(bytes, list, names)) {
    if (name === list) continue;
    const said = (['sha256', 'sha512'] as const).flatMap((algorithm) =>
      [...digests[algorithm]].map((digest): PublishedDigest => ({ by: 'list', list, algorithm, digest })),
    );
    observed.set(name, [...(observed.get(name) ?? []), ...said]);
  }
}

/** A small asset, whole in memory. */
export async function readAsset(
  { client, signal }: Pick<StatementInput, 'client' | 'signal'>,
  asset: Asset,
): Promise<Uint8Array> {
  return readWhole(openDownload({ ...assetRequest(client, asset), signal }));
}

function readUrl({ signal, privateHosts = [] }: StatementInput, url: string): Promise<Uint8Array> {
  return readWhole(openDownload({ url, maxSize: LIST_BYTES, privateHosts, signal }));
}
