import { typed } from '../../io/shell.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { canonicalKeyFile, componentProblem, requireUsable } from '../../ledger-schema/openpgp/openpgp.ts';
import type { KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { NODE_VERIFIER } from './node-verifier.ts';

export interface UsableKey {
  readonly key: KeyFile;
  /** In the one form of a key file. */
  readonly bytes: Uint8Array;
}

const KINDS = 'the ledger takes Ed25519, ECDSA over P-256 or P-384, and RSA of 3072 bits or more';
const MAKE = 'make a version 4 key with: pullthrough key new, or gpg --quick-generate-key NAME ed25519 sign';

/**
 * A public key, in whatever armour, that can sign for a ledger at `now`: what no ledger would take is refused before a
 * policy lists it. `said` names it in the message. Throws `E_INPUT`, with what to do.
 */
export async function readUsableKey(file: Uint8Array, said: string, now: Date): Promise<UsableKey> {
  let read: UsableKey | undefined;
  try {
    read = await canonicalKeyFile(file, NODE_VERIFIER);
    requireUsable(read.key, { now, revocation: true, expiry: true });
    return read;
  } catch (cause) {
    if (!(cause instanceof PullthroughError) || !/^E_KEY_/.test(cause.code)) throw cause;
    return fail('E_INPUT', `${said}: ${cause.message}`, { hint: hintFor(cause, read?.key, now), cause });
  }
}

function hintFor(error: PullthroughError, key: KeyFile | undefined, now: Date): string {
  if (/of version [^4]/.test(error.message)) return MAKE;
  if (error.hint !== undefined) return error.hint;
  if (key === undefined) return `${KINDS}; ${MAKE}`;
  const without = (revocation: boolean, expiry: boolean): boolean =>
    key.components.some((part) => componentProblem(key, part, { now, revocation, expiry }) === undefined);
  if (without(true, false)) {
    return `extend it and export it once more: ${typed`gpg --quick-set-expire ${key.fingerprint} 2y`}`;
  }
  if (without(false, false)) return `a revoked key stays revoked; ${MAKE}`;
  return `${KINDS}; ${MAKE}`;
}
