import { GITHUB_API } from '../../../io/http/api-url.ts';
import type { Progress } from '../../../io/progress.ts';
import type { LedgerLocation } from './location.ts';
import { tokenFor } from '../secrets.ts';
import type { Environment } from '../../../io/environment.ts';

export interface LedgerUrlOptions {
  /** `[ledger] api` */
  readonly api: string;
  readonly env: Environment;
  readonly progress: Progress;
}

/**
 * The URL that git gets: for a repository on github.com its own, without asking; for one on another server the clone_url
 * that its API gives; cli.md, "Configuration". Octokit is loaded for that alone. Throws what the API's client throws.
 */
export async function ledgerUrl(location: LedgerLocation, options: LedgerUrlOptions): Promise<string> {
  switch (location.kind) {
    case 'directory':
      return location.path;
    case 'git':
      return location.url;
    case 'github': {
      if (options.api === GITHUB_API) return `https://github.com/${location.repository}.git`;
      const [{ GitHubClient }, { getRepository }] = await Promise.all([
        import('../../../github/client.ts'),
        import('../../../github/releases.ts'),
      ]);
      const { api, env, progress } = options;
      const access = tokenFor(env, 'LEDGER_TOKEN', api);
      const client = new GitHubClient({ api, ...access, tokenName: 'LEDGER_TOKEN', progress });
      return (await getRepository(client, location.repository)).cloneUrl;
    }
  }
}
