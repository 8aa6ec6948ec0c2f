import { typed } from '../../io/shell.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import type { KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import type { Signer } from './signature-output.ts';

/**
 * A signature file that counts by one of the copies that the ledger has of the signer's key. A copy that is older than
 * the signer's own may lack the subkey that signs. Throws `E_SIGNING_KEY`, before anything is written.
 */
export async function signThatCounts(
  signer: Signer,
  data: Uint8Array,
  copies: readonly KeyFile[],
  now: Date,
): Promise<Uint8Array> {
  const file = await signer.sign(data);
  let failure: PullthroughError | undefined;
  for (const copy of copies) {
    try {
      await verifySignature(parseSignatureFile(file), data, copy, { now, revocation: true, expiry: true });
      return file;
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      failure ??= error;
    }
  }
  const { fingerprint } = signer;
  return fail(
    'E_SIGNING_KEY',
    `the signature would not count by the ledger's copy of the key ${fingerprint}: ${failure?.message ?? 'there is none'}`,
    {
      hint: `the copy is older than the key, or another: export it once more, ${typed`gpg --armor --export ${fingerprint}`}`,
      cause: failure,
    },
  );
}
