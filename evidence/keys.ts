import { fail } from '../ledger-schema/error.ts';
import { readMinisignKey } from './minisign.ts';
import type { MinisignKey } from './minisign.ts';
import { readOpenPgpKey } from './openpgp.ts';
import type { OpenPgpKey } from './openpgp.ts';
import { readPublicKey } from './public-key.ts';
import type { PublicKey } from './public-key.ts';
import type { Requirement } from './require.ts';

/** The keys that somebody here pinned: what is signed by another counts as nothing. */
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
 * Reads the keys beside a tool.ini, each named after itself, and those that its words name. Throws `E_CONFIG` for a file
 * that holds another key than its name says, and for a word whose key isn't there.
 */
export async function readKeys(
  files: readonly KeyFileBytes[],
  requirements: readonly Requirement[],
): Promise<PinnedKeys> {
  const openpgp: OpenPgpKey[] = [];
  const publicKeys: PublicKey[] = [];
  for (const { name, bytes } of files) {
    const [, fingerprint, sha256] = /^(?:([0-9A-F]{40})\.asc|([0-9a-f]{64})\.pub)$/.exec(name) ?? [];
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
  requireKeys(requirements, openpgp, publicKeys);
  const minisign = requirements.flatMap((word) => (word.kind === 'minisign' ? (readMinisignKey(word.key) ?? []) : []));
  return { openpgp, publicKeys, minisign };
}

function requireKeys(
  requirements: readonly Requirement[],
  openpgp: readonly OpenPgpKey[],
  publicKeys: readonly PublicKey[],
): void {
  for (const word of requirements) {
    if (word.kind === 'openpgp' && !openpgp.some(({ file }) => file.fingerprint === word.fingerprint)) {
      fail('E_CONFIG', `openpgp:${word.fingerprint} is required, and its key is not there`, {
        hint: `put it beside tool.ini as keys/${word.fingerprint}.asc`,
      });
    }
    if (word.kind === 'key' && !publicKeys.some(({ sha256 }) => sha256 === word.sha256)) {
      fail('E_CONFIG', `key:${word.sha256} is required, and the key is not there`, {
        hint: `put it beside tool.ini as keys/${word.sha256}.pub`,
      });
    }
  }
}
