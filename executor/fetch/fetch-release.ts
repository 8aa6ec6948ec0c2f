import type { Release } from '../../github/types.ts';
import { mapShared } from '../../io/limit.ts';
import type { Run } from '../open-run.ts';
import { evidenceLists, statementsOf } from '../../upstream/published-digests.ts';
import type { DigestList, PublishedDigest } from '../../upstream/published-digests.ts';
import type { ChosenFile } from '../../upstream/choose-files.ts';
import type { FetchedFile } from '../../ledger/new-record.ts';
import type { Requirement } from '../../upstream/tool-definition.ts';
import { readList, storeAsset, storeExternal, storeList } from '../../upstream/transfer.ts';
import type { Digests, Transfer, Transferred } from '../../upstream/transfer.ts';

export interface Fetched {
  readonly files: readonly FetchedFile[];
  readonly statements: ReadonlyMap<string, readonly PublishedDigest[]>;
  /** What was hashed of each file. */
  readonly digests: ReadonlyMap<string, Digests>;
}

/**
 * Brings every file of a release into the store, after the evidence that the tool requires was read. Throws
 * `E_EVIDENCE`, `E_DIGEST_MISMATCH`, and as `openDownload` and `Store.put` do; then nothing of the release may be
 * recorded.
 */
export async function fetchRelease(
  { checkpoint }: Pick<Run, 'checkpoint'>,
  transfer: Transfer,
  release: Release,
  files: readonly ChosenFile[],
  evidence: readonly Requirement[],
): Promise<Fetched> {
  const wanted = evidenceLists(evidence, files, release);
  const lists = await mapShared(wanted, transfer.limit, (list) => readList(transfer, list));
  const beside = release.assets.map(({ name }) => name);
  const statements = statementsOf(evidence, files, lists, beside);
  const stored = await mapShared(files, transfer.limit, async (file) => {
    const result = await storeFile(transfer, file, statements.get(file.name) ?? [], lists);
    await checkpoint('stored');
    return result;
  });
  return {
    files: stored.map(({ file }) => file),
    statements,
    digests: new Map(stored.map(({ file, digests }) => [file.name, digests])),
  };
}

function storeFile(
  transfer: Transfer,
  file: ChosenFile,
  said: readonly PublishedDigest[],
  lists: readonly DigestList[],
): Promise<Transferred> {
  const list = lists.find(({ name }) => name === file.name);
  if (list !== undefined) return storeList(transfer, file, list.bytes, said);
  return file.kind === 'asset' ? storeAsset(transfer, file.asset, said) : storeExternal(transfer, file, said);
}
