import type { LookupFunction } from 'node:net';
import type { Body } from '../body/body.ts';

/** An answer whose body is still on its way. */
export interface HttpResponse {
  readonly status: number;
  /** A header's value by its lower-case name; several of one name are joined by commas. */
  header(name: string): string | undefined;
  /** All headers by their lower-case names, joined as above. */
  headers(): Record<string, string>;
  /** The body's bytes as they are on the wire. Throws `E_NETWORK` and `E_TIMEOUT`; leaving the loop closes it. */
  readonly body: Body;
  /** Gives the body up. */
  abandon(): void;
}

export interface GetOptions {
  /** Path and query exactly as they go on the wire, which a signature may cover; the URL's own by default. */
  readonly path?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly stallMs: number;
  /** For errors, in place of the URL. */
  readonly where?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Finds the host's addresses; the system's own look-up by default. */
  readonly lookup?: LookupFunction | undefined;
}
