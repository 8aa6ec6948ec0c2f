import { z } from 'zod';

/** A primary key's v4 fingerprint. */
export const FINGERPRINT = /^[0-9A-F]{40}$/;
export const SHA256 = /^[0-9a-f]{64}$/;

/** Which ledger a policy or a record belongs to: so that nothing signed for one counts in another. */
export const ledgerId = z.string().regex(/^[0-9a-f]{32}$/);

/** `2026-01-02T03:04:05Z`: a time as the format and people write it, without parts of a second. */
export function instantText(time: Date | number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}
