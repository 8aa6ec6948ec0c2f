import { s3Code, s3Status } from './error.ts';

/** What an S3 server has been seen to accept. Each is learnt from a refusal, and kept for later requests. */
export interface Habits {
  /** x-amz-checksum-*: it keeps the digest of the whole object. */
  checksums: boolean;
  /** If-None-Match on a put. */
  conditions: boolean;
  /** Content-MD5 on every part, as buckets with Object Lock want it. */
  partDigests: boolean;
}

export function newHabits(): Habits {
  return { checksums: true, conditions: true, partDigests: false };
}

/** Refusals that are not about a header unknown to the server. */
const OTHER = new Set([
  'AuthorizationHeaderMalformed',
  'BadDigest',
  'EntityTooLarge',
  'ExpiredToken',
  'IllegalLocationConstraintException',
  'InvalidBucketName',
  'InvalidDigest',
  'InvalidToken',
  'RequestTimeout',
  'TokenRefreshRequired',
  'XAmzContentSHA256Mismatch',
]);

/** May the refusal be about a header? Servers answer 501 or 400, with one of many names. */
export function refusesHeader(error: unknown): boolean {
  const status = s3Status(error);
  return status === 501 || (status === 400 && !OTHER.has(s3Code(error)));
}

/** How a small object is put: the best way first, then with fewer headers. */
export function waysToPut(habits: Habits, onlyNew: boolean): { checksum: boolean; condition: boolean }[] {
  const conditions = onlyNew && habits.conditions ? [true, false] : [false];
  const checksums = habits.checksums ? [true, false] : [false];
  return checksums.flatMap((checksum) => conditions.map((condition) => ({ checksum, condition })));
}
