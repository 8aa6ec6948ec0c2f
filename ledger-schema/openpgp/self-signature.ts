import { fail } from '../error.ts';
import { readNumber } from './packet.ts';
import {
  KEY_EXPIRES,
  KEY_FLAGS,
  SIGNATURE_EXPIRES,
  creationTime,
  issuersOf,
  unknownCritical,
} from './signature-packet.ts';
import type { SignaturePacket } from './signature-packet.ts';
import { whyNotSigned } from './verify.ts';
import type { PublicMaterial, Verifier } from './algorithms/verifier.ts';

/** The primary key or a subkey, as the maker of a signature. */
export interface Maker {
  readonly fingerprint: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly material: PublicMaterial;
}

/**
 * How many signatures of one key file are verified at most. Honest keys need a few; a file full of forged ones could keep
 * a reader busy for a second.
 */
const KEY_EFFORT = 32;

/** Verifies the signatures of one key file, and counts them. */
export class KeyVerifier {
  readonly #verifier: Verifier;
  #left = KEY_EFFORT;

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /** Throws `E_KEY_FORMAT` where it would be one too many. */
  async verifies(signature: SignaturePacket, covered: Uint8Array, by: Maker): Promise<boolean> {
    if (this.#left-- === 0) {
      fail('E_KEY_FORMAT', "too many of the key file's own signatures would have to be verified", {
        hint: "export less of it: gpg --armor --export-options export-minimal --export-filter drop-subkey='expired -t' --export KEY",
      });
    }
    return (await whyNotSigned(signature, covered, by.material, this.#verifier)) === undefined;
  }
}

/** A self- or back-signature that counts where it verifies. */
export interface Statement {
  readonly signature: SignaturePacket;
  /** Seconds since 1970. */
  readonly created: number;
}

/**
 * Those that count where they verify: of these types, naming their maker and nobody else, dated once and not before
 * that key was made, with nothing critical that is unknown; openpgp.md, "Key files".
 */
export function statementsBy(
  signatures: readonly SignaturePacket[],
  types: ReadonlySet<number>,
  by: Pick<Maker, 'fingerprint' | 'created'>,
): Statement[] {
  return signatures.flatMap((signature) => {
    const created = creationTime(signature);
    const issuers = issuersOf(signature) ?? [];
    const counts =
      types.has(signature.type) &&
      created !== undefined &&
      created >= by.created &&
      issuers.length > 0 &&
      issuers.every((id) => by.fingerprint.endsWith(id)) &&
      signature.unhashed !== undefined &&
      unknownCritical(signature.hashed ?? []) === undefined;
    return counts ? [{ signature, created }] : [];
  });
}

/**
 * Of several, the newest count: those of the newest second that verify. Older ones are not even looked at, so a key
 * file full of them costs little.
 */
export async function newestOf(
  statements: readonly Statement[],
  verifies: (statement: Statement) => Promise<boolean>,
): Promise<Statement[]> {
  const found: Statement[] = [];
  for (const statement of [...statements].sort((a, b) => b.created - a.created)) {
    if (found[0] !== undefined && found[0].created !== statement.created) break;
    if (await verifies(statement)) found.push(statement);
  }
  return found;
}

function bodiesOf(signature: SignaturePacket, type: number): Uint8Array[] {
  return (signature.hashed ?? []).filter((subpacket) => subpacket.type === type).map(({ body }) => body);
}

/**
 * When what it says about a key ends, in seconds since 1970: the earliest of the key's expiration times and its own;
 * Infinity for never. A time of the wrong length means that it has ended.
 */
export function endOf({ signature, created }: Statement, keyCreated: number): number {
  const ends = (type: number, from: number): number[] =>
    bodiesOf(signature, type).map((body) => {
      const lives = body.length === 4 ? readNumber(body, 0, 4) : undefined;
      if (lives === undefined) return from;
      return lives === 0 ? Infinity : from + lives;
    });
  return Math.min(Infinity, ...ends(KEY_EXPIRES, keyCreated), ...ends(SIGNATURE_EXPIRES, created));
}

const SIGN = 2;

/** Does it give the signing flag, each time that it gives flags? Undefined where it gives none. */
export function signingFlag({ signature }: Statement): boolean | undefined {
  const flags = bodiesOf(signature, KEY_FLAGS);
  return flags.length === 0 ? undefined : flags.every((body) => ((body[0] ?? 0) & SIGN) !== 0);
}
