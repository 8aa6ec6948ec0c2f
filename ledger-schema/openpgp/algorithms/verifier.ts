/** A public key of an allowed algorithm; `algorithm` is its OpenPGP number. */
export type PublicMaterial =
  | { readonly kind: 'ed25519'; readonly algorithm: number; readonly point: Uint8Array }
  | { readonly kind: 'P-256' | 'P-384'; readonly algorithm: number; readonly point: Uint8Array }
  | {
      readonly kind: 'RSA';
      readonly algorithm: number;
      readonly modulus: Uint8Array;
      readonly exponent: Uint8Array;
    };

/** What a signature of the format may use. */
export type Hash = 'SHA-256' | 'SHA-384' | 'SHA-512';
/** With these, only revocations still count. */
export type WeakHash = 'MD5' | 'SHA-1' | 'RIPEMD-160' | 'SHA-224' | 'SHA3-256' | 'SHA3-512';

/** One signature for a {@link Verifier}, whose bytes already obey the format. */
export interface Question<H extends string = Hash> {
  readonly key: PublicMaterial;
  readonly hash: H;
  /** What is signed, and its digest by `hash`. */
  readonly message: Uint8Array;
  readonly digest: Uint8Array;
  /** At its full width: R and S of 32 bytes (canonical, of no small order); r and s of 32 or 48; RSA's number. */
  readonly signature: Uint8Array;
}

/**
 * Does the arithmetic. All of them give the same answer to the same question; a test compares them. The default runs
 * anywhere, a browser too; on Node its own cryptography takes a tenth of the time (ledger/node-verifier.ts).
 */
export interface Verifier {
  digest(hash: Hash, message: Uint8Array): Uint8Array;
  /** Is it a signature of the message by this key? Never throws because of what is in the question. */
  verify(question: Question): boolean | Promise<boolean>;
}
