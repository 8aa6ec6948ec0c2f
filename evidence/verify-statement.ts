import { PullthroughError, fail } from '../ledger-schema/error.ts';
import type { Coverage } from './coverage.ts';
import type { Subject, VerifiedStatement } from './entry.ts';
import type { Target } from './file-bytes.ts';
import { minisignMatches, parseMinisignature, trustedClaims } from './keys/minisign.ts';
import type { MinisignKey } from './keys/minisign.ts';
import { byKey, parseDetached, verifyDetached } from './keys/openpgp.ts';
import type { OpenPgpKey } from './keys/openpgp.ts';
import { misfitOf } from './sigstore/predicate.ts';
import type { PublicKey } from './sigstore/public-key.ts';
import type { Root } from './roots.ts';
import { verifyBundle } from './sigstore/sigstore.ts';
import type { SignedBundle } from './sigstore/sigstore.ts';

/** The bytes of one statement. */
export interface StatementBytes {
  readonly sha256: string;
  readonly bytes: Uint8Array;
  /** The name of the file that it seems to be about, where that is known. */
  readonly about?: string | undefined;
}

/** A statement that verifies and covers a recorded file. */
export interface Judged {
  readonly statement: VerifiedStatement;
  /** SHA-256 of the kept lists that it covers. */
  readonly lists: ReadonlySet<string>;
}

/** A true statement about something else: another repository, another release, other files. */
export class ForeignStatement extends PullthroughError {
  /** It is over none of the files and lists here. */
  readonly unrelated: boolean;

  constructor(why: string, unrelated = false) {
    super('E_EVIDENCE', why);
    this.unrelated = unrelated;
  }
}

interface Signed {
  readonly kind: VerifiedStatement['kind'];
  readonly signer: string;
  readonly signedAt?: string | undefined;
}

async function judged(
  { sha256, bytes }: StatementBytes,
  signed: Signed & Partial<VerifiedStatement>,
  direct: readonly Target[],
  coverage: Coverage,
): Promise<Judged> {
  const { files, lists } = await coverage.expand(direct);
  if (files.length === 0) {
    // A list of other files than those that are recorded is true, and says nothing about them.
    throw new ForeignStatement(`the statement by ${signed.signer} covers no recorded file`, direct.length === 0);
  }
  const { kind, predicate, signer, issuer, signedAt, sourceRepository, commit } = signed;
  const [target] = direct;
  const over =
    predicate === undefined && target !== undefined ? { name: target.name, sha256: target.sha256 } : undefined;
  const claims = { predicate, signer, issuer, signedAt, sourceRepository, commit, over };
  const statement = { kind, sha256, size: bytes.length, ...claims, files };
  return { statement, lists };
}

/**
 * Verifies a Sigstore bundle and what it covers. `key`: for a bundle without a certificate. Throws `E_EVIDENCE`; a
 * {@link ForeignStatement} for one that is true but about something else.
 */
export async function judgeBundle(
  statement: StatementBytes,
  {
    subject,
    roots,
    coverage,
    key,
  }: { subject: Subject; roots: readonly Root[]; coverage: Coverage; key?: PublicKey | undefined },
): Promise<Judged> {
  const bundle = verifyBundle(statement.bytes, roots, key);
  const misfit = misfitOf(bundle, subject);
  if (misfit?.foreign === true) throw new ForeignStatement(misfit.why);
  if (misfit !== undefined) fail('E_EVIDENCE', misfit.why);
  const direct = await coveredBy(bundle, coverage, subject);
  const { signer, issuer, signedAt, claims } = bundle;
  const { sourceRepository, sourceCommit: commit } = claims ?? {};
  const said = { predicate: bundle.statement?.predicateType, issuer, sourceRepository, commit };
  return judged(statement, { kind: 'sigstore', signer, signedAt, ...said }, direct, coverage);
}

async function coveredBy(
  { statement, message, claims }: SignedBundle,
  coverage: Coverage,
  subject: Subject,
): Promise<Target[]> {
  if (statement !== undefined) {
    try {
      return await coverage.named(statement);
    } catch (error) {
      // A file that is the same in two releases has the provenance of both.
      const other = claims?.sourceCommit !== undefined && claims.sourceCommit !== subject.commit;
      if (!other || !(error instanceof PullthroughError)) throw error;
      throw new ForeignStatement(`${error.message}: it is of the commit ${claims.sourceCommit}`);
    }
  }
  if (message === undefined) return fail('E_INTERNAL', 'a bundle without content was verified');
  const { algorithm, digest } = message;
  for (const target of algorithm === 'sha256' ? coverage.byDigest(digest) : coverage.targets(undefined)) {
    if (algorithm !== 'sha256' && (await coverage.bytes.digest(target, algorithm)).toString('hex') !== digest) continue;
    await message.check(coverage.bytes.open(target));
    return [target];
  }
  return [];
}

/** Verifies a .minisig by a key, and finds the file that it is over. Throws `E_EVIDENCE`. */
export async function judgeMinisign(statement: StatementBytes, key: MinisignKey, coverage: Coverage): Promise<Judged> {
  const signature = parseMinisignature(statement.bytes);
  if (signature.keyId !== key.keyId) fail('E_EVIDENCE', `the minisign signature is by another key than ${key.text}`);
  const { signedAt, file } = trustedClaims(signature);
  for (const target of coverage.targets(statement.about ?? file)) {
    const { bytes } = coverage;
    const message = signature.form === 'hashed' ? await bytes.digest(target, 'blake2b512') : await bytes.whole(target);
    if (!minisignMatches(signature, key, message)) continue;
    return judged(statement, { kind: 'minisign', signer: key.text, signedAt }, [target], coverage);
  }
  return fail('E_EVIDENCE', `the minisign signature by ${key.text} verifies over no recorded file`);
}

/** Verifies a detached OpenPGP signature by a key, and finds the file that it is over. Throws `E_EVIDENCE`. */
export async function judgeOpenPgp(statement: StatementBytes, key: OpenPgpKey, coverage: Coverage): Promise<Judged> {
  const signatures = byKey(parseDetached(statement.bytes), key);
  const { fingerprint } = key.file;
  if (signatures.length === 0) fail('E_EVIDENCE', `the OpenPGP signature is not by ${fingerprint}`);
  let problem: PullthroughError | undefined;
  for (const target of coverage.targets(statement.about)) {
    const data = await coverage.bytes.whole(target);
    for (const signature of signatures) {
      try {
        const signedAt = await verifyDetached(signature, key, data);
        return await judged(statement, { kind: 'openpgp', signer: fingerprint, signedAt }, [target], coverage);
      } catch (error) {
        if (!isMismatch(error)) throw error;
        problem = error;
      }
    }
  }
  throw (
    problem ?? new PullthroughError('E_EVIDENCE', `the OpenPGP signature by ${fingerprint} is over no recorded file`)
  );
}

/** It may be over another file. */
function isMismatch(error: unknown): error is PullthroughError {
  return (
    error instanceof PullthroughError && error.cause instanceof PullthroughError && error.cause.code === 'E_SIG_INVALID'
  );
}
