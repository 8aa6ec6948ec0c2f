import type { SourceConfig } from '../upstream/source-config.ts';
import type { AddedRoot } from '../evidence/added-root.ts';
import type { Signer } from '../ledger/signing/signer.ts';
import type { Store } from '../store/store.ts';
import type { ProposalContext } from '../proposals/context.ts';

/** What every command of the executor works on. */
export interface ExecutorContext extends ProposalContext {
  /** The folder of mirror.ini; tool definitions lie below it. */
  readonly root: string;
  /** `[source]` of mirror.ini. */
  readonly source: SourceConfig;
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--cache`, or `$XDG_CACHE_HOME/pullthrough`. */
  readonly cacheDir: string;
  /** `[evidence] trusted-root[]`, beside the roots that the package carries. */
  readonly trustedRoots?: readonly AddedRoot[] | undefined;
}

/** Who signs records and writes commits. */
export interface Signing {
  readonly signer: Signer;
  readonly author: { readonly name: string; readonly email: string };
}

/** A hook that is told a name between any two steps of a run; tests end the process there. */
export type Checkpoint = (name: string) => Promise<void> | void;
