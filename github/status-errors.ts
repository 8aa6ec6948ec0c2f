import { askedText } from './asked.ts';
import { absentText, withheldText } from './absent.ts';
import type { z } from 'zod';
import { PullthroughError, fail } from '../ledger-schema/error.ts';

/** How the API refused, where the caller knows what to do about it. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

export interface ErrorContext {
  /** The API's host and port. */
  readonly host: string;
  /** Method and path, without a query. */
  readonly what: string;
  readonly tokenName: string;
  readonly hasToken: boolean;
  /** Why a token that is set was not sent. */
  readonly withheld?: string | undefined;
}

/**
 * What a status means, to a person: what was asked for is named, never the path of an API. 401 and 403 `E_CREDENTIAL`, 404,
 * 410 and 451 `E_UPSTREAM_NOT_FOUND`, else `E_HTTP`.
 */
export function statusError(context: ErrorContext, { status, message }: Refusal): PullthroughError {
  const { host, what, tokenName, hasToken, withheld } = context;
  const said = message === '' ? '' : `: ${message}`;
  const asked = askedText(what);
  if (status === 401) {
    const refused = hasToken ? tokenName : 'a request without a token';
    return new PullthroughError('E_CREDENTIAL', `${host} refused ${refused} (401), asked to ${asked}${said}`, {
      hint: hasToken
        ? `${tokenName} has expired, was revoked, or is for another host`
        : (withheld ?? `set ${tokenName}`),
    });
  }
  if (status === 403) {
    const who = hasToken ? `${tokenName} may not` : 'nobody without a token may';
    return new PullthroughError('E_CREDENTIAL', `${who} ${asked} at ${host} (403)${said}`, {
      hint: hasToken ? `give ${tokenName} the permission, or another token` : (withheld ?? `set ${tokenName}`),
    });
  }
  if (status === 451) {
    return new PullthroughError('E_UPSTREAM_NOT_FOUND', `${withheldText(host, what)}${said}`, {
      hint: 'it was taken down, or may not be shown where this runs: ask there',
    });
  }
  if (isAbsent(status)) {
    return new PullthroughError('E_UPSTREAM_NOT_FOUND', `${absentText(host, what)}${said}`, {
      hint: hasToken
        ? `look at the name, and whether ${tokenName} may read it`
        : (withheld ?? `look at the name; a private repository needs ${tokenName}`),
    });
  }
  return new PullthroughError('E_HTTP', `${host} answered ${String(status)}, asked to ${asked}${said}`, {
    hint: status >= 500 ? 'the server has a problem; run again later' : undefined,
  });
}

/** Not there, gone, or taken down. */
export function isAbsent(status: number): boolean {
  return status === 404 || status === 410 || status === 451;
}

/** Parses and checks an answer. Throws `E_UPSTREAM_ANSWER`, which says where in it something is wrong. */
export function parseAnswer<T>(
  context: Pick<ErrorContext, 'host' | 'what'>,
  body: Uint8Array,
  schema: z.ZodType<T>,
): T {
  const { host, what } = context;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    fail('E_UPSTREAM_ANSWER', `${host} did not answer with JSON, asked to ${askedText(what)}`, {
      cause,
      hint: 'is `api` the address of an API?',
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? '' : ` (${issue.path.map(String).join('.')}: ${issue.message})`.slice(0, 200);
  fail('E_UPSTREAM_ANSWER', `${host} answered something unexpected, asked to ${askedText(what)}${where}`);
}

/** What an error's body says, bounded, a line for each of its lines; empty where it says nothing. */
export function messageOf(body: Uint8Array): string {
  if (body.length > 65536) return '';
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return ''; // a proxy's page, or an answer that was cut off
  }
  if (typeof value !== 'object' || value === null) return '';
  const { message, errors } = value as { message?: unknown; errors?: unknown };
  const parts = [message, ...(Array.isArray(errors) ? errors.map(detailOf) : [])];
  return parts
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split(/[\r\n]+/).map((line) => line.trim()))
    .filter((line) => line !== '')
    .join('\n')
    .slice(0, 600);
}

function detailOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
}

/** The address of `rel="next"` in a Link header (RFC 8288, as GitHub writes it). */
export function nextLink(link: string | undefined): string | undefined {
  return link === undefined ? undefined : /<([^<>]{1,2048})>; rel="next"/.exec(link)?.[1];
}
