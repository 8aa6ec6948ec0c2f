import { armor } from '../../ledger-schema/openpgp/armor.ts';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import type { KeyFile, SigningPurpose } from '../../ledger-schema/openpgp/openpgp.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';

/** Who signs for the ledger: a key file, or gpg-agent. */
export interface Signer {
  /** The primary key's: 40 upper-case hex digits, whichever subkey signs. */
  readonly fingerprint: string;
  /** The key file, in the armour of the ledger format. */
  publicKey(): Promise<Uint8Array>;
  /** A signature file over `data` that obeys "Signatures" of the ledger format. Throws `E_SIGNING_KEY`. */
  sign(data: Uint8Array): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/**
 * The signature file for a packet that was just made. It is judged as everybody else will judge it, by its bytes and by
 * its mathematics: a signature that the gate would refuse never leaves this machine. Throws `E_SIGNING_KEY`.
 */
export async function signatureFile(
  packet: Uint8Array,
  data: Uint8Array,
  key: KeyFile,
  now: Date,
  purpose: SigningPurpose,
): Promise<Uint8Array> {
  const current = purpose !== 'nack';
  const file = utf8(armor(packet, 'PGP SIGNATURE'));
  try {
    await verifySignature(parseSignatureFile(file), data, key, { now, revocation: current, expiry: current });
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail(
      'E_SIGNING_KEY',
      `the signature that the key ${key.fingerprint} made is not of the ledger format: ${cause.message}`,
      {
        hint: 'look for options in gpg.conf that add to signatures, or use another key',
        cause,
      },
    );
  }
  return file;
}
