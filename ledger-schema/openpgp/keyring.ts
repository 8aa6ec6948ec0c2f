import { bytesToHex } from '@noble/hashes/utils.js';
import { fail, isRefusal } from '../error.ts';
import type { LedgerFiles } from '../files.ts';
import { keyPath, sealPath } from '../names/layout.ts';
import { KEY_BYTES, readKeyFile, requireUsable } from './openpgp.ts';
import type { Judgement, KeyFile } from './openpgp.ts';
import type { FormerReviewer, ListedKey, Policy } from '../policy.ts';
import { SEAL_BYTES, parseSeal } from '../seal.ts';
import { sha256Hex } from '../bytes.ts';
import { PORTABLE } from './verify.ts';
import type { Verifier } from './algorithms/verifier.ts';

/** The key files and seals that policies pin, read once each. */
export class Keyring {
  readonly #files: LedgerFiles;
  readonly #verifier: Verifier;
  readonly #keys = new Map<string, Promise<KeyFile>>();
  readonly #seals = new Map<string, Promise<ReadonlyMap<string, string>>>();

  constructor(files: LedgerFiles, verifier: Verifier = PORTABLE) {
    this.#files = files;
    this.#verifier = verifier;
  }

  /** A listed key's file, pinned by its digest. Throws `E_POLICY_KEY`: it doesn't count. */
  key(listed: ListedKey): Promise<KeyFile> {
    return once(this.#keys, `${listed.fingerprint}.${listed.sha256}`, () => this.#readKey(listed));
  }

  /** What a former reviewer's seal lists: the ack files' paths with their SHA-256. Throws `E_POLICY_KEY`. */
  seal(former: FormerReviewer): Promise<ReadonlyMap<string, string>> {
    return once(this.#seals, `${former.fingerprint}.${former.seal}`, () => this.#readSeal(former));
  }

  /** As {@link sha256Hex}, by the verifier's own SHA-256. */
  sha256Hex(bytes: Uint8Array): string {
    return bytesToHex(this.#verifier.digest('SHA-256', bytes));
  }

  async #pinned(path: string, sha256: string, limit: number): Promise<Uint8Array> {
    const bytes = await this.#files.read(path, limit);
    if (bytes === undefined) fail('E_POLICY_KEY', `${path} is not there`);
    if (sha256Hex(bytes) !== sha256) fail('E_POLICY_KEY', `${path} does not have the digest that the policy lists`);
    return bytes;
  }

  async #readKey(listed: ListedKey): Promise<KeyFile> {
    const path = keyPath(listed);
    const bytes = await this.#pinned(path, listed.sha256, KEY_BYTES);
    const key = await readKeyFile(bytes, this.#verifier).catch((cause: unknown) => unusable(path, cause));
    if (key.fingerprint !== listed.fingerprint) {
      fail('E_POLICY_KEY', `${path} holds the key ${key.fingerprint}, not the one of its name`);
    }
    return key;
  }

  async #readSeal(former: FormerReviewer): Promise<ReadonlyMap<string, string>> {
    const path = sealPath(former);
    const bytes = await this.#pinned(path, former.seal, SEAL_BYTES);
    try {
      return new Map(parseSeal(bytes, former.fingerprint).map(({ name, sha256 }) => [name, sha256]));
    } catch (cause) {
      return unusable(path, cause);
    }
  }
}

function unusable(path: string, cause: unknown): never {
  if (!isRefusal(cause)) throw cause;
  return fail('E_POLICY_KEY', `${path} can't be used: ${cause.message}`, { cause });
}

function once<T>(cache: Map<string, Promise<T>>, id: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(id);
  if (known !== undefined) return known;
  const made = make();
  cache.set(id, made);
  // What couldn't be read this time is asked for again.
  made.catch((error: unknown) => isRefusal(error) || cache.delete(id));
  return made;
}

/** A key that a policy lists, and as what. */
export interface Listing {
  readonly key: ListedKey;
  readonly holder: string | undefined;
  readonly former: FormerReviewer | 'executor' | undefined;
}

/** Every key that a policy lists, by its fingerprint; no key is listed twice. */
export function listings(policy: Policy): Map<string, Listing> {
  const all = new Map<string, Listing>();
  for (const [holder, keys] of Object.entries(policy.holders)) {
    for (const key of keys) all.set(key.fingerprint, { key, holder, former: undefined });
  }
  for (const key of policy.former.executors) all.set(key.fingerprint, { key, holder: undefined, former: 'executor' });
  for (const key of policy.former.reviewers) all.set(key.fingerprint, { key, holder: key.holder, former: key });
  return all;
}

/** The files that a policy lists, by their paths in the ledger, with the whole digest that it pins. */
export function listedFiles(policy: Policy): Map<string, string> {
  const files = new Map<string, string>();
  for (const { key, former } of listings(policy).values()) {
    files.set(keyPath(key), key.sha256);
    if (typeof former === 'object') files.set(sealPath(former), former.seal);
  }
  return files;
}

/**
 * Which keys and seals of a policy can't be used at `now`, in words; the gate refuses a new policy that lists one, and a
 * check of a whole ledger warns. For former keys neither revocation nor expiry is looked at.
 */
export async function keyProblems(policy: Policy, keyring: Keyring, now: Date): Promise<string[]> {
  const problems: string[] = [];
  for (const { key, former } of listings(policy).values()) {
    const judgement: Judgement = { now, revocation: former === undefined, expiry: former === undefined };
    try {
      requireUsable(await keyring.key(key), judgement);
      if (typeof former === 'object') await keyring.seal(former);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      problems.push(error.message);
    }
  }
  return problems;
}
