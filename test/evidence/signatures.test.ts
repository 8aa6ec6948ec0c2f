import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { collectEvidence } from '../../evidence/collect.ts';
import type { CollectInput } from '../../evidence/collect.ts';
import { readKeys } from '../../evidence/keys/keys.ts';
import { parseMinisignature } from '../../evidence/keys/minisign.ts';
import { parseDetached } from '../../evidence/keys/openpgp.ts';
import { parseRequirement } from '../../evidence/require.ts';
import { verifyEvidence } from '../../evidence/verify.ts';
import { readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { fileSigner, newKey } from '../../ledger/signing/signer.ts';
import { sha256 } from './mock-sigstore.ts';
import { newMinisign } from './minisign-maker.ts';
import { FILES, entryOf, readerOf, subjectOf } from './release.ts';

const sums = (algorithm: 'sha256' | 'sha512', files = FILES) =>
  Buffer.from(
    Object.entries(files)
      .map(([name, bytes]) => `${createHash(algorithm).update(bytes).digest('hex')}  ${name}\n`)
      .join(''),
  );

let key: { fingerprint: string; file: Buffer; sign: (data: Uint8Array) => Promise<Buffer> };
beforeAll(async () => {
  const made = await newKey({ userId: 'upstream <up@example.com>' });
  const signer = await fileSigner({ key: made.secret });
  const { fingerprint } = await readKeyFile(made.public);
  key = { fingerprint, file: Buffer.from(made.public), sign: async (data) => Buffer.from(await signer.sign(data)) };
});

interface Offered {
  readonly files?: Readonly<Record<string, Buffer>>;
  readonly words?: readonly string[];
  readonly pinned?: boolean;
  readonly unrecorded?: Readonly<Record<string, Buffer>>;
}

/** Collects what lies among a release's files: statements by name, and lists that the record doesn't hold. */
async function collect({ files = {}, words = [], pinned = true, unrecorded = {} }: Offered) {
  const requirements = words.map((word) => parseRequirement(word, (glob) => glob));
  const lists = Object.entries(unrecorded).map(([name, bytes]) => ({ name, bytes, sha256: sha256(bytes) }));
  const input: CollectInput = {
    subject: subjectOf(),
    offers: Object.entries(files).map(([name, bytes]) => ({ from: name, name, bytes })),
    lists,
    keys: await readKeys(pinned ? [{ name: `${key.fingerprint}.asc`, bytes: key.file }] : [], requirements),
    roots: [],
    requirements,
    keep: 'all',
    read: readerOf(),
  };
  return { input, collected: await collectEvidence(input) };
}

/** What was collected verifies again from the record alone. */
async function again({ input, collected }: Awaited<ReturnType<typeof collect>>) {
  const { subject, roots, read } = input;
  return verifyEvidence({ subject, roots, read, entries: collected.entries, bytes: collected.bytes });
}

describe('an OpenPGP signature', () => {
  test.each(['sha256', 'sha512'] as const)(
    'over a %s list covers what it lists; list and key are kept',
    async (algorithm) => {
      const list = sums(algorithm);
      const found = await collect({
        files: { 'SHA256SUMS.asc': await key.sign(list) },
        unrecorded: { SHA256SUMS: list },
        words: [`openpgp:${key.fingerprint}`],
      });
      expect(found.collected.entries.map(({ kind }) => kind).sort()).toEqual(['key', 'list', 'openpgp']);
      const [statement] = await again(found);
      expect(statement).toMatchObject({
        kind: 'openpgp',
        signer: key.fingerprint,
        files: ['tool-darwin-arm64', 'tool-linux-amd64'],
      });
    },
  );

  test('over a list with another digest for a recorded file refuses the release', async () => {
    const list = sums('sha256', { ...FILES, 'tool-linux-amd64': Buffer.from('other') });
    const files = { 'SHA256SUMS.asc': await key.sign(list) };
    await expect(collect({ files, unrecorded: { SHA256SUMS: list } })).rejects.toThrow(
      'gives another digest for tool-linux-amd64',
    );
  });

  test('over other bytes refuses the release, and one by a stranger counts as nothing', async () => {
    const files = { 'tool-linux-amd64.asc': await key.sign(Buffer.from('other')) };
    await expect(collect({ files })).rejects.toThrow('does not verify: it does not fit the file');
    const { collected } = await collect({ files, pinned: false });
    expect(collected.entries).toEqual([]);
    expect(collected.notes.join()).toContain('which is not pinned');
  });

  test('is taken with armour headers and CRLF, and as bytes without armour', async () => {
    const signed = (await key.sign(FILES['tool-linux-amd64'] ?? Buffer.alloc(0))).toString();
    const dressed = signed.replace('SIGNATURE-----\n', 'SIGNATURE-----\nVersion: GnuPG v2\n').replaceAll('\n', '\r\n');
    const bare = Buffer.from(signed.replace(/-----[^-]*-----|=[A-Za-z0-9+/]{4}$/gm, '').replaceAll('\n', ''), 'base64');
    for (const bytes of [Buffer.from(dressed), bare]) {
      expect(parseDetached(bytes)).toHaveLength(1);
      const found = await collect({ files: { 'tool-linux-amd64.sig': bytes } });
      expect((await again(found))[0]?.files).toEqual(['tool-linux-amd64']);
    }
  });

  test('is found among those of several people, whose armour blocks follow one another', async () => {
    const bytes = FILES['tool-linux-amd64'] ?? Buffer.alloc(0);
    const stranger = await fileSigner({ key: (await newKey({ userId: 'stranger <s@example.com>' })).secret });
    const others = Buffer.from(await stranger.sign(bytes));
    for (const blocks of [
      [others, await key.sign(bytes)],
      [await key.sign(bytes), Buffer.from('\r\n'), others],
    ]) {
      const found = await collect({ files: { 'tool-linux-amd64.asc': Buffer.concat(blocks) } });
      expect((await again(found))[0]).toMatchObject({ signer: key.fingerprint, files: ['tool-linux-amd64'] });
    }
    for (const between of ['a text\n', '-----BEGIN PGP SIGNATURE-----\n']) {
      const joined = Buffer.concat([others, Buffer.from(between), others]);
      expect(() => parseDetached(joined)).toThrow('it is not a detached OpenPGP signature');
    }
  });

  test('whose key is kept in two copies does not count', async () => {
    const signature = await key.sign(FILES['tool-linux-amd64'] ?? Buffer.alloc(0));
    const copy = Buffer.concat([key.file, Buffer.from('\n')]);
    const keys = [key.file, copy].map((file) => entryOf('key', file, { signer: key.fingerprint }));
    const entries = [entryOf('openpgp', signature, { signer: key.fingerprint }), ...keys];
    const bytes = new Map([signature, key.file, copy].map((each) => [sha256(each), each]));
    const verify = (count: number) =>
      verifyEvidence({
        subject: subjectOf(),
        entries: entries.slice(0, count),
        bytes,
        roots: [],
        read: readerOf(),
      });
    await expect(verify(2)).resolves.toHaveLength(1);
    await expect(verify(3)).rejects.toThrow('another key of that signer is kept too');
  });

  test('whose key is not kept with it does not count', async () => {
    const signature = await key.sign(FILES['tool-linux-amd64'] ?? Buffer.alloc(0));
    const entry = entryOf('openpgp', signature, { signer: key.fingerprint });
    const verify = verifyEvidence({
      subject: subjectOf(),
      entries: [entry],
      bytes: new Map([[entry.sha256, signature]]),
      roots: [],
      read: readerOf(),
    });
    await expect(verify).rejects.toThrow(`the key of ${key.fingerprint} is not kept with it`);
  });

  test('by a key file of another name is exit 2', async () => {
    await expect(readKeys([{ name: `${'A'.repeat(40)}.asc`, bytes: key.file }], [])).toFailWith('E_CONFIG');
  });
});

describe('a minisign signature', () => {
  const pair = newMinisign();
  const file = FILES['tool-linux-amd64'] ?? Buffer.alloc(0);
  const words = [`minisign:${pair.publicKey}`];

  test.each([false, true])('verifies in its form of today and the older one (%s)', async (legacy) => {
    const list = sums('sha256');
    const files = { 'checksums.txt.minisig': pair.signFile(list, { legacy }) };
    const found = await collect({ files, words, unrecorded: { 'checksums.txt': list } });
    expect(await again(found)).toMatchObject([
      { signer: pair.publicKey, signedAt: '2025-10-09T08:53:20.000Z', files: { length: 2 } },
    ]);
  });

  test('over a list of other files than those that are recorded counts as nothing, and refuses nothing', async () => {
    const [mine, other] = [sums('sha256'), sums('sha256', { 'tool-windows.exe': Buffer.from('x') })];
    const unrecorded = { 'linux_checksums.txt': mine, 'windows_checksums.txt': other };
    const files = {
      'linux_checksums.txt.minisig': pair.signFile(mine),
      'windows_checksums.txt.minisig': pair.signFile(other),
    };
    const { collected } = await collect({ files, words, unrecorded });
    expect(collected.statements).toMatchObject([{ files: { length: 2 } }]);
    expect(collected.notes).toEqual([expect.stringContaining('windows_checksums.txt.minisig counts as nothing')]);
    const weak = Buffer.from(`${'a'.repeat(32)}  tool-linux-amd64\n`);
    const alone = { files: { 'checksums.txt.minisig': pair.signFile(weak) }, unrecorded: { 'checksums.txt': weak } };
    await expect(collect({ ...alone, words })).rejects.toThrow('is required, and there is none');
  });

  test('over a list that names a file twice, rightly and wrongly, refuses the release', async () => {
    const list = Buffer.concat([sums('sha256'), Buffer.from(`${'0'.repeat(64)}  ./tool-linux-amd64\n`)]);
    const files = { 'checksums.txt.minisig': pair.signFile(list) };
    await expect(collect({ files, words, unrecorded: { 'checksums.txt': list } })).rejects.toThrow(
      'gives another digest for tool-linux-amd64',
    );
  });

  test('with a trusted comment that was changed refuses the release', async () => {
    const signed = pair.signFile(file).toString().replace('timestamp:1760000000', 'timestamp:1770000000');
    await expect(collect({ files: { 'tool-linux-amd64.minisig': Buffer.from(signed) }, words })).rejects.toThrow(
      'trusted comment is not signed by its key',
    );
  });

  test('over other bytes refuses the release; required and missing too', async () => {
    const files = { 'tool-linux-amd64.minisig': pair.signFile(Buffer.from('other')) };
    await expect(collect({ files, words })).rejects.toThrow('verifies over no recorded file');
    await expect(collect({ words })).rejects.toThrow('is required, and there is none');
  });

  test.each([
    ['a line too many', (text: string) => `${text}more\n`],
    ['no untrusted comment', (text: string) => text.replace('untrusted ', '')],
    ['a cut signature', (text: string) => text.replace(/\nRU.{10}/, '\nRU')],
    ['another algorithm', (text: string) => text.replace('\nRU', '\nRX')],
  ])('with %s is not one', (_, change) => {
    expect(() => parseMinisignature(Buffer.from(change(pair.signFile(file).toString())))).toThrow(
      'it is not a minisign signature',
    );
  });
});

describe('what is offered and counts as nothing is said', () => {
  test.each([
    ['tool-linux-amd64.sig', Buffer.from('MEUCIQDx'), 'it is not a detached OpenPGP signature'],
    ['tool-linux-amd64.bundle', Buffer.from('{"base64Signature":"x"}'), 'it is not a Sigstore bundle'],
    [
      'tool-linux-amd64.intoto.jsonl',
      Buffer.from('{"payloadType":"a","payload":"","signatures":[]}'),
      'a bare envelope without an entry',
    ],
  ])('%s', async (name, bytes, sentence) => {
    const { collected } = await collect({ files: { [name]: bytes } });
    expect(collected.entries).toEqual([]);
    expect(collected.notes.join()).toContain(sentence);
  });

  test('but what bears the name of a bundle and is none refuses the release', async () => {
    for (const bytes of [Buffer.from('{}'), Buffer.alloc(2_000_000, 0x20), Buffer.from('['.repeat(1000))]) {
      await expect(collect({ files: { 'tool-linux-amd64.sigstore.json': bytes } })).toFailWith('E_EVIDENCE');
    }
  });

  test('a list that no signature covers, and a key that signed nothing, are not evidence', async () => {
    const list = sums('sha256');
    const entries = [entryOf('list', list), entryOf('key', key.file, { signer: key.fingerprint })];
    const bytes = new Map([list, key.file].map((each) => [sha256(each), each]));
    const verify = (only: number) =>
      verifyEvidence({
        subject: subjectOf(),
        entries: entries.slice(only, only + 1),
        bytes,
        roots: [],
        read: readerOf(),
      });
    await expect(verify(0)).rejects.toThrow('no signature covers the list');
    await expect(verify(1)).rejects.toThrow('nothing is signed by the key');
  });
});
