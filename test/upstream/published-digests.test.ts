import { describe, expect, it } from 'vitest';
import { LIST_BYTES, parseDigestList } from '../../evidence/lists/digest-list.ts';
import { checkBytes, describeChecks, statementsOf } from '../../upstream/published-digests.ts';
import type { ChosenFile } from '../../upstream/choose-files.ts';
import type { Asset } from '../../github/types.ts';
import type { Requirement } from '../../upstream/tool-definition.ts';
import { asset, digest } from '../kit/releases.ts';

const A = digest('a');
const B = digest('b');
const A512 = digest('a', 'sha512');
const utf8 = (text: string) => new TextEncoder().encode(text);

function listed(text: string, listName = 'sums.txt'): Record<string, { sha256?: string; sha512?: string }> {
  return Object.fromEntries(
    [...parseDigestList(utf8(text), listName)].map(([name, digests]) => [
      name,
      {
        ...(digests.sha256.size > 0 ? { sha256: [...digests.sha256].join() } : {}),
        ...(digests.sha512.size > 0 ? { sha512: [...digests.sha512].join() } : {}),
      },
    ]),
  );
}

describe('a list of digests', () => {
  it.each([
    ['GNU', `${A}  a\n`],
    ['GNU, binary', `${A} *a\n`],
    ['GNU, ./', `${A}  ./a\n`],
    ['GNU, CRLF', `${A}  a\r\n`],
    ['GNU, upper case', `${A.toUpperCase()}  a\n`],
    ['GNU, a tab, no newline', `${A}\ta`],
    ['BSD', `SHA256 (a) = ${A}\n`],
    ['BSD, SHA-256', `SHA-256 (a) = ${A}\n`],
    ['with a byte order mark', `\uFEFF${A}  a\n`],
    ['with comments and blank lines', `# sums\n\n${A}  a\n-----BEGIN PGP SIGNATURE-----\n`],
  ])('%s', (_, text) => {
    expect(listed(text)).toEqual({ a: { sha256: A } });
  });

  it('names files as coreutils escapes them, in a line that begins with a backslash', () => {
    expect(listed(`\\${A}  dist\\\\a\n`)).toEqual({ a: { sha256: A } });
    expect(listed(`\\SHA256 (dist\\\\a) = ${A}\n`)).toEqual({ a: { sha256: A } });
    // A line break in a name leaves no name behind it.
    expect(listed(`\\${A}  x\\na\n\\SHA256 (x\\na) = ${B}\n`)).not.toHaveProperty('na');
    expect(listed(`\\${A}  x\\na\n`)).not.toHaveProperty('a');
  });

  it('of one digest alone speaks of the asset that it is named after', () => {
    expect(listed(`${A}\n`, 'a.sha256')).toEqual({ a: { sha256: A } });
    expect(listed(`${A}`, 'a.tar.gz.sha256sum')).toEqual({ 'a.tar.gz': { sha256: A } });
    expect(listed(`${A512}\n`, 'a.sha512')).toEqual({ a: { sha512: A512 } });
    expect(listed(`${A}\n`, 'a.sha512')).toEqual({});
    expect(listed(`${A}\n`, 'digests.txt')).toEqual({});
    expect(listed(`${A}\n${B}\n`, 'a.sha256')).toEqual({ a: { sha256: `${A},${B}` } });
  });

  it('tells algorithms apart by length, and a BSD line by its word', () => {
    expect(listed(`${A}  a\n${A512}  a\n`)).toEqual({ a: { sha256: A, sha512: A512 } });
    expect(listed(`SHA512 (a) = ${A512}\n`)).toEqual({ a: { sha512: A512 } });
    expect(listed(`SHA512 (a) = ${A}\nMD5 (a) = ${digest('a', 'md5')}\n`)).toEqual({});
    expect(listed(`${digest('a', 'md5')}  a\n${A}0  a\n`)).toEqual({});
  });

  it.each([
    ['dist/', `${A}  dist/a\n`],
    ['an absolute path', `${A}  /home/runner/work/tool/a\n`],
    ["Windows' separators", `${A} *386\\a\n`],
    ['a space before the digest', ` ${A}  a\n`],
    ['OpenSSL 1', `SHA256(a)= ${A}\n`],
    ['OpenSSL 3', `SHA2-256(a)= ${A}\n`],
    ['the name first', `a: ${A}\n`],
    ['the name first, and the algorithm', `a  sha256:${A}\n`],
    ["PowerShell's table", `Algorithm  Hash  Path\n---------  ----  ----\nSHA256  ${A.toUpperCase()}  C:\\out\\a\n`],
    ["PowerShell's list", `Algorithm : SHA256\nHash      : ${A.toUpperCase()}\nPath      : C:\\out\\a\n`],
    ["certutil's", `SHA256 hash of a:\r\n${A}\r\nCertUtil: -hashfile command completed successfully.\r\n`],
    ["OpenSSL's of standard input, in a list of its own", `SHA2-256(stdin)= ${A}\n`, 'a.sha256'],
    ['all digests of one file, as v2ray has them', `MD5= ${digest('a', 'md5')}\nSHA2-256= ${A}\n`, 'a.dgst'],
    ['a table of Markdown', `| File | SHA-256 |\n|---|---|\n| \`a\` | ${A} |\n`],
    ['bullets of Markdown', `- \`a\`: \`${A}\`\n`],
    ['an object of JSON', `{\n  "a": "${A}",\n  "b": 1\n}\n`],
    ['CSV', `file,sha256\na,${A}\n`],
    ['CSV, the digest first', `${A},a\n`],
    ['the name first, and the algorithm in brackets', `a (SHA256): ${A}\n`],
    ['the algorithm first', `SHA256 a ${A}\n`],
    ["Debian's, with sizes", `SHA256:\n ${A} 1234 main/a\n`],
    [
      'signed in clear text',
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${A}  a\n-----BEGIN PGP SIGNATURE-----\n`,
    ],
    [
      'below a heading, beside those of other algorithms',
      `BLAKE3:\n${B}  a\n\n# SHA-256 sums\n${A}  a\nmd5\n${B}  a\n`,
    ],
    ['beside md5 and sha1', `${digest('a', 'md5')}  a\n${'0'.repeat(40)}  a\n${A}  a\n`],
  ] as [string, string, string?][])('%s', (_, text, listName) => {
    expect(listed(text, listName)).toEqual({ a: { sha256: A } });
  });

  it.each([`SHA3-256(a)= ${A}\n`, `BLAKE2s256 (a) = ${A}\n`, `BLAKE3\n${A}  a\n`, `${A}${A}${A}  a\n`])(
    'of other algorithms with as many digits says nothing: %j',
    (text) => {
      expect(listed(text).a).toBeUndefined();
    },
  );

  it('in UTF-16, as PowerShell 5 redirects it', () => {
    const le = Buffer.from(`\uFEFF${A}  a\r\n`, 'utf16le');
    expect([...parseDigestList(le, 'x').keys()]).toEqual(['a']);
    expect([...parseDigestList(Buffer.from(le).swap16(), 'x').keys()]).toEqual(['a']);
    const unmarked = Buffer.from(`${A}\r\n`, 'utf16le');
    expect([...parseDigestList(unmarked, 'a.sha256').keys()]).toEqual(['a']);
    expect([...parseDigestList(Buffer.from(unmarked).swap16(), 'a.sha256').keys()]).toEqual(['a']);
  });

  it('names other files where the name has more blanks or another case; a blank is a dot on GitHub', () => {
    expect(Object.keys(listed(`${A}  a_1~rc1 (2).deb\n`))).toContain('a_1.rc1.2.deb');
    expect(Object.keys(listed(`${A}  A\n${A}  a b\n`))).toEqual(['A', 'a b', 'a.b']);
  });

  it.each([
    ['a.sha', ['a'], 'a'],
    ['a-sha256.txt', ['a'], 'a'],
    ['a.tar.gz.sha256.txt', ['a.tar.gz'], 'a.tar.gz'],
    ['kdash-macos.sha256', ['kdash-macos.tar.gz', 'kdash-linux.tar.gz'], 'kdash-macos.tar.gz'],
    ['a.sha256', ['a.zip', 'a.tar.gz'], 'a'],
  ])('%s of one digest, among %j, is of %s', (list, files, name) => {
    expect([...parseDigestList(utf8(` ${A}\n`), list, files).keys()]).toEqual([name]);
    expect([...parseDigestList(utf8(`${A}  -\n`), list, files).keys()]).toEqual([name]);
  });

  it('with two digests for one name says both, which no bytes satisfy', () => {
    expect(listed(`${A}  linux/a\n${B}  darwin/a\n`)).toEqual({ a: { sha256: `${A},${B}` } });
    const files = [chosen('a', silent)];
    expect(() => statementsOf(CHECKSUMS, files, [list(`${A}  linux/a\n${B}  darwin/a\n`)])).toThrow(
      'sums.txt says two different sha256',
    );
  });

  it('that is too long or not UTF-8 says nothing', () => {
    const long = utf8(`${A}  a\n`.padEnd(LIST_BYTES + 1, '\n'));
    expect(parseDigestList(long, 'x').size).toBe(0);
    expect(parseDigestList(Uint8Array.from([...utf8(`${A}  a\n`), 0xff]), 'x').size).toBe(0);
  });

  // What is quadratic would take hours.
  it.each([
    [`${A} ${' '.repeat(LIST_BYTES - 80)}`, 'x'],
    [`SHA256 (${')'.repeat(LIST_BYTES - 80)}`, 'x'],
    ['a'.repeat(LIST_BYTES), 'a.sha256'],
    [`${A}\t\t*`.repeat(60_000), 'x'],
  ])('of four mebibytes without a line end says at most one thing', (text, name) => {
    expect(parseDigestList(utf8(text), name).size).toBeLessThanOrEqual(1);
  });
});

const chosen = (name: string, changes: Partial<Asset> = {}): ChosenFile => ({
  kind: 'asset',
  name,
  asset: asset(name, changes),
});
const silent = { sha256: undefined };
const CHECKSUMS: Requirement[] = [{ kind: 'checksums', glob: '*.txt' }];
const list = (text: string, name = 'sums.txt') => ({ name, bytes: utf8(text) });

describe('evidence', () => {
  it("is GitHub's digest where there is one, required or not", () => {
    expect(statementsOf([], [chosen('a')], []).get('a')).toEqual([{ by: 'github', algorithm: 'sha256', digest: A }]);
    const external: ChosenFile = { kind: 'external', name: 'x', url: 'https://h.example/x' };
    expect([...statementsOf([], [external, chosen('a', silent)], []).values()]).toEqual([[], []]);
  });

  it('of checksums: must list every other recorded file; the lists themselves need no line', () => {
    const files = [chosen('a'), chosen('b'), chosen('sums.txt')];
    const both = statementsOf(CHECKSUMS, files, [list(`${A}  a\n${B}  b\n`)]);
    expect(both.get('a')).toHaveLength(2);
    expect(both.get('sums.txt')).toHaveLength(1);
    expect(() => statementsOf(CHECKSUMS, files, [list(`${A}  a\n`)])).toThrow(/sums\.txt has no sha256 or sha512 of b/);
  });

  it.each([
    [`${A}  b\n${B}  c\n`, 'sums.txt has no sha256 or sha512 of a, only of b, c'],
    [`{"a":"${A}"}`, 'sums.txt names a, but without a sha256 or sha512 in a form that is read'],
    [
      `files:\n  - name: a\n    sha256: ${A}\n`,
      'sums.txt names a, but without a sha256 or sha512 in a form that is read',
    ],
    [`${A}  a.zip\n`, 'sums.txt has no sha256 or sha512 of a, only of a.zip'],
    ['<html>not found</html>', 'sums.txt has no sha256 or sha512 of a, nor of any other file'],
    [`${digest('a', 'md5')}  a\n`, 'sums.txt has only md5 or sha1 of a, which do not count'],
    ['\xff', 'sums.txt is not text in UTF-8 or UTF-16'],
  ])('of a list that says nothing of a file: the reason of %j is right', (text, message) => {
    const one = { name: 'sums.txt', bytes: text === '\xff' ? Uint8Array.of(0xc3, 0x28) : utf8(text) };
    expect(() => statementsOf(CHECKSUMS, [chosen('a', silent)], [one])).toThrow(message);
  });

  it('of lists for each file: the reason is that of the file that has none', () => {
    const each: Requirement[] = [{ kind: 'checksums', glob: '*.sha256' }];
    const lists = [list(`${A}\n`, 'a.sha256'), list(`${digest('b', 'md5')}\n`, 'b.sha256')];
    expect(() => statementsOf(each, [chosen('a'), chosen('b')], lists)).toThrow('b.sha256 has only md5 or sha1 of b');
    expect(() => statementsOf(each, [chosen('a'), chosen('c')], lists)).toThrow('none of a.sha256, b.sha256 has');
  });

  it('of a list that is named after a stem is about the only file of the release that has it, recorded or not', () => {
    const each: Requirement[] = [{ kind: 'checksums', glob: '*.sha256' }];
    const files = [chosen('a.tar.gz', silent)];
    const lists = [list(`${B}\n`, 'a.sha256')];
    expect(statementsOf(each, files, lists, ['a.tar.gz', 'a.sha256']).get('a.tar.gz')).toHaveLength(1);
    expect(() => statementsOf(each, files, lists, ['a.tar.gz', 'a.zip', 'a.sha256'])).toThrow('a.sha256 has no sha256');
  });

  it('without a line for a file is E_EVIDENCE, not a pass', async () => {
    for (const text of ['', `${A}  A\n`, `${A}  dist/b\n`, 'a is fine, trust us\n', `${digest('a', 'md5')}  a\n`]) {
      await expect(() => statementsOf(CHECKSUMS, [chosen('a')], [list(text)])).toFailWith('E_EVIDENCE');
    }
  });

  it('may be spread over several lists, of one digest each', () => {
    const lists = [list(`${A}\n`, 'a.sha256'), list(`${B}\n`, 'b.sha256')];
    const files = [chosen('a', silent), chosen('b', silent), chosen('a.sha256'), chosen('b.sha256')];
    const statements = statementsOf([{ kind: 'checksums', glob: '*.sha256' }], files, lists);
    expect(statements.get('b')).toContainEqual({ by: 'list', list: 'b.sha256', algorithm: 'sha256', digest: B });
  });

  it('that contradicts itself is E_EVIDENCE', async () => {
    const twice = () => statementsOf(CHECKSUMS, [chosen('a', silent)], [list(`${A}  a\n${B}  a\n`)]);
    await expect(twice).toFailWith('E_EVIDENCE');
    const github = () => statementsOf(CHECKSUMS, [chosen('a')], [list(`${B}  a\n`)]);
    await expect(github).toFailWith('E_EVIDENCE');
    const lists = () => statementsOf(CHECKSUMS, [chosen('a')], [list(`${A}  a\n`), list(`${B}  a\n`, 'other.txt')]);
    await expect(lists).toFailWith('E_EVIDENCE');
  });

  it('each checksums: requirement must be met by itself', async () => {
    const both: Requirement[] = [...CHECKSUMS, { kind: 'checksums', glob: '*.sums' }];
    const lists = [list(`${A}  a\n`), list('', 'x.sums')];
    await expect(() => statementsOf(both, [chosen('a')], lists)).toFailWith('E_EVIDENCE');
  });

  it('holds the bytes against every statement', async () => {
    const statements = statementsOf(CHECKSUMS, [chosen('a')], [list(`${A512}  a\n`)]).get('a') ?? [];
    checkBytes('a', { sha256: A, sha512: A512 }, statements);
    await expect(() => checkBytes('a', { sha256: B, sha512: A512 }, statements)).toFailWith('E_DIGEST_MISMATCH');
    await expect(() => checkBytes('a', { sha256: A, sha512: '0' }, statements)).toFailWith('E_DIGEST_MISMATCH');
    await expect(() => checkBytes('a', { sha256: A }, statements)).toFailWith('E_DIGEST_MISMATCH');
  });

  it('is told in lines that say of how many files', () => {
    const files = [chosen('a'), chosen('b', silent), chosen('sums.txt', silent)];
    const statements = statementsOf(CHECKSUMS, files, [list(`${A}  a\n${B}  b\n${A512}  a\n`)]);
    expect(describeChecks(files, statements)).toEqual([
      "GitHub's digest (sha256): equal for 1 of 3 files",
      'sums.txt (sha256): equal for 2 of 3 files',
      'sums.txt (sha512): equal for 1 of 3 files',
      'nothing was published to compare with for sums.txt',
    ]);
  });
});
