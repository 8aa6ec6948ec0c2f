import type { PrivateHosts } from '../io/http/public-only.ts';

/** `[source]` of mirror.ini. */
export interface SourceConfig {
  /** The API's base. */
  readonly api: string;
  /** The host that records name. */
  readonly host: string;
  /** `allow-private[]`: hosts of `url[]`, and of their redirects, that may lie at addresses which aren't public. */
  readonly privateHosts?: PrivateHosts | undefined;
}
