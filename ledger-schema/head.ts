import { z } from 'zod';
import { concatBytes, utf8 } from './bytes.ts';
import { PullthroughError, fail, isRefusal } from './error.ts';
import { canonicalJson, parseCanonical } from './json.ts';
import { checkSign } from './record-signatures.ts';
import type { Signed } from './record-signatures.ts';
import type { Trust } from './trust.ts';

export const HEAD_FILE = 'head.json';
export const HEAD_BYTES = 4096;

/** What an executor says about the ledger's branch: it was at this commit, with this policy, at this time. */
export interface Head {
  readonly format: 1;
  readonly commit: string;
  readonly policy: { readonly version: number; readonly sha256: string };
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly issued: string;
  readonly expires: string;
}

const instant = z
  .string()
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/)
  .refine((text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text.replace('Z', '.000Z'));

const schema: z.ZodType<Head> = z.strictObject({
  format: z.literal(1),
  commit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
  policy: z.strictObject({ version: z.int().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  issued: instant,
  expires: instant,
});

function ordered({ format, commit, policy: { version, sha256 }, issued, expires }: Head): Head {
  return { format, commit, policy: { version, sha256 }, issued, expires };
}

export function encodeHead(head: Head): Uint8Array {
  return canonicalJson(ordered(head));
}

/** Throws `E_STALE` for anything but canonical JSON of a head. */
export function parseHead(bytes: Uint8Array): Head {
  return parseCanonical(bytes, { schema, ordered, code: 'E_STALE', what: HEAD_FILE, limit: HEAD_BYTES });
}

/** The name of an executor's signature over it. */
export function headSignName(fingerprint: string): string {
  return `${HEAD_FILE}.${fingerprint}.sign`;
}

/** What is signed: nothing that is signed as a head can count as anything else. */
export function headData(head: Uint8Array): Uint8Array {
  return concatBytes(utf8('pullthrough head\n'), head);
}

export interface CheckedHead {
  readonly head: Head;
  readonly signedBy: Signed;
}

/** Checks a head: one of the signatures must be by a current executor's key. Throws `E_STALE`. */
export async function checkHead(
  bytes: Uint8Array,
  signatures: readonly Uint8Array[],
  trust: Trust,
): Promise<CheckedHead> {
  const head = parseHead(bytes);
  let cause: unknown;
  for (const signature of signatures) {
    try {
      const signedBy = await checkSign(signature, headData(bytes), trust);
      if (!signedBy.former) return { head, signedBy };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      cause ??= error;
    }
  }
  const why = cause instanceof PullthroughError ? `: ${cause.message}` : '';
  return fail('E_STALE', `the ledger's head is not signed by a current executor${why}`, { cause });
}
