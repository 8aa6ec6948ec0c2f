import type { z } from 'zod';
import { brief, equalBytes, fromUtf8, utf8 } from './bytes.ts';
import { fail } from './error.ts';
import type { ErrorCode } from './error.ts';

/** Exactly the bytes that a canonical file of this value has: `JSON.stringify(value, null, 2)` and a newline, in UTF-8. */
export function canonicalJson(value: unknown): Uint8Array {
  return utf8(`${JSON.stringify(value, null, 2)}\n`);
}

export interface CanonicalForm<T> {
  readonly schema: z.ZodType<T>;
  /** Rebuilds the value with the format's order of keys. */
  readonly ordered: (value: T) => T;
  readonly code: ErrorCode;
  /** What the file is, for messages. */
  readonly what: string;
  /** The most bytes that are looked at. */
  readonly limit: number;
}

/**
 * Reads a canonical JSON file: bounded, UTF-8, of the schema without unknown keys, and exactly the bytes that writing it
 * again gives. Throws the form's code, `E_TOO_LARGE` past its limit.
 */
export function parseCanonical<T>(bytes: Uint8Array, form: CanonicalForm<T>): T {
  if (bytes.length > form.limit) fail('E_TOO_LARGE', `${form.what} has more than ${form.limit} bytes`);
  const text = fromUtf8(bytes);
  if (text === undefined) fail(form.code, `${form.what} is not UTF-8`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    fail(form.code, `${form.what} is not JSON`, { cause });
  }
  const parsed = form.schema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where =
      issue === undefined || issue.path.length === 0 ? '' : ` at ${brief(issue.path.map(String).join('.'))}`;
    fail(form.code, `${form.what} is not as the format says${where}: ${brief(issue?.message ?? 'unknown')}`);
  }
  const value = form.ordered(parsed.data);
  if (!equalBytes(canonicalJson(value), bytes)) {
    fail(form.code, `${form.what} is not canonical JSON`, {
      hint: 'its keys are in the order of the format, indented by two spaces, with one newline at the end',
    });
  }
  return value;
}
