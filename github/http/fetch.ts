/** The part of `fetch` that the client needs, so that tests and proxies can stand in for it. */
export type ApiFetch = (url: string, init: ApiInit) => Promise<ApiResponse>;

export interface ApiInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
  /** Redirects are followed by hand: the token must not go where they point. */
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Time as the client sees it; a test brings its own. Milliseconds. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  // If this machine's clock is put back, a wait for a limit must not become longer.
  now: () => performance.timeOrigin + performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
