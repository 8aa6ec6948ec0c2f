import { fail } from '../../ledger-schema/error.ts';
import { memberOf } from '../bounds.ts';

/** Fields of a bundle that are bytes; a library decodes whatever stands there, and leaves out what it can't decode. */
const BYTES = new Set([
  'payload',
  'sig',
  'rawBytes',
  'signedTimestamp',
  'digest',
  'signature',
  'keyId',
  'rootHash',
  'hashes',
  'canonicalizedBody',
  'signedEntryTimestamp',
]);

/** As protobuf's JSON has it: either alphabet, padded or not. */
function isBase64(text: string): boolean {
  const [, digits, padding = ''] = /^([A-Za-z0-9+/_-]*)(={0,2})$/.exec(text) ?? [];
  return digits !== undefined && digits.length % 4 !== 1 && (padding === '' || text.length % 4 === 0);
}

/** What a bundle has exactly one of, by where it lies. */
const CONTENTS = ['dsseEnvelope', 'messageSignature'];
const SIGNERS = ['certificate', 'x509CertificateChain', 'publicKey'];

/**
 * Checks a bundle's JSON for what programs read differently: base64 that isn't, two contents, two signers, an envelope
 * with more signatures than one. Throws `E_EVIDENCE`.
 */
export function checkBundleJson(json: object): void {
  requireOne(json, CONTENTS, 'the bundle');
  requireOne(memberOf(json, 'verificationMaterial'), SIGNERS, "the bundle's verificationMaterial");
  const signatures = memberOf(memberOf(json, 'dsseEnvelope'), 'signatures');
  if (Array.isArray(signatures) && signatures.length !== 1) {
    fail('E_EVIDENCE', `the bundle's envelope has ${signatures.length} signatures, not one`);
  }
  checkBytes(json, '');
}

function requireOne(holder: unknown, names: readonly string[], what: string): void {
  const there = names.filter((name) => memberOf(holder, name) !== undefined);
  if (there.length === 1) return;
  const found = there.length === 0 ? `none of ${names.join(', ')}` : there.join(' and ');
  fail('E_EVIDENCE', `${what} holds ${found}, and must hold one`);
}

function checkBytes(value: unknown, name: string): void {
  if (typeof value === 'string') {
    if (BYTES.has(name) && !isBase64(value)) fail('E_EVIDENCE', `${name} of the bundle is not base64`);
  } else if (Array.isArray(value)) {
    for (const each of value) checkBytes(each, name);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) checkBytes(each, key);
  }
}
