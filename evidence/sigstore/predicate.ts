import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { Subject } from '../entry.ts';
import type { SignedBundle } from './sigstore.ts';
import type { Statement } from './statement.ts';

/** GitHub's own attestation of an immutable release. */
const RELEASE = /^https:\/\/in-toto\.io\/attestation\/release\/v0\.[12]$/;
const PROVENANCE = /^https:\/\/slsa\.dev\/provenance\/v(?:0\.2|1)$/;
const RELEASE_SIGNER = 'https://dotcom.releases.github.com';
const ACTIONS_ISSUER = 'https://token.actions.githubusercontent.com';

export function isReleasePredicate(predicate: string | undefined): boolean {
  return predicate !== undefined && RELEASE.test(predicate);
}

export function isProvenance(predicate: string | undefined): boolean {
  return predicate !== undefined && PROVENANCE.test(predicate);
}

/** The forge's own issuer of workflow identities. */
export function forgeIssuer(source: string): string {
  return source === 'github.com' ? ACTIONS_ISSUER : `https://${source}/_services/token`;
}

/**
 * Why a verified statement is not about this release; undefined where it is. `foreign`: it is a true statement about
 * something else, another repository or another release; one that is merely offered refuses nothing.
 */
export type Misfit = { readonly why: string; readonly foreign: boolean } | undefined;

/** Checks a statement's predicate against the record; docs/evidence.md, "What verifying means", 4 and 5. */
export function misfitOf(bundle: SignedBundle, subject: Subject): Misfit {
  const { statement } = bundle;
  if (statement === undefined) return undefined;
  if (isReleasePredicate(statement.predicateType)) return releaseMisfit(bundle, statement, subject);
  return isProvenance(statement.predicateType) ? provenanceMisfit(bundle, subject) : undefined;
}

function releaseMisfit(bundle: SignedBundle, statement: Statement, subject: Subject): Misfit {
  if (bundle.root !== 'github' || bundle.signer !== RELEASE_SIGNER) {
    return { why: `the release attestation is signed by ${bundle.signer}, not by GitHub`, foreign: false };
  }
  const { repositoryId, tag } = readRelease(statement.predicate);
  if (repositoryId !== String(subject.repositoryId)) {
    const why = `the release attestation is of repository ${brief(repositoryId)}, and the record is of ${subject.repositoryId}`;
    return { why, foreign: true };
  }
  if (tag !== subject.tag) {
    return { why: `the release attestation is of the tag ${brief(tag)}, not of ${brief(subject.tag)}`, foreign: true };
  }
  const commits = statement.subjects.flatMap(({ uri, digest }) =>
    uri?.startsWith('pkg:github/') === true ? [digest.get(algorithmOf(subject.commit)) ?? digest.get('gitcommit')] : [],
  );
  if (commits.length > 0 && commits.every((commit) => commit === subject.commit)) return undefined;
  const named = commits[0] === undefined ? 'no commit' : `the commit ${brief(commits[0])}`;
  return { why: `the release attestation names ${named}, and the record ${subject.commit}`, foreign: false };
}

function algorithmOf(commit: string): string {
  return commit.length === 64 ? 'sha256' : 'sha1';
}

function readRelease(predicate: unknown): { repositoryId: string; tag: string } {
  const text = (key: string): string => {
    const value: unknown =
      typeof predicate === 'object' && predicate !== null && Object.hasOwn(predicate, key)
        ? (predicate as Record<string, unknown>)[key]
        : undefined;
    return typeof value === 'string' ? value : fail('E_EVIDENCE', `the release attestation does not say its ${key}`);
  };
  return { repositoryId: text('repositoryId'), tag: text('tag') };
}

function provenanceMisfit({ claims, signer, issuer }: SignedBundle, subject: Subject): Misfit {
  const own = forgeIssuer(subject.source);
  if (claims === undefined || issuer !== own) {
    const by = issuer === undefined ? '' : `, vouched for by ${issuer}`;
    return { why: `the provenance is by ${signer}${by}, not by a workflow of ${subject.source}`, foreign: true };
  }
  const { sourceRepositoryId: id, sourceRepository } = claims;
  if (id === String(subject.repositoryId)) return undefined;
  const from = `${sourceRepository ?? 'a repository without a name'} (id ${id ?? 'unknown'})`;
  return {
    why: `the provenance is of ${from}, and the record is of repository ${subject.repositoryId}`,
    foreign: true,
  };
}
