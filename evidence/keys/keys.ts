import { fail } from '../../ledger-schema/error.ts';
import { readMinisignKey } from './minisign.ts';
import type { MinisignKey } from './minisign.ts';
import { KEY_NAME } from '../names.ts';
import { readOpenPgpKey } from './openpgp.ts';
import type { OpenPgpKey } from './openpgp.ts';
import { readPublicKey } from '../sigstore/public-key.ts';
import type { PublicKey } from '../sigstore/public-key.ts';
import type { Requirement } from '../require.ts';

/** The keys that somebody here pinned: a signature by any other key doesn't count. */
export interface PinnedKeys {
  readonly openpgp: readonly OpenPgpKey[];
  readonly publicKeys: readonly PublicKey[];
  readonly minisign: readonly MinisignKey[];
}

/** A file of the folder `keys` beside a tool.ini. */
export interface KeyFileBytes {
  /** `<FPR>.asc` or `<sha256>.pub` */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the keys beside a tool.ini, each named after itself, and those that its words name. Throws `E_CONFIG` for a
 * file that doesn't hold the key that its name says.
 */
export async function readKeys(
  files: readonly KeyFileBytes[],
  requirements: readonly Requirement[],
): Promise<PinnedKeys> {
  const openpgp: OpenPgpKey[] = [];
  const publicKeys: PublicKey[] = [];
  for (const { name, bytes } of files) {
    const [, fingerprint, sha256] = KEY_NAME.exec(name) ?? [];
    const refuse = (cause?: unknown): never =>
      fail('E_CONFIG', `keys/${name} is not the key that it is named after`, {
        hint: 'name it keys/<40 hex digits of the fingerprint>.asc, or keys/<sha256 of the public key>.pub',
        cause,
      });
    try {
      if (fingerprint !== undefined) {
        const key = await readOpenPgpKey(bytes);
        if (key.file.fingerprint !== fingerprint) refuse();
        openpgp.push(key);
      } else if (sha256 !== undefined) {
        const key = readPublicKey(bytes);
        if (key.sha256 !== sha256) refuse();
        publicKeys.push(key);
      } else refuse();
    } catch (cause) {
      refuse(cause);
    }
  }
  const minisign = requirements.flatMap((word) => (word.kind === 'minisign' ? (readMinisignKey(word.key) ?? []) : []));
  return { openpgp, publicKeys, minisign };
}
