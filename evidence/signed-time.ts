import type { VerifiedStatement } from './entry.ts';

/**
 * When the first of a release's statements was signed, by a log or a timestamp authority; undefined where none was. The other
 * kinds say what their signers want them to, and a time that is still to come says only that a clock is wrong.
 */
export function firstSigned(statements: readonly VerifiedStatement[], now: Date): Date | undefined {
  const times = statements
    .flatMap(({ kind, signedAt }) => (kind === 'sigstore' && signedAt !== undefined ? [Date.parse(signedAt)] : []))
    .filter((time) => time <= now.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
