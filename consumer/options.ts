import type { AddedRoot } from '../evidence/added-root.ts';
import type { FetchLimits } from '../ledger/git/process/fetch-limits.ts';
import type { Progress } from '../io/progress.ts';
import type { AssetWish } from './download/select-assets.ts';

/** Where the ledger is, what is trusted, and where bytes are read. */
export interface ConsumerOptions {
  /** A git URL (https, ssh, file, `git@host:path`) or a directory. Nothing about it is trusted. */
  readonly ledger: string;
  /** Default: `main`. */
  readonly branch?: string | undefined;
  /** The SHA-256 of any `N.policy.json`: 64 lower-case hex digits, with or without `sha256:` before them. */
  readonly pin: string;
  /** Where bytes are read, in order: `https://…`, `file:…` or a path, `s3://…`. Only `get` needs one. */
  readonly stores?: readonly string[] | undefined;
  /** The source of a tool that is named without a host. Default: `github.com`. */
  readonly host?: string | undefined;
  /** For a ledger behind https: a token that may read it; it goes nowhere else. */
  readonly token?: string | undefined;
  /** Why a token that is set isn't sent, for error messages. */
  readonly withheld?: string | undefined;
  /** How old the ledger's newest signed head may be, in milliseconds. Default: no limit. */
  readonly maxAge?: number | undefined;
  /** Ask no host: the ledger as it was last fetched, bytes from folders alone. */
  readonly offline?: boolean | undefined;
  /** The present time, by which keys and policies are judged. Default: now. */
  readonly now?: Date | undefined;
  /** Default: `$XDG_CACHE_HOME/pullthrough`. */
  readonly cacheDir?: string | undefined;
  /** Where the newest policy and commit seen are remembered. Default: `$XDG_STATE_HOME/pullthrough`. */
  readonly stateDir?: string | undefined;
  /** What one conversation with the ledger's host may cost: 1 GiB and ten minutes by default. */
  readonly limits?: FetchLimits | undefined;
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** What relative paths are relative to. Default: the current directory. */
  readonly baseDir?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly evidence?: EvidenceOptions | undefined;
}

/** What upstream itself must have signed; docs/evidence.md. */
export interface EvidenceOptions {
  /** The words of `[evidence] require[]`, as `attestation` or `minisign:KEY`: a release without it is `E_EVIDENCE`. */
  readonly require?: readonly string[] | undefined;
  /** trusted_root.json of Sigstore instances beside the public one and GitHub's. */
  readonly trustedRoots?: readonly AddedRoot[] | undefined;
}

export interface GetRequest extends AssetWish {
  /** The folder to write to. Default: the current directory. */
  readonly output?: string | undefined;
  readonly executable?: boolean | undefined;
  /** The name that the one file gets. */
  readonly as?: string | undefined;
  /** Put what is in the one archive there, and not the archive: `get --unpack`. */
  readonly unpack?: boolean | undefined;
  /** Replace other files that lie in the way, as `get --force` does. Without it they are `E_EXISTS`. */
  readonly replace?: boolean | undefined;
  /** The caller's own files, absolute paths: a release's file that would replace one is refused (`E_EXISTS`). */
  readonly keep?: readonly string[] | undefined;
  /** Files at once. Default: 4. */
  readonly concurrency?: number | undefined;
}
