import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { LedgerFiles } from '../../ledger-schema/files.ts';
import { listedFiles } from '../../ledger-schema/openpgp/keyring.ts';
import { KEY_BYTES, readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import type { Policy } from '../../ledger-schema/policy.ts';
import { SEAL_BYTES, parseSeal } from '../../ledger-schema/seal.ts';
import type { Sum } from '../../ledger-schema/sums.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

/** What the name of a key file or seal says about it. */
export interface Pinned {
  readonly fingerprint: string;
  readonly digest16: string;
}

/** A key file or seal whose name is right. */
export interface PinnedFile extends Pinned {
  readonly kind: 'key' | 'seal';
  readonly path: string;
}

/** Which key files and seals some policies list, by path and whole digest. */
export class Listed {
  readonly #digests = new Map<string, Set<string>>();

  add(policy: Policy): void {
    for (const [path, sha256] of listedFiles(policy)) {
      this.#digests.set(path, (this.#digests.get(path) ?? new Set()).add(sha256));
    }
  }

  has(path: string, sha256?: string): boolean {
    const digests = this.#digests.get(path);
    return digests !== undefined && (sha256 === undefined || digests.has(sha256));
  }

  /** Throws `E_TRUST_UNLISTED`. */
  require(path: string, sha256?: string): void {
    if (!this.has(path, sha256)) fail('E_TRUST_UNLISTED', `no policy lists ${path}`);
  }
}

/** The bytes of a file whose name begins its own digest. Throws `E_MODE`, `E_PATH`, `E_TOO_LARGE`. */
export async function readPinned(files: LedgerFiles, { path, kind, digest16 }: PinnedFile): Promise<Uint8Array> {
  const limit = kind === 'key' ? KEY_BYTES : SEAL_BYTES;
  const bytes = (await files.read(path, limit)) ?? fail('E_MODE', `${path} is not a regular file`);
  if (!sha256Hex(bytes).startsWith(digest16)) fail('E_PATH', `${path} is not named by the digest of its bytes`);
  return bytes;
}

/**
 * Checks that a listed file is the key or the seal that its name says; returns a seal's lines. Throws `E_KEY_FORMAT`,
 * `E_KEY_UNUSABLE`, `E_SEAL_FORMAT`.
 */
export async function checkPinned(bytes: Uint8Array, { path, kind, fingerprint }: PinnedFile): Promise<Sum[]> {
  if (kind === 'seal') return parseSeal(bytes, fingerprint);
  try {
    const key = await readKeyFile(bytes, NODE_VERIFIER);
    if (key.fingerprint !== fingerprint) fail('E_KEY_FORMAT', `${path} holds the key ${key.fingerprint}`);
    return [];
  } catch (cause) {
    if (!(cause instanceof PullthroughError) || cause.message.startsWith(path)) throw cause;
    fail(cause.code, `${path}: ${cause.message}`, { cause, hint: cause.hint });
  }
}
