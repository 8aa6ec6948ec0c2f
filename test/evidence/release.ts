import type { EvidenceEntry, Subject } from '../../evidence/entry.ts';
import type { ReadFile } from '../../evidence/file-bytes.ts';
import { sha256 } from './mock-sigstore.ts';
import type { Identity, Statement } from './mock-sigstore.ts';

export const ACTIONS = 'https://token.actions.githubusercontent.com';
export const COMMIT = '71c2ab509a8628dbbad4bc7b3f98a64aa90d3297';
export const REPOSITORY_ID = 5101141;

/** The files of a release, by their names. */
export const FILES: Readonly<Record<string, Buffer>> = {
  'tool-linux-amd64': Buffer.from('linux\n'),
  'tool-darwin-arm64': Buffer.from('darwin\n'),
};

export function subjectOf(files: Readonly<Record<string, Uint8Array>> = FILES, other: Partial<Subject> = {}): Subject {
  return {
    source: 'github.com',
    repository: 'acme/tool',
    repositoryId: REPOSITORY_ID,
    tag: 'v1.2.3',
    commit: COMMIT,
    files: Object.entries(files).map(([name, bytes]) => ({ name, size: bytes.length, sha256: sha256(bytes) })),
    ...other,
  };
}

export function readerOf(files: Readonly<Record<string, Uint8Array>> = FILES): ReadFile {
  return async function* ({ sha256: wanted }) {
    const found = Object.values(files).find((bytes) => sha256(bytes) === wanted);
    if (found === undefined) throw new Error('a file was read that is not there');
    yield found;
  };
}

export function workflow(
  other: Partial<{ san: string; issuer: string; id: string; repository: string; commit: string }> = {},
): Identity {
  const { repository = 'acme/tool', id = String(REPOSITORY_ID), issuer = ACTIONS, commit = COMMIT } = other;
  const san = other.san ?? `https://github.com/${repository}/.github/workflows/release.yml@refs/tags/v1.2.3`;
  return { san, issuer, claims: { 12: `https://github.com/${repository}`, 13: commit, 15: id } };
}

export const GITHUB: Identity = { san: 'https://dotcom.releases.github.com' };

const subjects = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.entries(files).map(([name, bytes]) => ({ name, digest: { sha256: sha256(bytes) } }));

export function provenance(files: Readonly<Record<string, Uint8Array>> = FILES): Statement {
  return {
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { buildDefinition: {} },
    subject: subjects(files),
  };
}

export function releaseStatement(
  other: Partial<{ tag: string; id: string; commit: string; files: Readonly<Record<string, Uint8Array>> }> = {},
): Statement {
  const { tag = 'v1.2.3', id = String(REPOSITORY_ID), commit = COMMIT, files = FILES } = other;
  return {
    predicateType: 'https://in-toto.io/attestation/release/v0.2',
    predicate: { repository: 'acme/tool', repositoryId: id, tag, purl: `pkg:github/acme/tool@${tag}` },
    subject: [{ uri: `pkg:github/acme/tool@${tag}`, digest: { sha1: commit } }, ...subjects(files)],
  };
}

/** An entry as a record has it. */
export function entryOf(
  kind: EvidenceEntry['kind'],
  bytes: Uint8Array,
  { signer, issuer }: { readonly signer?: string; readonly issuer?: string } = {},
): EvidenceEntry {
  return {
    kind,
    sha256: sha256(bytes),
    size: bytes.length,
    ...(signer === undefined ? {} : { signer }),
    ...(issuer === undefined ? {} : { issuer }),
  };
}
