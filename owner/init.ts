import { randomBytes } from 'node:crypto';
import { sha256Hex, utf8 } from '../ledger-schema/bytes.ts';
import { keyPath, policyPath, policySignPath } from '../ledger-schema/names/layout.ts';
import type { KeyFile } from '../ledger-schema/openpgp/openpgp.ts';
import { parsePolicy } from '../ledger-schema/policy.ts';
import type { Role } from '../ledger-schema/trust.ts';
import { createRepository } from '../ledger/git/new-repository.ts';
import type { NewRepository } from '../ledger/git/new-repository.ts';
import { firstPolicy, toListedKey } from '../ledger/policy/policy-edit.ts';
import { signThatCounts } from '../ledger/signing/signature-that-counts.ts';
import type { Signer } from '../ledger/signing/signer.ts';

/** A holder's key for a role of the first policy. */
export interface InitialKey {
  readonly role: Role;
  readonly holder: string;
  readonly key: KeyFile;
  /** The key file's bytes in their one form. */
  readonly bytes: Uint8Array;
}

export interface NewLedger extends Omit<NewRepository, 'files' | 'message'> {
  readonly keys: readonly InitialKey[];
  readonly rootThreshold: number;
  readonly reviewerThreshold: number;
  readonly now: Date;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly expires: string;
  /** Root holders' keys that are at hand: each signs policy 1. */
  readonly signers: readonly Signer[];
  /** README, workflows and what else belongs to the ledger's owner. */
  readonly extras: ReadonlyMap<string, string>;
}

export interface MadeLedger {
  /** The ledger's id, 32 hex digits drawn at random. */
  readonly ledger: string;
  /** What consumers pin: the sha256 of policy 1. */
  readonly pin: string;
  /** Holders whose signature policy 1 has. */
  readonly signedBy: readonly string[];
  /** How many more root holders must sign before anything is trusted. */
  readonly missing: number;
}

/** A new ledger repository: policy 1, its keys and signatures. Throws `E_USAGE`, `E_EXISTS`, `E_GIT`. */
export async function initLedger(made: NewLedger): Promise<MadeLedger> {
  const ledger = randomBytes(16).toString('hex');
  const policy = firstPolicy(
    ledger,
    made.keys.map(({ role, holder, key }) => ({ role, holder, key: toListedKey(key) })),
    {
      grants: [],
      copies: [],
      retire: [],
      revoke: [],
      rootThreshold: made.rootThreshold,
      reviewerThreshold: made.reviewerThreshold,
      expires: made.expires,
    },
  );
  const files = new Map<string, Uint8Array>([[policyPath(1), policy]]);
  for (const { key, bytes } of made.keys) files.set(keyPath(key), bytes);
  const signedBy = new Set<string>();
  for (const signer of made.signers) {
    const root = made.keys.find(({ role, key }) => role === 'roots' && key.fingerprint === signer.fingerprint);
    if (root === undefined) continue;
    files.set(policySignPath(1, signer.fingerprint), await signThatCounts(signer, policy, [root.key], made.now));
    signedBy.add(root.holder);
  }
  for (const [path, text] of made.extras) files.set(path, utf8(text));
  await createRepository({ ...made, files, message: 'Begin the ledger with trust policy 1' });
  const missing = Math.max(0, parsePolicy(policy).roots.threshold - signedBy.size);
  return { ledger, pin: sha256Hex(policy), signedBy: [...signedBy].sort(), missing };
}
