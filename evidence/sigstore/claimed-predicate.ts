import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import { memberOf, parseHostileJson } from '../bounds.ts';
import type { ComparedEntry } from '../weaker.ts';

/** Reads the bytes of an entry; undefined where they can't be had. */
export type ReadEntry = (entry: EvidenceEntry) => Promise<Uint8Array | undefined>;

/** The entries with what each bundle says, where its bytes can be read and are the entry's. Nothing is verified. */
export async function withPredicates(
  entries: readonly EvidenceEntry[] | undefined,
  read: ReadEntry,
): Promise<readonly ComparedEntry[] | undefined> {
  if (entries === undefined) return undefined;
  return Promise.all(
    entries.map(async (entry) => {
      if (entry.kind !== 'sigstore') return entry;
      const bytes = await read(entry);
      const right = bytes !== undefined && sha256Hex(bytes) === entry.sha256;
      return right ? { ...entry, predicate: claimedPredicate(bytes) } : entry;
    }),
  );
}

/** What a bundle says it is: its predicate's type, empty for a signature over a file; undefined where it can't be read. */
export function claimedPredicate(bundle: Uint8Array): string | undefined {
  try {
    const json = parseHostileJson(bundle, 'the bundle');
    const payload = memberOf(memberOf(json, 'dsseEnvelope'), 'payload');
    if (payload === undefined) return memberOf(json, 'messageSignature') === undefined ? undefined : '';
    if (typeof payload !== 'string') return undefined;
    const type = memberOf(parseHostileJson(Buffer.from(payload, 'base64'), 'the statement'), 'predicateType');
    return typeof type === 'string' ? type : undefined;
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}
