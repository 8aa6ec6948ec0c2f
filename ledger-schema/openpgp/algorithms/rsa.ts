import { hexToBytes } from '@noble/hashes/utils.js';
import { concatBytes } from '../../bytes.ts';
import type { Hash, WeakHash } from './verifier.ts';

/** What precedes a digest in DER: which hash it is; RFC 9580, section 5.2.2, and RFC 8017, section 9.2. */
const PREFIXES: Record<Hash | WeakHash, string> = {
  'SHA-256': '3031300d060960864801650304020105000420',
  'SHA-384': '3041300d060960864801650304020205000430',
  'SHA-512': '3051300d060960864801650304020305000440',
  MD5: '3020300c06082a864886f70d020505000410',
  'SHA-1': '3021300906052b0e03021a05000414',
  'RIPEMD-160': '3021300906052b2403020105000414',
  'SHA-224': '302d300d06096086480165030402040500041c',
  'SHA3-256': '3031300d060960864801650304020805000420',
  'SHA3-512': '3051300d060960864801650304020a05000440',
};

/** The one block that an RSA signature of a digest decodes to (EMSA-PKCS1-v1_5); it is compared whole, never parsed. */
export function paddedDigest(hash: Hash | WeakHash, digest: Uint8Array, length: number): Uint8Array {
  const info = concatBytes(hexToBytes(PREFIXES[hash]), digest);
  const padding = new Uint8Array(length - info.length).fill(0xff);
  padding.set([0x00, 0x01]);
  padding[padding.length - 1] = 0x00;
  return concatBytes(padding, info);
}
