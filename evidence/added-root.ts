/** The user's own trusted_root.json: `[evidence] trusted-root[]`. */
export interface AddedRoot {
  readonly name: string;
  readonly bytes: Uint8Array;
}
