import { beforeAll, expect, test } from 'vitest';
import { keyHint, keySigner, loggedKeySigner } from '../../consumer/stamps/signer.ts';
import type { StampSigner } from '../../consumer/stamps/signer.ts';
import type { MinisignSigner } from '../../evidence/keys/minisign-secret.ts';
import { openLoggedKey } from '../../evidence/sigstore/logged-key.ts';
import { emptyStatement, newStampSigner } from '../kit/stamps.ts';
import { startSigstore } from '../servers/sigstore-server.ts';
import type { SigstoreServer } from '../servers/sigstore-server.ts';
import { MockSigstore } from './mock-sigstore.ts';

const statement = emptyStatement();
let mock: MockSigstore;
let key: MinisignSigner;

beforeAll(async () => {
  mock = await MockSigstore.make();
  ({ key } = await newStampSigner());
});

function open({ url: rekor }: SigstoreServer, by = key, roots = [mock.root('added')]): StampSigner {
  const { spki } = by;
  return loggedKeySigner(by, openLoggedKey({ spki, hint: keyHint(by), sign: (text) => by.sign(text), rekor, roots }));
}

test('what a key signs is logged, and is its own only where it is', async () => {
  await using server = await startSigstore(mock, {});
  const signer = open(server);
  const bundle = await signer.sign(statement);
  expect(JSON.parse(Buffer.from(bundle).toString())).toMatchObject({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: keyHint(key) }, tlogEntries: [{ kindVersion: { kind: 'dsse' } }] },
    dsseEnvelope: { payloadType: 'application/vnd.in-toto+json', payload: statement.toString('base64') },
  });
  expect(server.asked).toEqual(['/api/v1/log/entries']);
  expect(signer.signed(bundle)).toBe(true);
  // The key alone says so too; without a log it says nothing here.
  expect(keySigner(key).signed(bundle)).toBe(true);
  expect(signer.signed(await keySigner(key).sign(statement))).toBe(false);
  const { key: another } = await newStampSigner();
  expect(open(server, another).signed(bundle)).toBe(false);
});

test('what the log has already is fetched from it: a key signs the same bytes the same way', async () => {
  await using server = await startSigstore(mock, {});
  const first = await open(server).sign(statement);
  // As in another folder, or after a run whose answer was lost.
  expect(Buffer.from(await open(server).sign(statement)).equals(Buffer.from(first))).toBe(true);
  expect(server.asked).toEqual([
    '/api/v1/log/entries',
    '/api/v1/log/entries',
    expect.stringMatching(/^\/api\/v1\/log\/entries\/[0-9a-f]+$/) as string,
  ]);
});

test('a log that is not trusted here, or refuses, gives nothing', async () => {
  await using server = await startSigstore(mock, {});
  const other = await MockSigstore.make();
  await expect(open(server, key, [other.root('added')]).sign(statement)).toFailWith('E_SIGNING');
  server.refuse('/api/v1/log/entries', 403);
  await expect(open(server).sign(statement)).toFailWith('E_SIGNING');
});
