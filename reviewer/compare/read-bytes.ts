import { hashing } from '../../io/http/download/download.ts';
import { startingOver } from '../../io/http/download/download-to-file.ts';
import type { HashAlgorithm } from '../../io/files/hash.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { RecordedAsset } from '../../ledger-schema/record.ts';
import type { Sink } from './spool.ts';

/**
 * What a comparison came to. `same`: size and SHA-256 are the record's. `gone`: there is no such file. `failed`: it could
 * not be read, so nothing is known.
 */
export type Outcome = 'same' | 'differs' | 'gone' | 'failed';

export interface ByteComparison {
  readonly outcome: Outcome;
  readonly error?: PullthroughError;
  /** The last host that redirects led to, where it is another one. */
  readonly host?: string;
  /** Of the bytes that came, where they came whole. */
  readonly digests?: Readonly<Partial<Record<HashAlgorithm, string>>>;
}

/**
 * Reads a body to its end, keeps nothing of it except through `keep`, and compares it with the record; a hard stop at
 * size + 1. `open` is called again where the file changed while it was read. `where` begins the message, as "upstream's".
 */
export async function compareWithRecord(
  asset: RecordedAsset,
  where: string,
  open: () => AsyncIterable<Uint8Array>,
  algorithms: readonly HashAlgorithm[],
  keep?: () => Promise<Sink>,
): Promise<ByteComparison> {
  try {
    const digests = await startingOver(() => digest(asset, where, open(), algorithms, keep));
    if (digests.sha256 === asset.sha256) return { outcome: 'same', digests };
    const message = `${where} ${asset.name} has the SHA-256 ${digests.sha256}, and the record says ${asset.sha256}`;
    return { outcome: 'differs', error: new PullthroughError('E_DIGEST_MISMATCH', message, HINT), digests };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    return { outcome: outcomeOf(error), error };
  }
}

const HINT = { hint: 'these are not the bytes that were recorded: do not acknowledge it, and ask why' };

/** A failure as the outcome that it means. */
function outcomeOf(error: PullthroughError): Outcome {
  if (error.code === 'E_UPSTREAM_NOT_FOUND' || error.code === 'E_STORE_MISSING') return 'gone';
  return error.exit === 3 ? 'differs' : 'failed';
}

async function digest(
  { name, size }: RecordedAsset,
  where: string,
  body: AsyncIterable<Uint8Array>,
  algorithms: readonly HashAlgorithm[],
  keep?: () => Promise<Sink>,
): Promise<Partial<Record<HashAlgorithm, string>>> {
  const hashed = hashing(body, algorithms);
  const sink = await keep?.();
  try {
    await hashed.body.each(async (chunk) => {
      if (hashed.size() > size) fail('E_SIZE', `${where} ${name} is longer than the ${size} bytes of the record`, HINT);
      await sink?.write(chunk);
    });
  } finally {
    await sink?.end();
  }
  if (hashed.size() < size) {
    const message = `${where} ${name} has ${hashed.size()} bytes, and the record says ${size}`;
    fail('E_DIGEST_MISMATCH', message, HINT);
  }
  return hashed.digests();
}
