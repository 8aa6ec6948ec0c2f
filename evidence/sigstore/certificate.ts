import { X509Certificate } from '@sigstore/core';
import { fromUtf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { checkDer } from '../bounds.ts';

/** What a signing certificate says about the signer; every text is printable ASCII. */
export interface CertificateClaims {
  /** The subject alternative name: an address of a workflow, or of a person. */
  readonly signer: string;
  /** Who vouches for the signer: the OpenID issuer. GitHub's own attestations have none. */
  readonly issuer: string | undefined;
  /** `https://github.com/owner/repo` */
  readonly sourceRepository: string | undefined;
  /** The forge's number of the source repository, in decimal. */
  readonly sourceRepositoryId: string | undefined;
  /** The commit that the workflow ran for. */
  readonly sourceCommit: string | undefined;
}

/** Fulcio's extensions: https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md */
const FULCIO = '1.3.6.1.4.1.57264.1';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const UTF8_STRING = 0x0c;
/** Context tags of a general name: an e-mail address, a URI. */
const NAMES = new Set([1, 6]);

/** Parses a certificate that anybody may have made. Throws `E_EVIDENCE`. */
export function parseCertificate(der: Uint8Array): X509Certificate {
  checkDer(der, "the bundle's certificate");
  try {
    const certificate = X509Certificate.parse(Buffer.from(der));
    checkExtensions(certificate);
    checkTimes(certificate);
    return certificate;
  } catch (cause) {
    return fail('E_EVIDENCE', "the bundle's certificate cannot be read", { cause });
  }
}

function checkExtensions(certificate: X509Certificate): void {
  const oids = certificate.extensions.map((extension) => extension.subs[0]?.toOID());
  if (new Set(oids).size !== oids.length) fail('E_EVIDENCE', 'an extension is there twice');
}

/** They are parsed only when they are asked for. */
function checkTimes({ notBefore, notAfter }: X509Certificate): void {
  if (Number.isNaN(notBefore.getTime()) || Number.isNaN(notAfter.getTime())) {
    fail('E_EVIDENCE', 'its validity is not two dates');
  }
}

/** Reads a leaf's claims; nothing says yet that they are true. Throws `E_EVIDENCE`. */
export function claimsOf(certificate: X509Certificate): CertificateClaims {
  try {
    if (certificate.isCA)
      fail('E_EVIDENCE', 'the bundle is signed by the certificate of an authority, not of a signer');
    requireCodeSigning(certificate);
    const claim = (number: number): string | undefined => utf8Extension(certificate, `${FULCIO}.${number}`);
    return {
      signer: subjectOf(certificate),
      issuer: claim(8) ?? plain(certificate.extension(`${FULCIO}.1`)?.value),
      sourceRepository: claim(12),
      sourceRepositoryId: claim(15),
      sourceCommit: claim(13),
    };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'E_EVIDENCE') throw cause;
    return fail('E_EVIDENCE', "the bundle's certificate cannot be read", { cause });
  }
}

function requireCodeSigning(certificate: X509Certificate): void {
  const usages = certificate.extension(EXTENDED_KEY_USAGE)?.valueObj.subs[0]?.subs ?? [];
  if (usages.some((usage) => usage.toOID() === CODE_SIGNING)) return;
  fail('E_EVIDENCE', "the bundle's certificate is not for signing code");
}

/** The one subject alternative name. */
function subjectOf(certificate: X509Certificate): string {
  const names = certificate.extension(SUBJECT_ALTERNATIVE_NAME)?.valueObj.subs[0]?.subs ?? [];
  const [name] = names;
  const known = name !== undefined && names.length === 1 && name.tag.class === 2 && NAMES.has(name.tag.number);
  const text = known ? plain(name.value) : undefined;
  return text ?? fail('E_EVIDENCE', "the bundle's certificate does not name exactly one signer");
}

function utf8Extension(certificate: X509Certificate, oid: string): string | undefined {
  const extension = certificate.extension(oid);
  if (extension === undefined) return undefined;
  const [value, ...more] = extension.valueObj.subs;
  const text = value?.tag.number === UTF8_STRING && more.length === 0 ? plain(value.value) : undefined;
  return text ?? fail('E_EVIDENCE', `the extension ${oid} of the bundle's certificate cannot be read`);
}

/** Printable ASCII without spaces; lookalike characters are refused. */
function plain(bytes: Uint8Array | undefined): string | undefined {
  const text = bytes === undefined ? undefined : fromUtf8(bytes);
  return text !== undefined && /^[\x21-\x7e]{1,1024}$/.test(text) ? text : undefined;
}
