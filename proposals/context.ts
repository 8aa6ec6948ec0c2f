import type { GitHubClient } from '../github/client.ts';
import type { Progress } from '../io/progress.ts';
import type { LedgerRepository } from '../ledger/git/repository.ts';
import type { MemoryFile } from '../ledger/view/memory.ts';

export interface LedgerOnGitHub {
  /** With LEDGER_TOKEN. */
  readonly client: GitHubClient;
  /** `owner/repo`. */
  readonly repository: string;
}

/** The ledger, and where its changes are proposed. */
export interface ProposalContext {
  /** Opened with all its branches. */
  readonly ledger: LedgerRepository;
  /** `[source]`: the host that OWNER/REPO@TAG belongs to. */
  readonly source: { readonly host: string };
  /** `[ledger] branch`. */
  readonly branch: string;
  /** The ledger on GitHub, where a pull request belongs to each proposal. */
  readonly github?: LedgerOnGitHub | undefined;
  /** What was seen of the ledger before. */
  readonly memory: MemoryFile;
  /** `[trust] pin`: 64 hex digits. */
  readonly pin?: string | undefined;
  /** The present time, the same for the whole run. */
  readonly now: Date;
  readonly progress: Progress;
  /** Ends the run: nothing more is begun, and downloads stop where they are. */
  readonly signal?: AbortSignal | undefined;
}

/** Gitea and Forgejo have the pull request API that is used here, except for merging, which is done with git there. */
export function mergesByGit({ github }: Pick<ProposalContext, 'github'>): boolean {
  return github === undefined || /\/api\/v1$/.test(github.client.api);
}
