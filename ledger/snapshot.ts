/** One entry of a git tree. `mode` is git's own text: 100644 file, 100755 executable, 120000 symlink, 160000 submodule, 040000 tree. */
export interface TreeEntry {
  readonly name: string;
  readonly mode: string;
  readonly oid: string;
}

/** An entry with its full path from the repository's root; a walk gives leaves: no trees but empty ones. */
export interface PathEntry extends TreeEntry {
  readonly path: string;
}

/**
 * One commit's tree, read from git objects alone: no checkout, no attributes, no filters, no symlinks followed. In a
 * partial clone, what is missing is fetched in batches. Names are UTF-8; one that isn't keeps each bad byte as U+FFFD,
 * which no rule of the format accepts.
 */
export interface Snapshot {
  readonly commit: string;
  /** The entries of a directory (`''` is the root); empty where there is none or it isn't a directory. */
  list(directory: string): Promise<readonly TreeEntry[]>;
  /** All leaves below a directory, in git's order. */
  walk(directory: string): AsyncIterable<PathEntry>;
  /** The same, many at a time; `twice` gets the path of each folder whose name is in its folder twice, before its leaves. */
  leaves(directory: string, twice?: (path: string) => void): AsyncIterable<readonly PathEntry[]>;
  /** Many directories at once: in a partial clone, one request for all that is missing. */
  listMany(directories: readonly string[]): Promise<ReadonlyMap<string, readonly TreeEntry[]>>;
  /**
   * The bytes of a blob by its oid. Throws `E_TOO_LARGE` when it has more than `limit` bytes (before they are read into
   * memory), `E_GIT` when it isn't there.
   */
  blob(oid: string, limit: number): Promise<Uint8Array>;
  /** The bytes of those blobs that are here and have at most `limit` bytes, by their oids. */
  blobsHere(oids: readonly string[], limit: number): Promise<ReadonlyMap<string, Uint8Array>>;
  /**
   * Makes sure that many blobs and trees are here, so that `blob` and `list` cost no request; a no-op in a full clone. With
   * `below`, trees come with what lies in them, as far as the host sends it; the rest is fetched when it is asked for.
   */
  prefetch(oids: readonly string[], below?: 'below'): Promise<void>;
}
