import { DIRECT_KEY, KEY_REVOCATION } from './certificate.ts';
import type { Certificate, SubkeySubject, Subject } from './certificate.ts';
import { endOf, newestOf, signingFlag, statementsBy } from './self-signature.ts';
import type { KeyVerifier, Maker, Statement } from './self-signature.ts';
import { creationTime, embeddedIn } from './signature-packet.ts';
import { isStrongHash } from './verify.ts';

/**
 * What a key's own signatures say about the primary key or a subkey. `problem`: it can never be used. `expires` is in
 * seconds since 1970, undefined for never.
 */
export interface Binding {
  readonly problem: string | undefined;
  /** May it make signatures? */
  readonly signs: boolean;
  readonly revoked: boolean;
  readonly expires: number | undefined;
}

/** For a key about which nothing is known, since nothing was verified. */
export const UNBOUND: Binding = { problem: undefined, signs: false, revoked: false, expires: undefined };

const DIRECT: ReadonlySet<number> = new Set([DIRECT_KEY]);
const CERTIFICATIONS: ReadonlySet<number> = new Set([0x10, 0x11, 0x12, 0x13]);
const CERTIFICATION_REVOCATION = 0x30;
const SUBKEY_BINDING: ReadonlySet<number> = new Set([0x18]);
const BACK_SIGNATURE: ReadonlySet<number> = new Set([0x19]);
const SUBKEY_REVOCATION = 0x28;

/** Is there one of this type that verifies? Whatever date, hash or issuer it claims, and whatever else it holds. */
async function isRevoked(
  { covered, signatures }: Subject,
  type: number,
  by: Maker,
  verifier: KeyVerifier,
): Promise<boolean> {
  for (const signature of signatures) {
    if (signature.type === type && (await verifier.verifies(signature, covered, by))) return true;
  }
  return false;
}

/** Up to which date a user id's certifications are revoked; a revocation without a date revokes them all. */
async function revokedUntil({ covered, signatures }: Subject, by: Maker, verifier: KeyVerifier): Promise<number> {
  let until = -Infinity;
  for (const signature of signatures) {
    const date = creationTime(signature) ?? Infinity;
    if (signature.type !== CERTIFICATION_REVOCATION || date <= until) continue;
    if (await verifier.verifies(signature, covered, by)) until = date;
  }
  return until;
}

function bindingFrom(found: readonly Statement[], keyCreated: number, revoked: boolean): Binding {
  const unusable = (problem: string): Binding => ({ problem, signs: false, revoked, expires: undefined });
  if (found.length === 0) return unusable('it has no valid self-signature');
  if (!found.every(({ signature }) => isStrongHash(signature))) {
    return unusable('its newest self-signature is not by SHA-256, SHA-384 or SHA-512');
  }
  const expires = Math.min(...found.map((statement) => endOf(statement, keyCreated)));
  return { problem: undefined, signs: true, revoked, expires: Number.isFinite(expires) ? expires : undefined };
}

/**
 * The primary key's standing, by its direct-key signatures and the self-certifications of its user ids. Where only
 * revoked ones are left, that revokes the key; what they said about it still holds where revocation isn't checked.
 */
export async function primaryOf(key: Certificate, primary: Maker, verifier: KeyVerifier): Promise<Binding> {
  const covers = new Map<Statement, Uint8Array>();
  const standing: Statement[] = [];
  const withdrawn: Statement[] = [];
  for (const subject of [key.primary, ...key.users]) {
    const types = subject === key.primary ? DIRECT : CERTIFICATIONS;
    const statements = statementsBy(subject.signatures, types, primary);
    const until = statements.length === 0 ? -Infinity : await revokedUntil(subject, primary, verifier);
    for (const statement of statements) {
      covers.set(statement, subject.covered);
      (statement.created <= until ? withdrawn : standing).push(statement);
    }
  }
  const verifies = (statement: Statement): Promise<boolean> =>
    verifier.verifies(statement.signature, covers.get(statement) ?? new Uint8Array(), primary);
  const counting = await newestOf(standing, verifies);
  const found = counting.length > 0 ? counting : await newestOf(withdrawn, verifies);
  const revoked = await isRevoked(key.primary, KEY_REVOCATION, primary, verifier);
  const binding = bindingFrom(found, primary.created, revoked || (counting.length === 0 && found.length > 0));
  return { ...binding, signs: binding.signs && found.every((statement) => signingFlag(statement) !== false) };
}

/**
 * What a subkey says about itself when its signatures don't count anyway. Nothing depends on it, so nothing is
 * verified: a key that has been kept for many years has dozens of these.
 */
export async function saidOf(
  { signatures }: SubkeySubject,
  subkey: Pick<Maker, 'created'>,
  primary: Pick<Maker, 'fingerprint' | 'created'>,
): Promise<Binding> {
  const said = await newestOf(statementsBy(signatures, SUBKEY_BINDING, primary), () => Promise.resolve(true));
  const revoked = signatures.some(({ type }) => type === SUBKEY_REVOCATION);
  return { ...bindingFrom(said, subkey.created, revoked), signs: false };
}

/** A subkey's standing, by its binding signatures; one that may sign needs the back-signature in them. */
export async function bindingOf(
  subject: SubkeySubject,
  subkey: Maker,
  primary: Maker,
  verifier: KeyVerifier,
): Promise<Binding> {
  const { covered, signatures } = subject;
  const statements = statementsBy(signatures, SUBKEY_BINDING, primary);
  if (!statements.some((statement) => signingFlag(statement) === true)) return saidOf(subject, subkey, primary);
  const found = await newestOf(statements, ({ signature }) => verifier.verifies(signature, covered, primary));
  const binding = bindingFrom(found, subkey.created, await isRevoked(subject, SUBKEY_REVOCATION, primary, verifier));
  if (binding.problem !== undefined || found.some((statement) => signingFlag(statement) !== true)) {
    return { ...binding, signs: false };
  }
  for (const { signature } of found) {
    const problem = await backProblem(signature);
    if (problem !== undefined) return { ...binding, signs: false, problem };
  }
  return binding;

  /** Where one binding holds several, each must be valid. */
  async function backProblem(signature: Statement['signature']): Promise<string | undefined> {
    const backs = embeddedIn(signature);
    for (const back of backs) {
      const [statement] = back === undefined ? [] : statementsBy([back], BACK_SIGNATURE, subkey);
      if (statement === undefined || !(await verifier.verifies(statement.signature, covered, subkey))) {
        return 'it has no valid back-signature';
      }
      if (!isStrongHash(statement.signature)) return 'its back-signature is not by SHA-256, SHA-384 or SHA-512';
    }
    return backs.length === 0 ? 'it has no valid back-signature' : undefined;
  }
}
