import type { HttpResponse } from '../http-response.ts';

/** What an answer says about which bytes it holds. */
export interface Validator {
  /** For If-Range: a strong ETag, or a Last-Modified that is old enough to be strong. */
  readonly validator: string | undefined;
  /** The size of the whole file in bytes, where it is said. */
  readonly total: number | undefined;
}

/** The version that a 200 answers with (RFC 9110, 8.8: only strong validators can join two parts). */
export function validatorOf(answer: HttpResponse): Validator {
  const length = answer.header('content-length');
  return {
    validator: strongValidator(answer),
    total: length !== undefined && /^\d{1,16}$/.test(length) ? Number(length) : undefined,
  };
}

function strongValidator(answer: HttpResponse): string | undefined {
  const etag = answer.header('etag');
  if (etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag)) return etag;
  const modified = answer.header('last-modified');
  const date = answer.header('date');
  if (modified === undefined || date === undefined) return undefined;
  // RFC 9110, 8.8.2.2: a file that changed within this second could change again within it.
  return Date.parse(date) - Date.parse(modified) >= 1000 ? modified : undefined;
}

/** The headers that ask for the rest of a file from byte `offset` on, if it is still the same one. */
export function rangeHeaders(offset: number, validator: string): Record<string, string> {
  return { range: `bytes=${offset}-`, 'if-range': validator };
}

/** The size of the whole file that a 206 is a part of, where it is said. */
export function totalOf(answer: HttpResponse): number | undefined {
  const total = /\/(\d{1,16})$/.exec(answer.header('content-range') ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

/** Does a 206 hold exactly the rest from `offset` on, of the file as it was? */
export function isRest(answer: HttpResponse, offset: number, version: Validator): boolean {
  const found = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(answer.header('content-range') ?? '');
  if (!found) return false;
  const [first, last, total] = found.slice(1).map(Number);
  const validator = strongValidator(answer);
  return (
    first === offset &&
    total !== undefined &&
    last === total - 1 &&
    (version.total === undefined || version.total === total) &&
    (validator === undefined || validator === version.validator)
  );
}
