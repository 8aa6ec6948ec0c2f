import type { ErrorCode } from './error.ts';

/** A git tree's entry; `mode` is git's own text. */
export interface FileEntry {
  readonly name: string;
  readonly mode: string;
  readonly oid: string;
}

/** The one mode that counts under `packages/` and `trust/`; ledger-format.md, principle 6. */
export const REGULAR = '100644';
export const TREE = '040000';

/** One tree of the ledger, read from git objects. */
export interface LedgerFiles {
  /** The entries of a directory; empty where there is none. */
  list(directory: string): Promise<readonly FileEntry[]>;
  /**
   * The bytes of a regular file (mode 100644); undefined where there is none of that mode. Throws `E_TOO_LARGE` for one
   * with more than `limit` bytes.
   */
  read(path: string, limit: number): Promise<Uint8Array | undefined>;
}

/** Something worth saying that doesn't stop anything here. */
export interface Finding {
  readonly code: ErrorCode;
  /** The path in the ledger that it is about. */
  readonly path: string;
  readonly message: string;
}
