import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A minisign key pair, and what its owner writes. */
export interface MinisignPair {
  /** As `minisign -P` takes it. */
  readonly publicKey: string;
  readonly signFile: (file: Uint8Array, options?: { readonly legacy?: boolean; readonly comment?: string }) => Buffer;
}

export function newMinisign(): MinisignPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const keyId = randomBytes(8);
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    publicKey: Buffer.concat([Buffer.from('Ed'), keyId, raw]).toString('base64'),
    signFile(file, { legacy = false, comment = 'timestamp:1760000000\tfile:a\thashed' } = {}) {
      const message = legacy ? file : createHash('blake2b512').update(file).digest();
      const signature = sign(null, message, privateKey);
      const global = sign(null, Buffer.concat([signature, Buffer.from(comment)]), privateKey);
      const body = Buffer.concat([Buffer.from(legacy ? 'Ed' : 'ED'), keyId, signature]).toString('base64');
      const lines = [
        'untrusted comment: signature',
        body,
        `trusted comment: ${comment}`,
        global.toString('base64'),
        '',
      ];
      return Buffer.from(lines.join('\n'));
    },
  };
}
