/** A trusted_root.json of one's own: `[evidence] trusted-root[]`. */
export interface AddedRoot {
  readonly name: string;
  readonly bytes: Uint8Array;
}
