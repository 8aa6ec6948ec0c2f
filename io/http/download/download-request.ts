import type { RateLimit } from '../answer-error.ts';
import type { PrivateHosts } from '../public-only.ts';
import type { RetryRules } from '../retry.ts';
import type { PaceRules } from './pace.ts';

/** Keeps the limits of one origin, so that all who ask it wait together. Both throw `E_RATE_LIMIT`. */
export interface LimitKeeper {
  readonly origin: string;
  /** Returns when the origin may be asked. */
  pass(): Promise<void>;
  /** Told of an answer that says to ask later. */
  close(limit: RateLimit): void;
}

export interface DownloadRequest {
  readonly url: string;
  /** What a person calls the file, for errors: addresses of an API say nothing. */
  readonly what?: string | undefined;
  /** The exact size in bytes that was declared: a longer body is `E_SIZE`, a shorter one is tried again. */
  readonly size?: number | undefined;
  /** Only the bytes from here on: the caller has those before, of an earlier run, and knows the digest of the whole. */
  readonly offset?: number | undefined;
  /** With `offset`: what the server called the version that those bytes are of. The rest of any other is `E_UPSTREAM_CHANGED`. */
  readonly validator?: string | undefined;
  /** Told of what the server calls the version that is being read: strong enough to join parts by; undefined where it isn't. */
  readonly onValidator?: ((validator: string | undefined) => void) | undefined;
  /** The most bytes to take where no size was declared. */
  readonly maxSize?: number | undefined;
  readonly accept?: string | undefined;
  /** An Authorization header's value for one origin (scheme, host, port); no other origin sees it. */
  readonly authorization?: { readonly origin: string; readonly value: string } | undefined;
  /**
   * Refuses addresses that are not public, except for these hosts; see {@link publicOnly}. Without it any address will
   * do: that is for hosts that the person who runs this named.
   */
  readonly privateHosts?: PrivateHosts | undefined;
  /** Told of the URL that the bytes come from, behind all redirects. */
  readonly onSource?: ((url: URL) => void) | undefined;
  /** Knows the limits of this URL's origin; without it a download does its own waiting, a minute in all. */
  readonly limits?: LimitKeeper | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of new bytes as they arrive; bytes that come twice are told once. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly retry?: RetryRules | undefined;
  /** Milliseconds without a byte after which a try is given up; 60,000 by default. */
  readonly stallMs?: number | undefined;
  /** How slow the sender may be; a minute behind 16 KiB/s by default. One that trickles is not tried again. */
  readonly pace?: PaceRules | undefined;
}
