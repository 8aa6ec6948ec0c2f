import { generateKey } from '../../ledger-schema/openpgp/openpgp-sign.ts';

/** A key that was just made. */
export interface NewKey {
  /** The secret key as armour; locked where a passphrase was given. */
  readonly secret: Uint8Array;
  /** The key file, in the armour of the ledger format. */
  readonly public: Uint8Array;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
}

/** Makes a key for a bot: version 4, Ed25519 as every OpenPGP tool knows it, good for signing alone, without expiry. */
export async function newKey(request: { userId: string; passphrase?: string | undefined }): Promise<NewKey> {
  return generateKey({ ...request, now: new Date() });
}
