import { fail } from './error.ts';
import { tryLedgerPath } from './names/layout.ts';
import { encodeSumLines, parseSumLines } from './sums.ts';
import type { Sum } from './sums.ts';

/** The most bytes of a seal: some 400,000 acks. */
export const SEAL_BYTES = 128 * 1024 * 1024;

/**
 * Reads the seal of a former reviewer's key: which of its ack files still count, as lines
 * `<sha256>  packages/…/checklist.sha256.<FPR>.ack` sorted by path. Throws `E_SEAL_FORMAT`, `E_TOO_LARGE`.
 */
export function parseSeal(bytes: Uint8Array, fingerprint: string): Sum[] {
  if (bytes.length > SEAL_BYTES) fail('E_TOO_LARGE', `the seal of ${fingerprint} has more than ${SEAL_BYTES} bytes`);
  const what = `the seal of ${fingerprint}`;
  const lines = parseSumLines(bytes, 'E_SEAL_FORMAT', what);
  for (const { name } of lines) checkAckPath(name, fingerprint, what);
  return lines;
}

function checkAckPath(path: string, fingerprint: string, what: string): void {
  const parsed = tryLedgerPath(path);
  if (parsed?.kind !== 'ack' || parsed.fingerprint !== fingerprint) {
    fail('E_SEAL_FORMAT', `${what} lists something else than an ack by this key: ${path.slice(0, 120)}`);
  }
}

/** Writes a seal, sorted by path. */
export function encodeSeal(acks: readonly Sum[], fingerprint: string): Uint8Array {
  const bytes = encodeSumLines(acks);
  parseSeal(bytes, fingerprint);
  return bytes;
}
