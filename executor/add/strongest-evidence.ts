import { isProvenance, isReleasePredicate } from '../../evidence/sigstore/predicate.ts';
import { answers, isSigned, parseRequirement, wordOf } from '../../evidence/require.ts';
import { filesToCover } from '../../evidence/names.ts';
import type { Subject, VerifiedStatement } from '../../evidence/entry.ts';
import type { GitHubClient } from '../../github/client.ts';
import { resolveTagCommit } from '../../github/releases.ts';
import type { Release, Repository } from '../../github/types.ts';
import { openDownload } from '../../io/http/download/download.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { readOffered } from '../../upstream/offered-evidence.ts';
import { assetRequest } from '../../upstream/transfer.ts';
import type { ExecutorContext } from '../context.ts';

/** Which of the possible requirements a release meets. */
export interface MetEvidence {
  /** Words of `require[]`, the strongest first. */
  readonly words: readonly string[];
  /** Why nothing could be found out. */
  readonly problem?: string;
}

/** A signature over a larger file is not looked at: nothing is to be downloaded for a look. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Finds the strongest requirements that a release meets, by its attestations and small files alone. Throws nothing that
 * upstream could cause: what can't be told is a problem in words.
 */
export async function strongestEvidence(
  context: Pick<ExecutorContext, 'trustedRoots'>,
  client: GitHubClient,
  { source, repository, release }: { source: string; repository: Repository; release: Release },
): Promise<MetEvidence> {
  try {
    const files = release.assets.flatMap(({ name, size, sha256 }) =>
      sha256 === undefined ? [] : [{ name, size, sha256 }],
    );
    if (files.length === 0 || files.length < release.assets.length) return { words: [] };
    const read = ({ name, size }: { readonly name: string; readonly size: number }) => {
      const asset = release.assets.find((each) => each.name === name);
      if (asset === undefined || size > LARGEST) fail('E_EVIDENCE', `${name} is too large to look at`);
      return openDownload(assetRequest(client, asset));
    };
    const offered = await readOffered({ client, repository, release, files, read });
    if (offered.offers.length === 0) return { words: [] };
    const commit = await resolveTagCommit(client, repository.fullName, release.tag);
    const { id: repositoryId, fullName } = repository;
    const subject = { source, repository: fullName, repositoryId, tag: release.tag, commit, files };
    const [{ collectEvidence }, { loadRoots }] = await Promise.all([
      import('../../evidence/collect.ts'),
      import('../../evidence/roots.ts'),
    ]);
    const { statements } = await collectEvidence({
      subject,
      offers: offered.offers,
      lists: offered.lists,
      keys: { openpgp: [], publicKeys: [], minisign: [] },
      roots: loadRoots(context.trustedRoots),
      requirements: [],
      keep: 'all',
      read,
    });
    return { words: wordsOf(statements, subject) };
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return { words: [], problem: error.message };
  }
}

/** The words that cover every file that is not a statement itself. */
function wordsOf(statements: readonly VerifiedStatement[], subject: Subject): string[] {
  const words = new Set(statements.flatMap((statement) => wordFor(statement, subject) ?? []));
  const files = filesToCover(subject.files);
  return [...words].filter((word) => {
    const requirement = parseRequirement(word, (glob) => glob);
    if (!isSigned(requirement)) return false;
    const mine = statements.filter((statement) => answers(statement, requirement, subject.source));
    const covered = new Set(mine.flatMap((statement) => statement.files));
    return files.every(({ name }) => covered.has(name));
  });
}

/** The narrowest word for a statement that the next release can meet as well. */
function wordFor(
  { predicate, signer, issuer, sourceRepository }: VerifiedStatement,
  { source }: Subject,
): string | undefined {
  if (isReleasePredicate(predicate)) return 'release-attestation';
  if (isProvenance(predicate)) {
    const [, repository = '', path] =
      /^https:\/\/[^/]+\/([^/]+\/[^/]+)\/(\.github\/workflows\/[^@]+)@/.exec(signer) ?? [];
    if (path === undefined) return 'attestation';
    const own = sourceRepository === `https://${source}/${repository}`;
    return wordOf({ kind: 'attestation', workflow: path, ...(own ? {} : { repository }) });
  }
  // A workflow's identity holds the tag, which the next release doesn't have.
  if (issuer === undefined || signer.includes('@refs/')) return undefined;
  return wordOf({ kind: 'sigstore', issuer, identity: signer });
}
