import type { Body } from '../io/body/body.ts';
import type { PendingFile } from '../io/files/file.ts';
import type { PaceRules } from '../io/http/download/pace.ts';

/** How an object is read. */
export interface ReadOptions {
  /** Ends the reading, also while the server says nothing. */
  readonly signal?: AbortSignal | undefined;
  /** How slow a server may be; by default it may fall a minute behind 16 KiB/s. */
  readonly pace?: PaceRules | undefined;
}

/** What is known of an object before its bytes arrive. */
export interface PutRequest {
  /** The exact size in bytes that the body must have. */
  readonly size: number;
  /** Lower-case hex. Where it is known the bytes can stream to their place; where not, the store spools them. */
  readonly sha256?: string | undefined;
  /** The asset's name, for Content-Disposition; never part of the key. */
  readonly name: string;
  /**
   * Told of a failure while the body came, and of the file with what came of it, which it may move away. A store that sends
   * the bytes on while they come has no such file.
   */
  readonly unfinished?: ((error: unknown, file: PendingFile) => Promise<void>) | undefined;
}

export interface StoredObject {
  /** Lower-case hex; from the object's key, not from its bytes. */
  readonly sha256: string;
  readonly size: number;
  /** The store's own modification time. */
  readonly modified: Date;
}

/**
 * A content-addressed store: `sha256/<first two hex digits>/<hex>`.
 *
 * Its promises, held by test/store.contract.ts for each implementation:
 * - When `put` returns, the object is durable and complete, and its bytes have the size and the SHA-256 returned.
 * - When `put` throws, no object with wrong content is there, and this process leaves no temporary one.
 * - Two writers of one object at once both succeed and leave one right object.
 * - An object under a key is believed only once its SHA-256 is checked; a wrong one is replaced by `put` and reported.
 */
export interface Store {
  /** For messages: the store's URL without any secret. */
  readonly label: string;

  /**
   * Stores the body. Throws `E_DIGEST_MISMATCH` when the bytes are not `sha256`, `E_SIZE` when the body is longer than
   * `size`, `E_TRUNCATED` when it is shorter, `E_STORE` or `E_CREDENTIAL` when the store fails; what the body throws
   * is thrown on. `repaired` says that a wrong object lay under the key and was replaced.
   */
  put(request: PutRequest, body: AsyncIterable<Uint8Array>): Promise<{ sha256: string; repaired: boolean }>;

  /**
   * May this process write here? Asked before anything is downloaded; leaves nothing behind. Throws `E_CREDENTIAL`,
   * `E_STORE`, and whatever else `put` would throw at its start.
   */
  requireWritable(): Promise<void>;

  /**
   * Is the object there with this size and these bytes? Its SHA-256 is checked: by the server's own full-object
   * checksum, or by reading it. `damaged`: something else lies there.
   */
  verify(sha256: string, size: number): Promise<'present' | 'missing' | 'damaged'>;

  /** A cheap look: is there an object of this size under the key? Believes the store; for plans, never for trust. */
  has(sha256: string, size: number): Promise<boolean>;

  /** The object's bytes as they are, unverified; the caller hashes them. Throws `E_STORE_MISSING`. */
  read(sha256: string, options?: ReadOptions): Body;

  /** The same from byte `offset` on, for a reader that has those before; undefined where reading again costs nothing. */
  readonly readFrom?: (sha256: string, offset: number, options?: ReadOptions) => Body;

  /** Every object, in no particular order. */
  list(): AsyncIterable<StoredObject>;

  remove(sha256: string): Promise<void>;

  /** Uploads and temporary files that never became an object, older than `before`; removed where `remove` says so. */
  leftovers(before: Date, remove: boolean): Promise<readonly string[]>;
}

/** The key of an object below the store's base, as the ledger format's "The store" says. */
export function storeKey(sha256: string): string {
  return `sha256/${sha256.slice(0, 2)}/${sha256}`;
}
