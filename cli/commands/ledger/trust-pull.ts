import { createPull } from '../../../github/pulls.ts';
import { codeSpan } from '../../../io/escape.ts';
import type { ProposedPolicy } from '../../../ledger/policy/rotation.ts';
import type { ReviewerContext } from '../../../reviewer/context.ts';
import { referenceTo } from '../../../proposals/pull-reference.ts';
import type { PullReference } from '../../../proposals/pull-reference.ts';

/** Opens the pull request of a proposed policy, on GitHub. Undefined for a ledger without pull requests. */
export async function proposeTrustPull(
  { github, branch: base }: ReviewerContext,
  { branch, version, changes }: ProposedPolicy,
): Promise<PullReference | undefined> {
  if (github === undefined) return undefined;
  const pull = await createPull(github.client, github.repository, {
    title: `Trust policy ${version}`,
    head: branch,
    base,
    body: [
      `Policy ${version} replaces policy ${version - 1} when enough root holders of both have signed it:`,
      '',
      ...changes.map((change) => `- ${codeSpan(change)}`),
      '',
      'A root holder signs it with `pullthrough trust sign --gpg`.',
    ].join('\n'),
  });
  return referenceTo(pull);
}
