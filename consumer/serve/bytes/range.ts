/** The headers of a request that decide which part of a file is sent. */
export interface Conditions {
  readonly method: string;
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifMatch?: string | undefined;
}

/** What to send of a file; `end` is the last byte's position. */
export type RangeResult =
  | { readonly status: 200 }
  | { readonly status: 206; readonly start: number; readonly end: number }
  | { readonly status: 304 | 412 | 416 };

/**
 * Judges a GET or HEAD of a file of `size` bytes with the strong validator `etag` (with its quotes), in the order of RFC
 * 9110, 13.2.2. One range is served; a list of several, and what can't be read, is ignored, as 14.2 allows. There is no
 * date to compare with, so conditions by date are as if they weren't there, and an If-Range by date doesn't match.
 */
export function judge(conditions: Conditions, size: number, etag: string): RangeResult {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && !matches(ifMatch, etag, 'strong')) return { status: 412 };
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag, 'weak')) return { status: 304 };
  const { method, range, ifRange } = conditions;
  if (method !== 'GET' || range === undefined) return { status: 200 };
  if (ifRange !== undefined && ifRange.trim() !== etag) return { status: 200 };
  return parseRange(range, size);
}

/** RFC 9110, 14.1.2. */
function parseRange(range: string, size: number): RangeResult {
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,16})-(\d{0,16})\s*$/i.exec(range) ?? [];
  if (first === '' && last === '') return { status: 200 };
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { status: 416 } : { status: 206, start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return { status: 200 };
  return start >= size ? { status: 416 } : { status: 206, start, end };
}

/** Is the tag in a list of entity tags, or is it `*`? RFC 9110, 8.8.3.2. */
function matches(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  for (const [, weak, tag] of list.matchAll(/(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)) {
    if (tag === etag && (comparison === 'weak' || weak === undefined)) return true;
  }
  return false;
}
