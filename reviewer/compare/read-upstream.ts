import type { GitHubClient } from '../../github/client.ts';
import { getReleaseByTag, getRepository, resolveTagCommit } from '../../github/releases.ts';
import type { Release, Repository } from '../../github/types.ts';
import { finding, foundError } from '../../inspect/finding.ts';
import type { Finding, FindingName } from '../../inspect/finding.ts';
import { brief } from '../../ledger-schema/bytes.ts';
import type { Checklist } from '../../ledger-schema/checklist.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { foldAscii } from '../../ledger-schema/names/path.ts';

/** What upstream's API says of a record's release now. */
export interface UpstreamRelease {
  /** Undefined where the release is gone, can't be reached, or is another repository's. */
  readonly release: Release | undefined;
  /** Undefined where it can't be reached, or is another one. */
  readonly repository?: Repository | undefined;
  /** What isn't as the record says, or couldn't be asked. */
  readonly findings: readonly Finding[];
}

/**
 * Asks upstream for what a record claims beside its bytes: the repository's number, the release, and the commit of the
 * tag. Throws nothing that upstream could cause.
 */
export async function readUpstream(client: GitHubClient, checklist: Checklist): Promise<UpstreamRelease> {
  const { repository, repositoryId, tag, commit } = checklist;
  const findings: Finding[] = [];
  const tried = async <T>(action: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      findings.push(foundError(nameOf(error), error));
      return undefined;
    }
  };
  const found = await tried(async () => {
    const answer = await getRepository(client, repository);
    if (answer.id === repositoryId) return answer;
    return fail(
      'E_REPOSITORY_CHANGED',
      `${repository} upstream is repository ${answer.id}, and the record is of repository ${repositoryId}`,
      { hint: 'the name was given up and taken by somebody else: do not acknowledge it' },
    );
  });
  // Files of another repository, or of one that can't be asked, are nothing to compare with.
  if (found === undefined) return { release: undefined, findings };
  if (foldAscii(found.fullName) !== foldAscii(repository)) {
    const message = `upstream calls ${repository} ${found.fullName} now; it is the same repository`;
    findings.push(finding('repository-renamed', message));
  }
  const release = await tried(async () => {
    const answer = await getReleaseByTag(client, repository, tag);
    return answer ?? fail('E_UPSTREAM_NOT_FOUND', `${repository} has no release ${brief(tag)} any more`);
  });
  await tried(async () => {
    const now = await resolveTagCommit(client, repository, tag);
    if (now === commit) return;
    fail('E_UPSTREAM_DIFFERS', `the tag ${brief(tag)} points to commit ${now}, and the record says ${commit}`, {
      hint: 'upstream moved the tag after the release was recorded; ask upstream why',
    });
  });
  return { release, repository: found, findings };
}

function nameOf({ code }: PullthroughError): FindingName {
  if (code === 'E_REPOSITORY_CHANGED') return 'repository-changed';
  if (code === 'E_UPSTREAM_DIFFERS') return 'tag-moved';
  return code === 'E_UPSTREAM_NOT_FOUND' ? 'upstream-gone' : 'not-compared';
}
