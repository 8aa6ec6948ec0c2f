import type { GitHubClient } from '../github/client.ts';
import type { Progress } from '../io/progress.ts';
import type { LedgerRepository } from '../ledger/repository.ts';
import type { Signer } from '../ledger/signer.ts';
import type { Store } from '../store/store.ts';

/** What every command of the executor works on. */
export interface ExecutorContext {
  /** The folder of mirror.ini; tool definitions lie below it. */
  readonly root: string;
  /** `[source]`: the API's base, and the host that records name. */
  readonly source: { readonly api: string; readonly host: string };
  /** Opened with all its branches. */
  readonly ledger: LedgerRepository;
  /** `[ledger] branch`. */
  readonly branch: string;
  /** The ledger on GitHub, where a pull request belongs to each proposal. */
  readonly github?: LedgerOnGitHub | undefined;
  readonly store: Store;
  /** `[trust] pin`: 64 hex digits. */
  readonly pin?: string | undefined;
  /** The present time, the same for the whole run. */
  readonly now: Date;
  readonly progress: Progress;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--cache`, or `$XDG_CACHE_HOME/pullthrough`. */
  readonly cacheDir: string;
  /** Ends the run: nothing more is begun, and downloads stop where they are. */
  readonly signal?: AbortSignal | undefined;
}

export interface LedgerOnGitHub {
  /** With LEDGER_TOKEN. */
  readonly client: GitHubClient;
  /** `owner/repo`. */
  readonly repository: string;
}

/** Who signs records and writes commits. */
export interface Signing {
  readonly signer: Signer;
  readonly author: { readonly name: string; readonly email: string };
}

/** A name that a hook is told between each two steps of a run; tests end the process there. */
export type Checkpoint = (name: string) => Promise<void> | void;
