import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { LedgerFiles } from '../../ledger-schema/files.ts';
import { KEY_BYTES, readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { SEAL_BYTES, parseSeal } from '../../ledger-schema/seal.ts';
import type { Sum } from '../../ledger-schema/sums.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

/** What the name of a key file or seal says of it. */
export interface Pinned {
  readonly fingerprint: string;
  readonly digest16: string;
}

async function readPinned(files: LedgerFiles, path: string, name: Pinned, limit: number): Promise<Uint8Array> {
  const bytes = (await files.read(path, limit)) ?? fail('E_MODE', `${path} is not a regular file`);
  if (!sha256Hex(bytes).startsWith(name.digest16)) fail('E_PATH', `${path} is not named by the digest of its bytes`);
  return bytes;
}

/** Throws `E_PATH`, `E_KEY_FORMAT`, `E_KEY_UNUSABLE` unless the file is the key that its name says. */
export async function checkKeyFile(files: LedgerFiles, path: string, name: Pinned): Promise<void> {
  const key = await readKeyFile(await readPinned(files, path, name, KEY_BYTES), NODE_VERIFIER);
  if (key.fingerprint !== name.fingerprint) fail('E_KEY_FORMAT', `${path} holds the key ${key.fingerprint}`);
}

/** The lines of a seal that is what its name says. Throws `E_PATH`, `E_SEAL_FORMAT`. */
export async function readSealFile(files: LedgerFiles, path: string, name: Pinned): Promise<Sum[]> {
  return parseSeal(await readPinned(files, path, name, SEAL_BYTES), name.fingerprint);
}
