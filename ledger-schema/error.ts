/**
 * Every error that this program means to show: its exit code and one line that says what it means. docs/errors.md is
 * made from this table. Exit codes: 1 it failed; 2 the command line or a file here is wrong; 3 not trusted; 4 some
 * tools worked and others didn't.
 */
export const ERRORS = {
  // 2: found before any request; nothing was done
  E_USAGE: [2, 'the command line is wrong'],
  E_CONFIG: [2, 'a configuration file of your own is wrong'],
  E_NO_PIN: [2, 'a consumer command was run without a trust pin'],
  E_NO_LEDGER: [2, 'no ledger is configured'],
  E_NO_STORE: [2, 'no store is configured'],
  E_NO_KEY: [2, 'no signing key is configured'],
  E_SIGNING_KEY: [2, 'the signing key cannot be read or unlocked'],
  E_CONFIRM: [2, 'a question needs a terminal or --yes'],
  E_EXISTS: [2, 'something is already there and is not overwritten'],
  E_LOCK_FILE: [2, 'pullthrough.lock is damaged or not of this version'],
  E_MEMORY: [2, 'what was remembered of a ledger is damaged, or cannot be written'],
  E_INPUT: [2, 'a file or folder named on the command line cannot be used'],
  // 1: it failed
  E_NETWORK: [1, 'a host cannot be reached, or the connection broke again and again'],
  E_HTTP: [1, 'a server answered with an error'],
  E_TIMEOUT: [1, 'a server stopped sending, or sends too slowly'],
  E_RATE_LIMIT: [1, 'the API rate limit is used up for longer than a run waits'],
  E_CREDENTIAL: [1, 'a credential is missing, refused, or lacks a permission'],
  E_UPSTREAM_NOT_FOUND: [1, 'the repository, release, tag or file is not there upstream'],
  E_UPSTREAM_ANSWER: [1, 'the API answered something that its schema does not allow'],
  E_UPSTREAM_CHANGED: [1, 'the release kept changing while it was being fetched'],
  E_TRUNCATED: [1, 'a body ended before its declared size'],
  E_ARCHIVE: [1, 'an archive is damaged, too large, or unsafe to unpack, so nothing of it was'],
  E_STORE: [1, 'the store failed'],
  E_STORE_MISSING: [1, 'no store holds the file'],
  E_GIT: [1, 'git failed'],
  E_LEDGER_UNREACHABLE: [1, 'the ledger cannot be fetched'],
  E_MOVED: [1, 'the branch moved since it was read'],
  E_SIGNING: [1, 'nothing was signed: the question for a passphrase or PIN was cancelled, or gpg failed'],
  E_NO_CHANGE: [1, 'there is no such proposal'],
  E_NAME: [1, 'a name cannot be recorded'],
  E_BUSY: [1, 'the gateway has more to do than it can'],
  E_DOCTOR: [1, 'doctor found something that does not work'],
  E_IO: [1, 'a file cannot be read or written here'],
  E_INTERRUPTED: [1, 'a signal ended the run; the exit code is 130 for SIGINT, 143 for SIGTERM'],
  E_INTERNAL: [1, 'a defect in pullthrough'],
  // 4
  E_PARTIAL: [4, 'some tools worked and others did not'],
  // 3: not trusted. Upstream and bytes
  E_DIGEST_MISMATCH: [3, 'the bytes do not have the digest that they must have'],
  E_SIZE: [3, 'a body is longer than declared'],
  E_FINDINGS: [3, 'a finding wants a person, so nothing was signed'],
  E_EVIDENCE: [3, 'evidence does not verify, or what require[] asks for is not there or does not agree'],
  E_REPOSITORY_CHANGED: [3, 'another repository now answers under the recorded name'],
  E_UPSTREAM_DIFFERS: [3, 'upstream no longer has what the ledger records'],
  E_IMPORT_MISMATCH: [3, "today's bytes differ from an old checklist"],
  E_STORE_DAMAGED: [3, 'the store holds damaged bytes, or lacks some'],
  // 3: trust
  E_NOT_EXECUTOR: [3, 'the signing key is not a current executor of the policy'],
  E_NOT_REVIEWER: [3, 'the signing key is not a current reviewer of the policy'],
  E_STRANGER: [3, 'a pull request comes from another repository than the ledger'],
  E_NOT_ROOT: [3, 'the signing key is not a root of the policy'],
  E_PIN: [3, 'no policy of the ledger has the pinned digest'],
  E_POLICY_FORMAT: [3, 'a policy is not canonical or breaks a rule of the format'],
  E_POLICY_GAP: [3, 'a policy number is missing on the way to the newest policy'],
  E_POLICY_PREVIOUS: [3, 'a policy was made to follow another policy than the one before it here'],
  E_OTHER_LEDGER: [3, 'a policy or a record was made for another ledger'],
  E_POLICY_THRESHOLD: [3, 'a policy has not enough root signatures'],
  E_POLICY_EXPIRED: [3, 'the newest policy has expired'],
  E_POLICY_KEY: [3, 'a policy lists a key or seal that cannot be used'],
  E_POLICY_NACK: [3, 'a policy drops the key of a standing nack'],
  E_TRUST_UNLISTED: [3, 'a change adds a key file or seal that no policy lists'],
  E_POLICY_MISSING: [3, 'the ledger has no policy'],
  E_STALE: [3, 'no executor vouched lately for the state of the ledger that is shown'],
  E_ROLLBACK: [3, 'the ledger or its policy is older than what was seen before'],
  E_BUNDLE: [3, 'a bundle disagrees with what was verified, or is damaged (then exit 1)'],
  E_FORK: [3, 'the ledger does not descend from what was seen before'],
  E_KEY_FORMAT: [3, 'a key file breaks a rule of the format'],
  E_KEY_UNUSABLE: [3, 'a key is revoked, expired, weak or may not sign'],
  E_SEAL_FORMAT: [3, 'a seal breaks a rule of the format'],
  E_SIG_ARMOR: [3, 'a signature file is not exactly one armour block'],
  E_SIG_CRC: [3, 'the CRC-24 of an armour block is missing or wrong'],
  E_SIG_PACKET: [3, 'a signature file is not exactly one well-formed packet'],
  E_SIG_VERSION: [3, 'a signature is not of version 4'],
  E_SIG_TYPE: [3, 'a signature is not of type 0x00 (binary)'],
  E_SIG_HASH: [3, 'a signature uses a hash other than SHA-256, SHA-384 and SHA-512'],
  E_SIG_ALGORITHM: [3, 'a signature or its key uses an algorithm or size that is not allowed'],
  E_SIG_SUBPACKET: [3, 'a signature holds a subpacket that is not allowed, or lacks one'],
  E_SIG_EXPIRATION: [3, 'a signature has an expiration time'],
  E_SIG_ISSUER: [3, 'a signature does not name its key, or names another'],
  E_SIG_DATE: [3, 'a signature is dated before its key was made'],
  E_SIG_INVALID: [3, 'a signature does not fit its data and key'],
  E_SIG_UNLISTED: [3, 'a signature is by a key that the policy does not list for this'],
  // 3: records
  E_PATH: [3, 'a path of the ledger is not canonical or not allowed'],
  E_MODE: [3, 'a ledger entry is not a regular file of mode 100644'],
  E_COLLISION: [3, 'two names are equal after ASCII case folding'],
  E_ASSET_NAME: [3, 'the name of an asset is not allowed'],
  E_CHECKLIST: [3, 'checklist.json is not canonical or breaks a rule of the format'],
  E_SUMS: [3, 'checklist.sha256 breaks a rule of the format'],
  E_RECORD: [3, 'the files of a record do not fit each other'],
  E_RECORD_PATH: [3, 'a record says something else than the path that it lies in'],
  E_REPOSITORY_ID: [3, 'a record carries another repositoryId than its repository path has'],
  E_TOO_LARGE: [3, 'a file of the ledger is larger than the format allows'],
  E_NO_SIGN: [3, 'a record has no valid sign by an executor'],
  E_NOT_ACKNOWLEDGED: [3, 'a record has not enough acks'],
  E_WITHDRAWN: [3, 'a record was withdrawn by a reviewer'],
  E_NOT_FOUND: [3, 'no acknowledged record is there'],
  E_APPEND_ONLY: [3, 'what is merged was edited or removed, by a change or in the ledger itself'],
  E_CHANGE: [3, 'a change touches what it may not touch'],
  E_CHANGE_FILES: [3, 'a change has more files than one change may have'],
  E_UNRELATED: [3, 'a change has no common history with its base'],
} as const satisfies Record<string, readonly [1 | 2 | 3 | 4, string]>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** One sentence that says what to do. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** For a code that can end a command in two ways: `E_BUNDLE` is 1 for a damaged bundle, 3 for an untrusted one. */
  readonly exit?: 1 | 3 | undefined;
}

/** The one error class: what is wrong and where in `message`, what to do in `hint`. */
export class PullthroughError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly #exit: 1 | 2 | 3 | 4 | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PullthroughError';
    this.code = code;
    this.hint = details.hint;
    this.#exit = details.exit;
  }

  /** The exit code: the one that belongs to the error's code, unless it was made with another. */
  get exit(): 1 | 2 | 3 | 4 {
    return this.#exit ?? ERRORS[this.code][0];
  }
}

/**
 * Does it refuse what was read (exit 3)? A failure to read is none: what can't be read may be a nack or a revocation, so
 * it must never count as a file that says nothing.
 */
export function isRefusal(error: unknown): error is PullthroughError {
  return error instanceof PullthroughError && error.exit === 3;
}

/** Throws a {@link PullthroughError}; an expression, so that it can follow `??`. */
export function fail(code: ErrorCode, message: string, details: ErrorDetails = {}): never {
  throw new PullthroughError(code, message, details);
}
