/** What packslip's two statements hold, in the order in which they are written; the specification is packslip's own. */
export const RELEASE_PREDICATE = 'https://packslip.dev/release/v1';
export const LIST_PREDICATE = 'https://packslip.dev/releases/v1';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

export interface StampIdentity {
  readonly scheme: 'sigstore-key' | 'sigstore-oidc';
  readonly key_id: string;
  readonly issuer?: string | undefined;
}

export interface Artifact {
  readonly name: string;
  readonly os?: string;
  readonly arch?: string;
  readonly libc?: string;
  readonly variant?: string;
  readonly size: number;
  readonly url: string;
  readonly format?: string | undefined;
  readonly bin?: readonly { readonly path: string; readonly name: string }[];
}

export interface CheckedEvidence {
  readonly kind: string;
  readonly detail?: string | undefined;
}

/** What is ours in `extensions`, under the key `pullthrough`. */
export type Extensions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface ReleasePredicate {
  readonly project: string;
  readonly version: string;
  readonly published_at: string;
  readonly source: { readonly repo: string; readonly commit: string; readonly tag: string };
  readonly artifacts: readonly Artifact[];
  readonly identity: StampIdentity;
  readonly attested_by: 'repackager';
  readonly evidence: readonly CheckedEvidence[];
  readonly extensions: Extensions;
}

export interface ListEntry {
  readonly version: string;
  readonly tag: string;
  readonly published_at: string;
  readonly packslip: string;
  readonly status?: 'yanked' | undefined;
  readonly status_reason?: string | undefined;
  readonly evidence?: readonly CheckedEvidence[] | undefined;
  readonly extensions: Extensions;
}

export interface ListPredicate {
  readonly project: string;
  readonly generated_at: string;
  readonly expires_at: string;
  readonly sequence: number;
  readonly identity: StampIdentity;
  readonly releases: readonly ListEntry[];
  readonly extensions: Extensions;
}

export interface StatementSubject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** The bytes that are signed. */
export function statementBytes(
  predicateType: typeof RELEASE_PREDICATE | typeof LIST_PREDICATE,
  subject: readonly StatementSubject[],
  predicate: ReleasePredicate | ListPredicate,
): Uint8Array {
  const statement = { _type: STATEMENT_TYPE, subject, predicateType, predicate };
  return new TextEncoder().encode(JSON.stringify(statement));
}

/** ISO 8601 in UTC, as packslip's publishers write it. */
export function instant(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const PROJECT = new RegExp(String.raw`^${LABEL}(?:\.${LABEL})+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+){2,}$`);

/** `github.com/jqlang/jq`, `github.com/biomejs/biome/cli`; undefined for a name that packslip doesn't know. */
export function projectName(project: {
  readonly source: string;
  readonly repository: string;
  readonly subpath?: string | undefined;
}): string | undefined {
  const { source, repository, subpath } = project;
  const name = [source, repository, subpath].filter((part) => part !== undefined).join('/');
  return repository.split('/').length === 2 && PROJECT.test(name) ? name : undefined;
}
