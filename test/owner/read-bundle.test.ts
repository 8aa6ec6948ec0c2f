import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBundle } from '../../owner/bundle/read-bundle.ts';

const KEY = `sha256/aa/${'a'.repeat(64)}`;

interface Entry {
  readonly name: string;
  readonly body?: string;
  /** One character; `0`: a file. */
  readonly type?: string;
  /** Instead of the body's. */
  readonly size?: number | Buffer;
  readonly link?: string;
  readonly checksum?: number;
}

/** One entry of a tar, as no packer would write it. */
function block({ name, body = '', type = '0', size, link = '', checksum }: Entry): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  const octal = (number: number) => Buffer.from(`${number.toString(8).padStart(11, '0')}\0`);
  header.set(typeof size === 'object' ? size : octal(size ?? Buffer.byteLength(body)), 124);
  header.write('00000000000\0', 136);
  header.fill(' ', 148, 156);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\u000000', 257);
  const sum = checksum ?? [...header].reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const bytes = Buffer.from(body);
  return Buffer.concat([header, bytes, Buffer.alloc(-bytes.length & 511)]);
}

/** A record of a pax header. */
function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (Buffer.byteLength(`${length}${rest}`) !== length) length += 1;
  return `${length}${rest}`;
}

const END = Buffer.alloc(1024);
const START = [
  { name: 'bundle.json', body: '{}' },
  { name: 'ledger.bundle', body: 'git' },
].map(block);
const GOOD = Buffer.concat([...START, block({ name: KEY, body: 'bytes' }), END]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-tar-'));
});
afterAll(() => rm(folder, { recursive: true }));

let made = 0;
/** What is read of a tar of these bytes. */
async function read(bytes: Buffer): Promise<string[]> {
  const path = join(folder, `${(made += 1)}.tar`);
  await writeFile(path, bytes);
  return found(path);
}

async function found(path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { path: name, size, body } of readBundle(path)) {
    let text = '';
    for await (const chunk of body) text += Buffer.from(chunk).toString();
    expect(text.length).toBe(size);
    files.push(`${name}: ${text}`);
  }
  return files;
}

test('a tar is read as it is', async () => {
  expect(await read(GOOD)).toEqual(['bundle.json: {}', 'ledger.bundle: git', `${KEY}: bytes`]);
});

test('cut off anywhere, or after its end, it is damage', async () => {
  for (let size = 0; size < GOOD.length; size += 256) {
    await expect(read(GOOD.subarray(0, size)), `cut at ${size}`).toFailWith('E_BUNDLE');
  }
});

const after = (...entries: Entry[]): Buffer => Buffer.concat([...START, ...entries.map((entry) => block(entry)), END]);

describe('what is in no bundle is refused in a tar:', () => {
  test.each<[string, Buffer]>([
    ['another tar behind its end', Buffer.concat([GOOD, GOOD])],
    ['a file behind its end', Buffer.concat([GOOD, block({ name: 'install.sh', body: 'x' })])],
    ['bytes behind its end', Buffer.concat([GOOD, Buffer.from('x')])],
    ['a file between the two blocks of its end', Buffer.concat([GOOD.subarray(0, -512), block({ name: KEY }), END])],
    ['a header that was changed', after({ name: KEY, body: 'bytes', checksum: 7 })],
    ['a size that is no number', after({ name: KEY, size: Buffer.from('-0000000005\0') })],
    ['a size beyond all bounds', after({ name: KEY, size: Buffer.from([0xff, ...Array<number>(11).fill(0xff)]) })],
    [
      'another name by a pax header',
      after({ name: 'x', type: 'x', body: pax('path', '../x') }, { name: KEY, body: 'b' }),
    ],
    [
      'another name for all that follows',
      after({ name: 'x', type: 'g', body: pax('path', 'bin/x') }, { name: KEY, body: 'b' }),
    ],
    [
      'another name by a long name',
      after({ name: '././@LongLink', type: 'L', body: '/etc/cron.d/x\0' }, { name: KEY, body: 'b' }),
    ],
    [
      'the first file again by a pax header',
      after({ name: 'x', type: 'x', body: pax('path', 'bundle.json') }, { name: KEY }),
    ],
    ['a link by a long name', after({ name: '././@LongLink', type: 'K', body: '/etc\0' }, { name: KEY, type: '2' })],
    [
      'a hole by a pax header',
      after({ name: 'x', type: 'x', body: pax('GNU.sparse.realsize', '9') }, { name: KEY, body: 'b' }),
    ],
    ['a header of more than 8 MiB', after({ name: 'x', type: 'x', size: 9 * 2 ** 20 })],
    ['a digest in capitals', after({ name: KEY.toUpperCase().replace('SHA256', 'sha256') })],
    ['a digest in other digits', after({ name: `sha256/aa/${'a'.repeat(63)}\u{ff11}` })],
    ['a folder of git', after({ name: '.git/config', body: 'x' })],
    ['a folder of git by its short name', after({ name: 'git~1/config', body: 'x' })],
    ['a file that ends in a slash', after({ name: `${KEY}/`, body: 'x' })],
    ['a name with two dots before it', after({ name: `././${KEY}`, body: 'x' })],
    ['a name in a folder of Windows', after({ name: KEY.replaceAll('/', '\\'), body: 'x' })],
    [
      'the same name twice, once with a dot before it',
      after({ name: KEY, body: 'b' }, { name: `./${KEY}`, body: 'b' }),
    ],
    ['a folder instead of a file', after({ name: KEY, type: '5' })],
    ...[...'SMVDNXA7'].map((type): [string, Buffer] => [
      `an entry of the type ${type}, which programs read in several ways`,
      after({ name: KEY, body: 'bytes', type }),
    ]),
    [
      'such an entry behind a pax header',
      after({ name: 'x', type: 'x', body: pax('mtime', '1') }, { name: KEY, type: 'S' }),
    ],
    ['such an entry in place of a folder', after({ name: 'sha256/aa/', type: 'D' }, { name: KEY, body: 'b' })],
    ['a folder that is called a file', after({ name: 'sha256/aa/', body: 'x', type: '0' }, { name: KEY, body: 'b' })],
  ])('%s', async (_, bytes) => {
    await expect(read(bytes)).toFailWith('E_BUNDLE');
  });
});

test('a tar within it has what entries it likes', async () => {
  const body = Buffer.concat([
    block({ name: 'x', type: 'S', body: 'x' }),
    block({ name: 'y', type: 'V' }),
    END,
  ]).toString('latin1');
  const bytes = after({ name: KEY, body }, { name: `sha256/bb/${'b'.repeat(64)}`, body: 'b' });
  expect((await read(bytes)).length).toBe(4);
});

test.each([300, 512, 700])('parts of %i bytes are read as one', async (size) => {
  const path = join(folder, `parts-${size}.tar`);
  for (let at = 0, number = 1; at < GOOD.length; at += size, number += 1) {
    await writeFile(`${path}.${String(number).padStart(3, '0')}`, GOOD.subarray(at, at + size));
  }
  expect(await found(path)).toEqual(['bundle.json: {}', 'ledger.bundle: git', `${KEY}: bytes`]);
});

test('a file of the oldest kind, without a type, is a file', async () => {
  expect(await read(after({ name: KEY, body: 'b', type: '\0' }))).toContain(`${KEY}: b`);
});

test('times and users that tar programs add change nothing', async () => {
  const body = pax('mtime', '1.5') + pax('SCHILY.xattr.user.x', 'y');
  expect(await read(after({ name: 'x', type: 'x', body }, { name: KEY, body: 'b' }))).toContain(`${KEY}: b`);
});
