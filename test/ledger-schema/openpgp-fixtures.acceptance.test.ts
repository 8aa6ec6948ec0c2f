import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { concatBytes } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { LedgerFiles } from '../../ledger-schema/files.ts';
import { Keyring } from '../../ledger-schema/openpgp/keyring.ts';
import { verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import type { Judgement, KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import { buildFixtures } from '../fixtures/openpgp/fixtures.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';
import type { Case } from '../fixtures/openpgp/fixtures.ts';
import { readReals } from '../fixtures/openpgp/real.ts';
import { Recorded } from '../fixtures/openpgp/recorded.ts';
import { codeThrown } from '../matchers.ts';

/** The key as a policy lists it, by the name and digest of its file. */
async function listedKey({ key, fingerprint, listed }: Case): Promise<KeyFile> {
  const files: LedgerFiles = {
    list: async () => [],
    read: async (path) => (path === `trust/keys/${fingerprint}.${listed.slice(0, 16)}.asc` ? fixture(key) : undefined),
  };
  try {
    return await new Keyring(files).key({ fingerprint, sha256: listed });
  } catch (error) {
    // A listed key that can't be read is a fault of the policy; its cause says which rule of a key file it breaks.
    throw error instanceof PullthroughError && error.cause instanceof PullthroughError ? error.cause : error;
  }
}

/** As the format has it for each role that a key may be in. */
function judgement({ mode, now }: Case): Judgement {
  return { now: new Date(now), revocation: mode === 'current' || mode === 'root', expiry: mode === 'current' };
}

async function verify(each: Case): Promise<void> {
  const signature = parseSignatureFile(fixture(each.signature));
  const data = concatBytes(...each.data.map(fixture));
  await verifySignature(signature, data, await listedKey(each), judgement(each));
}

test.each(cases)('$name is $expect', async (each) => {
  const code = await codeThrown(() => verify(each));
  expect(code).toBe(each.expect === 'good' ? 'nothing was thrown' : each.expect);
});

test('a revocation by the key itself is never passed over', async () => {
  const odd = /^revoked-(primary|subkey|only-user-id)-(critical|without|naming|dated|unhashed|md5|ripemd|sha)/;
  const revoked = cases.filter(({ name }) => odd.test(name));
  expect(revoked.length).toBeGreaterThan(30);
  for (const each of revoked)
    expect([each.name, await codeThrown(() => verify(each))]).toEqual([each.name, 'E_KEY_UNUSABLE']);
});

test('the forgeries are by good keys over good data: what makes each bad is its one fault', () => {
  const files = new Set(cases.filter(({ expect }) => expect === 'good').map(({ key }) => key));
  const bad = cases.filter(({ expect, rule }) => expect.startsWith('E_SIG') && rule.startsWith('exactly one'));
  expect(bad.length).toBeGreaterThan(80);
  expect(bad.filter(({ key }) => !files.has(key)).map(({ name }) => name)).toEqual(['key-version-6']);
});

test('the committed fixtures are what their script makes, and nothing else lies there', () => {
  const folder = 'test/fixtures/openpgp';
  const recorded = new Recorded(readFileSync(`${folder}/recorded.json`, 'utf8'));
  const built = buildFixtures(recorded, readReals(`${folder}/real`));
  const committed = ['data', 'keys', 'signatures'].flatMap((name) =>
    readdirSync(`${folder}/${name}`).map((file) => `${name}/${file}`),
  );
  expect(committed.sort()).toEqual([...built.files.keys()].sort());
  for (const [path, bytes] of built.files)
    expect([path, Buffer.from(bytes).equals(fixture(path))]).toEqual([path, true]);
  expect(recorded.toString()).toBe(readFileSync(`${folder}/recorded.json`, 'utf8'));
  const unmeasured = cases.map(({ gpgv, sqv, why, ...rest }) => ({ rest, others: [gpgv, sqv, why] }).rest);
  expect(unmeasured).toEqual(built.cases);
});

test('every sentence that the fixtures test is in the ledger format or its page about signatures, word for word', () => {
  const pages = ['docs/ledger-format.md', 'docs/openpgp.md'].map((path) => readFileSync(path, 'utf8'));
  const page = pages.join('\n').replace(/\s+/g, ' ');
  const missing = new Set(cases.map(({ rule }) => rule).filter((rule) => !page.includes(rule)));
  expect([...missing]).toEqual([]);
});
