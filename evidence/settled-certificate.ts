import type { ASN1Obj, X509Certificate } from '@sigstore/core';

/**
 * Makes a certificate that never changes remember what @sigstore/verify would otherwise work out again for every path
 * that it tries: its encoding, and who signed it. Returns the same certificate.
 */
export function settled(certificate: X509Certificate): X509Certificate {
  const { root, tbsCertificate } = certificate;
  for (const part of [...tbsCertificate.subs, tbsCertificate, root]) keepEncoding(part);
  const verify = certificate.verify.bind(certificate);
  const byIssuer = new WeakMap<X509Certificate, boolean>();
  certificate.verify = (issuer = certificate) => {
    const known = byIssuer.get(issuer) ?? verify(issuer);
    byIssuer.set(issuer, known);
    return known;
  };
  return certificate;
}

function keepEncoding(part: ASN1Obj): void {
  const encode = part.toDER.bind(part);
  let der: Buffer | undefined;
  part.toDER = () => (der ??= encode());
}
