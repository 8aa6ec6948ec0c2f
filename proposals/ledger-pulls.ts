import { ACKS_MARKER, createPull, listPulls, updatePull, upsertComment } from '../github/pulls.ts';
import type { PullQuery } from '../github/pulls.ts';
import { getRepository } from '../github/releases.ts';
import type { PullRequest } from '../github/types.ts';
import type { LedgerOnGitHub } from './context.ts';

/**
 * The pull requests of a ledger's own branches. A pull request from elsewhere isn't ours, whatever its branch is
 * called. The open ones are listed once a run.
 */
export class LedgerPulls {
  readonly #github: LedgerOnGitHub;
  readonly #base: string;
  #open: Promise<Map<string, PullRequest>> | undefined;
  #owner: Promise<string> | undefined;

  constructor(github: LedgerOnGitHub, base: string) {
    this.#github = github;
    this.#base = base;
  }

  /** The open pull request of a branch. */
  async open(branch: string): Promise<PullRequest | undefined> {
    this.#open ??= this.#list({ state: 'open' }).then((all) => new Map(all.map((pull) => [pull.headRef, pull])));
    return (await this.#open).get(branch);
  }

  /** The newest pull request that a branch ever had, open or not; the branch itself may be gone. */
  async newest(branch: string): Promise<PullRequest | undefined> {
    const all = await this.#list({ state: 'all', head: `${await this.#ownerNow()}:${branch}` });
    return all.filter((pull) => pull.headRef === branch).sort((a, b) => b.number - a.number)[0];
  }

  /** Opens a branch's pull request, or makes the one that is open already say the same. */
  async create(branch: string, title: string, body: string): Promise<PullRequest> {
    const { client, repository } = this.#github;
    const pull = await createPull(client, repository, { title, head: branch, base: this.#base, body });
    if (pull.body === body && pull.title === title) return pull;
    return updatePull(client, repository, pull.number, { title, body });
  }

  /** Comments on a proposal where its acks are listed, so that the two are never about different commits. */
  async comment(number: number, text: string): Promise<void> {
    const { client, repository } = this.#github;
    await upsertComment(client, repository, number, ACKS_MARKER, text);
  }

  /** Redirects lead to a ledger that was renamed; `head` finds nothing under its former owner. */
  async #ownerNow(): Promise<string> {
    const { client, repository } = this.#github;
    this.#owner ??= getRepository(client, repository).then(({ fullName }) => fullName.split('/')[0] ?? '');
    return this.#owner;
  }

  async #list(query: PullQuery): Promise<PullRequest[]> {
    const { client, repository } = this.#github;
    const pulls = await listPulls(client, repository, { ...query, base: this.#base });
    return pulls.filter((pull) => pull.headRepositoryId === pull.baseRepositoryId);
  }
}
