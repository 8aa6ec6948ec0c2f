import { X509Certificate } from '@sigstore/core';
import { expect, test } from 'vitest';
import { settled } from '../../evidence/settled-certificate.ts';
import { MockSigstore } from './mock-sigstore.ts';
import { provenance, workflow } from './release.ts';

test('a certificate that keeps what was worked out of it answers as before, for each issuer', async () => {
  const [one, other] = await Promise.all([MockSigstore.make(), MockSigstore.make()]);
  const bundle = await one.statement(provenance(), workflow());
  const der = Buffer.from(bundle.verificationMaterial.certificate?.rawBytes ?? '', 'base64');
  const leaf = settled(X509Certificate.parse(Buffer.from(der)));
  const [own, strange] = [one, other].map((each) => each.root('public-good').material.certificateAuthorities[0]);
  const [issuer, stranger] = [own?.certChain[0], strange?.certChain[0]];
  if (issuer === undefined || stranger === undefined) throw new Error('no authority');
  const answers = () => [leaf.verify(issuer), leaf.verify(stranger), leaf.verify(), issuer.verify()];
  expect(answers()).toEqual([true, false, false, true]);
  expect(answers()).toEqual([true, false, false, true]);
  expect(leaf.root.toDER()).toEqual(der);
  const copy = leaf.clone();
  copy.extensions.splice(0, 1);
  expect(copy.tbsCertificate.toDER()).not.toEqual(leaf.tbsCertificate.toDER());
  expect(leaf.root.toDER()).toEqual(der);
});
