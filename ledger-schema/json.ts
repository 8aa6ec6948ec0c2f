import { z } from 'zod';
import { brief, fromUtf8, utf8 } from './bytes.ts';
import { fail } from './error.ts';
import type { ErrorCode } from './error.ts';

/** Exactly the bytes that a canonical file of this value has: `JSON.stringify(value, null, 2)` and a newline, in UTF-8. */
export function canonicalJson(value: unknown): Uint8Array {
  return utf8(canonicalText(value));
}

function canonicalText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** No file of the format is nested this deeply; a megabyte of brackets would take long to read. */
const DEPTH = 16;

/** Fewer bytes than this can't hold so many problems that collecting them all takes long. */
const MANY = 16_384;

/** The most brackets of JSON that are open at once. */
function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) quoted = !quoted;
    else if (quoted) i += char === 0x5c ? 1 : 0;
    else if (char === 0x5b || char === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (char === 0x5d || char === 0x7d) depth--;
  }
  return deepest;
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
 * Reads a canonical JSON file: bounded, UTF-8, of the schema without unknown keys, and exactly the bytes that writing
 * it out again would give. Throws the form's code, `E_TOO_LARGE` past its limit.
 */
export function parseCanonical<T>(bytes: Uint8Array, form: CanonicalForm<T>): T {
  if (bytes.length > form.limit) fail('E_TOO_LARGE', `${form.what} has more than ${form.limit} bytes`);
  const text = fromUtf8(bytes);
  if (text === undefined) fail(form.code, `${form.what} is not UTF-8`);
  if (depthOf(text) > DEPTH) fail(form.code, `${form.what} is nested too deeply`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    fail(form.code, `${form.what} is not JSON`, { cause });
  }
  const many = bytes.length > MANY;
  const problem = many ? firstProblem(form.schema, raw) : undefined;
  if (problem !== undefined) refuse(form, problem);
  const parsed = form.schema.safeParse(raw);
  const found = parsed.success || many ? undefined : firstProblem(form.schema, raw);
  if (found !== undefined) refuse(form, found);
  if (!parsed.success) refuse(form, toProblem(parsed.error) ?? { path: [], message: 'unknown' });
  const value = form.ordered(parsed.data);
  // Decoding UTF-8 loses nothing, so texts are compared as their bytes would be.
  if (canonicalText(value) !== text) {
    fail(form.code, `${form.what} is not canonical JSON`, {
      hint: 'its keys are in the order of the format, indented by two spaces, with one newline at the end',
    });
  }
  return value;
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function refuse<T>(form: CanonicalForm<T>, { path, message }: Problem): never {
  const where = path.length === 0 ? '' : ` at ${brief(path.map(String).join('.'))}`;
  return fail(form.code, `${form.what} is not as the format says${where}: ${brief(message)}`);
}

function toProblem(error: z.core.$ZodError | undefined): Problem | undefined {
  return error?.issues[0];
}

/**
 * The first thing in a list or a record that is not as the schema says. The schema itself collects every problem, which
 * takes seconds for a megabyte of wrong items.
 */
function firstProblem(schema: z.core.$ZodType, value: unknown): Problem | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (schema instanceof z.ZodOptional) return firstProblem(schema.unwrap(), value);
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    const check = checker(schema.element);
    return first(value, (item, i) => within(i, check(item)));
  }
  if (schema instanceof z.ZodRecord) {
    const [checkKey, check] = [checker(schema.keyType), checker(schema.valueType)];
    return first(Object.entries(value), ([key, item]) => within(key, checkKey(key) ?? check(item)));
  }
  if (!(schema instanceof z.ZodObject)) return undefined;
  const shape: Record<string, z.core.$ZodType> = schema.shape;
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(shape, key));
  if (unknown !== undefined) return { path: [], message: `unknown key ${brief(unknown)}` };
  const items = new Map<string, unknown>(Object.entries(value));
  return first(Object.entries(shape), ([key, child]) => within(key, checker(child)(items.get(key))));
}

/** How to look for a problem in a value: all at once where it holds a fixed number of items, else item by item. */
function checker(schema: z.core.$ZodType): (value: unknown) => Problem | undefined {
  if (hasMany(schema)) return (value) => firstProblem(schema, value);
  return (value) => toProblem(z.safeParse(schema, value).error);
}

function hasMany(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodOptional) return hasMany(schema.unwrap());
  if (schema instanceof z.ZodObject) return Object.values<z.core.$ZodType>(schema.shape).some(hasMany);
  return schema instanceof z.ZodArray || schema instanceof z.ZodRecord;
}

function first<T>(items: readonly T[], check: (item: T, i: number) => Problem | undefined): Problem | undefined {
  for (let i = 0; i < items.length; i++) {
    const problem = check(items[i] as T, i);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function within(key: PropertyKey, problem: Problem | undefined): Problem | undefined {
  return problem && { path: [key, ...problem.path], message: problem.message };
}
