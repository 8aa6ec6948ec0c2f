import type { ServerResponse } from 'node:http';
import type { Fetchable } from '../../download/select-assets.ts';
import { LIMITS } from '../limits.ts';
import type { Limits } from '../limits.ts';

/** A client must take a response at this many bytes a second on average, after its idle time's grace. */
const SLOWEST = 16 * 1024;

/** Headers of every answer. */
export const EVERY_ANSWER = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** What is said of a file even where nothing of it is sent. */
export function aboutFile({ sha256 }: Fetchable): Record<string, string> {
  return {
    etag: `"${sha256}"`,
    'accept-ranges': 'bytes',
    // A nack is seen within a minute; a cache in between asks again just as soon.
    'cache-control': 'public, max-age=60',
    'content-security-policy': "default-src 'none'; sandbox",
  };
}

/** The headers of a part of a file, or of all of it. */
export function fileHeaders(file: Fetchable, start: number, end: number): Record<string, string | number> {
  return {
    ...aboutFile(file),
    'content-type': 'application/octet-stream',
    'content-length': end - start,
    // The format's names hold neither quotes nor backslashes.
    'content-disposition': `attachment; filename="${file.name}"`,
    'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
  };
}

/** Ends a response that its client doesn't take. Whole minutes: timers of one length are cheap. */
export function limitTime(response: ServerResponse, bytes: number, { idle }: Limits): void {
  const allowed = idle + Math.ceil(bytes / SLOWEST / 60) * 60_000 * (idle / LIMITS.idle);
  const timer = setTimeout(() => response.destroy(), allowed);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}
