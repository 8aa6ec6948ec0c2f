import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { nearest } from '../io/nearest.ts';
import type { Subject, VerifiedStatement } from './entry.ts';
import { readMinisignKey } from './keys/minisign.ts';
import { filesToCover } from './names.ts';
import { isProvenance, isReleasePredicate } from './sigstore/predicate.ts';

/** A word of `require[]` about what upstream signed. */
export type SignedRequirement =
  | { readonly kind: 'release-attestation' }
  /** `workflow`: a path in the repository itself. `repository`: `owner/repo` where it is in another repository. */
  | { readonly kind: 'attestation'; readonly workflow?: string; readonly repository?: string }
  | { readonly kind: 'sigstore'; readonly issuer: string; readonly identity: string }
  | { readonly kind: 'minisign'; readonly key: string }
  | { readonly kind: 'openpgp'; readonly fingerprint: string }
  | { readonly kind: 'key'; readonly sha256: string };

/** A word of `require[]`; docs/evidence.md, "What tool.ini asks". */
export type Requirement =
  { readonly kind: 'github-digest' } | { readonly kind: 'checksums'; readonly glob: string } | SignedRequirement;

const WORDS = [
  'github-digest',
  'checksums:',
  'release-attestation',
  'attestation',
  'attestation:',
  'sigstore:',
  'minisign:',
  'openpgp:',
  'key:',
];

const HINT =
  'write github-digest, checksums:GLOB, release-attestation, attestation, attestation:.github/workflows/FILE.yml, ' +
  'sigstore:ISSUER IDENTITY, minisign:KEY, openpgp:FINGERPRINT or key:SHA256';

const WORKFLOW = /^(?:([A-Za-z0-9-]+\/[A-Za-z0-9._-]+)\/)?(\.github\/workflows\/[^/\s@]+\.ya?ml)$/;

/** Reads one word of `require[]`. `glob`: checks the glob of `checksums:`. Throws `E_CONFIG`. */
export function parseRequirement(value: string, glob: (text: string) => string): Requirement {
  if (value === 'github-digest' || value === 'release-attestation' || value === 'attestation') return { kind: value };
  const [, word = '', rest = ''] = /^([a-z-]+):(.*)$/s.exec(value) ?? [];
  switch (word) {
    case 'checksums':
      if (rest === '') break;
      return { kind: 'checksums', glob: glob(rest) };
    case 'attestation':
      return workflowOf(rest);
    case 'sigstore':
      return identityOf(rest);
    case 'minisign':
      if (readMinisignKey(rest) !== undefined) return { kind: 'minisign', key: rest };
      return fail('E_CONFIG', `${brief(rest)} is not a minisign public key`, {
        hint: 'write the second line of its .pub file: 56 characters that begin with RW',
      });
    case 'openpgp':
      return { kind: 'openpgp', fingerprint: fingerprintOf(rest) };
    case 'key':
      if (/^[0-9a-f]{64}$/.test(rest)) return { kind: 'key', sha256: rest };
      return fail('E_CONFIG', `${brief(rest)} is not the SHA-256 of a public key`, {
        hint: 'write 64 lower-case hex digits: openssl pkey -pubin -in cosign.pub -outform DER | sha256sum',
      });
    default:
  }
  const near = nearest(value, WORDS) ?? nearest(`${word}:`, WORDS);
  return fail('E_CONFIG', `${brief(value)} is not a known kind of evidence`, {
    hint: `${near === undefined ? '' : `did you mean ${near}? `}${HINT}`,
  });
}

function workflowOf(text: string): Requirement {
  const [, repository, workflow] = WORKFLOW.exec(text) ?? [];
  if (workflow === undefined) {
    return fail('E_CONFIG', `${brief(text)} is not the path of a workflow`, {
      hint: 'write attestation:.github/workflows/FILE.yml, or attestation:OWNER/REPO/.github/workflows/FILE.yml',
    });
  }
  return { kind: 'attestation', workflow, ...(repository === undefined ? {} : { repository }) };
}

function identityOf(text: string): Requirement {
  const [, issuer, identity] = /^(https:\/\/[\x21-\x7e]+) ([\x21-\x7e]+)$/.exec(text) ?? [];
  if (issuer !== undefined && identity !== undefined) return { kind: 'sigstore', issuer, identity };
  return fail('E_CONFIG', `${brief(text)} is not an issuer and an identity`, {
    hint: 'write both in full, with one space between: sigstore:https://accounts.google.com me@example.com',
  });
}

function fingerprintOf(text: string): string {
  if (/^[0-9A-F]{40}$/.test(text)) return text;
  const compact = text.replace(/[\s:]/g, '').replace(/^0x/i, '').toUpperCase();
  const hint = /^[0-9A-F]{40}$/.test(compact)
    ? `write openpgp:${compact}`
    : 'write the whole fingerprint, 40 upper-case hex digits: gpg --show-keys --with-colons FILE';
  return fail('E_CONFIG', `${brief(text)} is not a whole fingerprint`, { hint });
}

/** The word as tool.ini has it. */
export function wordOf(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'github-digest':
    case 'release-attestation':
      return requirement.kind;
    case 'checksums':
      return `checksums:${requirement.glob}`;
    case 'attestation': {
      const { repository, workflow } = requirement;
      const path = [repository, workflow].filter((part) => part !== undefined).join('/');
      return path === '' ? 'attestation' : `attestation:${path}`;
    }
    case 'sigstore':
      return `sigstore:${requirement.issuer} ${requirement.identity}`;
    case 'minisign':
      return `minisign:${requirement.key}`;
    case 'openpgp':
      return `openpgp:${requirement.fingerprint}`;
    case 'key':
      return `key:${requirement.sha256}`;
  }
}

/** The file of the folder `keys` that a word needs; undefined where it needs none. */
export function keyFileOf(requirement: Requirement): string | undefined {
  if (requirement.kind === 'openpgp') return `${requirement.fingerprint}.asc`;
  return requirement.kind === 'key' ? `${requirement.sha256}.pub` : undefined;
}

export function isSigned(requirement: Requirement): requirement is SignedRequirement {
  return requirement.kind !== 'github-digest' && requirement.kind !== 'checksums';
}

/** Is a verified statement of the kind that a word asks for? Identities are compared whole, never as patterns. */
export function answers(statement: VerifiedStatement, requirement: SignedRequirement, source: string): boolean {
  const { kind, predicate, signer, issuer } = statement;
  switch (requirement.kind) {
    case 'release-attestation':
      return isReleasePredicate(predicate);
    case 'attestation':
      return isProvenance(predicate) && isByWorkflow(statement, requirement, source);
    case 'sigstore':
      return kind === 'sigstore' && signer === requirement.identity && issuer === requirement.issuer;
    case 'minisign':
      return kind === 'minisign' && signer === requirement.key;
    case 'openpgp':
      return kind === 'openpgp' && signer === requirement.fingerprint;
    case 'key':
      return kind === 'sigstore' && signer === `key:${requirement.sha256}`;
  }
}

/** A path alone means the repository that the certificate names; whether that is the record's is checked by its id. */
function isByWorkflow(
  { signer, sourceRepository }: VerifiedStatement,
  { workflow, repository }: { readonly workflow?: string; readonly repository?: string },
  source: string,
): boolean {
  if (workflow === undefined) return true;
  const home = repository === undefined ? sourceRepository : `https://${source}/${repository}`;
  const at = signer.indexOf('@');
  return home !== undefined && at > 0 && signer.slice(0, at) === `${home}/${workflow}`;
}

/**
 * Checks what verifies against what is required: each word must cover every file that is not a statement itself. Throws
 * `E_EVIDENCE` for the first that doesn't; `notes` say what was found instead.
 */
export function requireEvidence(
  requirements: readonly Requirement[],
  statements: readonly VerifiedStatement[],
  subject: Pick<Subject, 'source' | 'files'>,
  notes: readonly string[] = [],
): void {
  for (const requirement of requirements) {
    if (!isSigned(requirement)) continue;
    const mine = statements.filter((statement) => answers(statement, requirement, subject.source));
    const covered = new Set(mine.flatMap(({ files }) => files));
    const missing = filesToCover(subject.files).find(({ name }) => !covered.has(name));
    if (missing === undefined) continue;
    const what = mine.length === 0 ? 'there is none' : `none covers ${missing.name}`;
    const others = notes.length === 0 ? '' : `; ${notes.slice(0, 3).join('; ')}`;
    fail('E_EVIDENCE', `${wordOf(requirement)} is required, and ${what}${others}`, {
      hint: 'ask upstream why it signed this release otherwise, or change require[]',
    });
  }
}
