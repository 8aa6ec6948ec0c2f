/** Endings of files that say something about another file, as upstreams publish them. */
const STATEMENT = /^(.+)(?:\.sigstore\.json|\.sigstore|\.bundle|\.intoto\.jsonl|\.minisig|\.asc|\.sig)$/i;

/** What only says something about another file: signatures, certificates, digests, attestations. */
const SAYS = [
  /\.(?:asc|sig|sign|minisig|pem|crt|cert|sigstore|bundle|att|prov|intoto\.jsonl|sigstore\.json)$/i,
  /(?:^|[._-])(?:checksums?|(?:md5|sha(?:1|224|256|384|512))(?:sums?)?)$/i,
  /(?:checksum|md5|sha256|sha512|shasums?\d*).*\.txt$|(?:^|[._-])sha(?:2-)?(?:256|512)?sums?(?:256|512)?$|\.(?:sha|dgst)$/i,
];

/** None of these has more bytes; what is larger is a program, whatever its name. */
const SAYS_BYTES = 4 * 1024 * 1024;

/** The name of the file that a statement's name says it is about; undefined where the name is not a statement's. */
export function statementTarget(name: string): string | undefined {
  return STATEMENT.exec(name)?.[1];
}

interface Sized {
  readonly name: string;
  readonly size: number;
}

/** Does a file, by its name, only say something about others: a list, a signature, a certificate, a bundle? */
export function isStatementName(name: string): boolean {
  return SAYS.some((form) => form.test(name));
}

/** Is a file, by its name and size, a list, a signature, a certificate or a bundle? Requirements are about the others. */
function isStatementFile({ name, size }: Sized): boolean {
  return size <= SAYS_BYTES && isStatementName(name);
}

/** The files that requirements are about: those that are not statements, or all where nothing else is there. */
export function filesToCover<T extends Sized>(files: readonly T[]): readonly T[] {
  const programs = files.filter((file) => !isStatementFile(file));
  return programs.length > 0 ? programs : files;
}

/** The name of a key file beside a tool.ini: after the fingerprint or the SHA-256 of what it holds. */
export const KEY_NAME = /^(?:([0-9A-F]{40})\.asc|([0-9a-f]{64})\.pub)$/;
