import type { ProposedPolicy } from '../ledger/rotation.ts';
import { codeSpan } from '../io/escape.ts';
import type { Config } from './config.ts';
import type { CommandContext } from './context.ts';
import { tokenFrom } from './secrets.ts';

/** The pull request of a proposed policy, on GitHub; its address. Undefined for a ledger without pull requests. */
export async function proposeTrustPull(
  { ledger }: Config,
  { branch, version, changes }: ProposedPolicy,
  context: CommandContext,
): Promise<string | undefined> {
  if (ledger.location?.kind !== 'github') return undefined;
  const [{ GitHubClient }, { createPull }] = await Promise.all([
    import('../github/client.ts'),
    import('../github/pulls.ts'),
  ]);
  const token = tokenFrom(context.env, 'LEDGER_TOKEN');
  const client = new GitHubClient({ api: ledger.api, token, tokenName: 'LEDGER_TOKEN', progress: context.progress });
  const pull = await createPull(client, ledger.location.repository, {
    title: `Trust policy ${version}`,
    head: branch,
    base: ledger.branch,
    body: [
      `Policy ${version} takes the place of policy ${version - 1} when enough root holders of both have signed it:`,
      '',
      ...changes.map((change) => `- ${codeSpan(change)}`),
      '',
      'A root holder signs it by `pullthrough trust sign --gpg`.',
    ].join('\n'),
  });
  return pull.htmlUrl;
}
