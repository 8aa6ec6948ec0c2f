import { splitOffer } from '../../evidence/offer.ts';
import { getRepository } from '../../github/releases.ts';
import type { Release } from '../../github/types.ts';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import type { RecordStatus } from '../../ledger-schema/record.ts';
import { readOffered } from '../../upstream/offered-evidence.ts';
import type { Tool } from '../../upstream/tools.ts';
import type { Transfer } from '../../upstream/transfer.ts';
import { readRecorded, storeEvidence } from '../fetch/release-evidence.ts';

export interface LostEvidence {
  readonly tool: Tool;
  readonly transfer: Transfer;
  readonly record: RecordStatus;
  /** What the store no longer has. */
  readonly lost: readonly EvidenceEntry[];
  readonly release: Release;
}

/**
 * Asks upstream for evidence that the store lost, and keeps what has the recorded digest; keys come from beside the
 * tool.ini. Throws `E_UPSTREAM_NOT_FOUND` where upstream doesn't offer all of it any more.
 */
export async function restockEvidence({ tool, transfer, record, lost, release }: LostEvidence): Promise<void> {
  const { client, signal } = transfer;
  const repository = await getRepository(client, tool.repository);
  const files = record.assets;
  const read = (file: (typeof files)[number]) => readRecorded(transfer, release, file);
  const offered = await readOffered({ client, repository, release, files, read, signal });
  const parts = offered.offers.flatMap((offer) =>
    splitOffer(offer).flatMap((part) => ('bytes' in part ? [part.bytes] : [])),
  );
  const all = [...parts, ...offered.lists.map(({ bytes }) => bytes), ...(tool.keys ?? []).map(({ bytes }) => bytes)];
  const bytes = new Map(all.map((each) => [sha256Hex(each), each]));
  const found = lost.filter(({ sha256 }) => bytes.has(sha256));
  await storeEvidence(transfer.store, { entries: found, bytes });
  const missing = lost.find(({ sha256 }) => !bytes.has(sha256));
  if (missing === undefined) return;
  fail('E_UPSTREAM_NOT_FOUND', `upstream does not offer the ${missing.kind} statement ${missing.sha256} any more`, {
    hint: 'ask other holders of the record for it; its files are not affected',
  });
}
