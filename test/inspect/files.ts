import { packTar } from 'modern-tar';
import type { TarEntry } from 'modern-tar';
import type { FileBytes } from '../../inspect/member.ts';

export function fileOf(name: string, bytes: Uint8Array): FileBytes {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    async *stream(offset = 0) {
      for (let at = offset; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
  };
}

export function tarOf(...entries: TarEntry[]): Promise<Uint8Array> {
  return packTar(entries);
}

const TABLE = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crcOf(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (TABLE[(c ^ byte) & 0xff] ?? 0) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** A zip of stored members; `flags` 1 says that one is encrypted. */
export function zipOf(...members: { name: string; content: string; mode?: number; flags?: number }[]): Uint8Array {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644, flags = 0 } of members) {
    const [path, plain] = [Buffer.from(name), Buffer.from(content)];
    const bytes = (flags & 1) === 1 ? Buffer.concat([Buffer.alloc(12), plain]) : plain;
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(flags, 6);
    head.writeUInt32LE(crcOf(bytes), 14);
    head.writeUInt32LE(bytes.length, 18);
    head.writeUInt32LE(plain.length, 22);
    head.writeUInt16LE(path.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(3 << 8, 4);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt32LE(crcOf(bytes), 16);
    entry.writeUInt32LE(bytes.length, 20);
    entry.writeUInt32LE(plain.length, 24);
    entry.writeUInt16LE(path.length, 28);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    parts.push(head, path, bytes);
    list.push(entry, path);
    offset += head.length + path.length + bytes.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** An ELF header of a machine: 62 is x86-64, 183 arm64. */
export function elfOf(machine: number): Uint8Array {
  const bytes = Buffer.alloc(128);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

/** A 64-bit Mach-O header with its load commands: a library to load, and a code signature where it is `signed`. */
export function machOOf(cpu: number, library: string, signed: boolean): Uint8Array {
  const bytes = Buffer.alloc(256);
  bytes.writeUInt32LE(0xfeedfacf, 0);
  bytes.writeUInt32LE(cpu, 4);
  bytes.writeUInt32LE(signed ? 2 : 1, 16);
  // LC_LOAD_DYLIB, whose name stands 24 bytes after its beginning
  bytes.writeUInt32LE(0xc, 32);
  bytes.writeUInt32LE(72, 36);
  bytes.writeUInt32LE(24, 40);
  bytes.write(library, 32 + 24, 'latin1');
  if (signed) {
    // LC_CODE_SIGNATURE
    bytes.writeUInt32LE(0x1d, 104);
    bytes.writeUInt32LE(16, 108);
  }
  return bytes;
}

/** A universal binary of several programs. */
export function universalOf(...parts: Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(8 + parts.length * 20);
  head.writeUInt32BE(0xcafebabe, 0);
  head.writeUInt32BE(parts.length, 4);
  let at = head.length;
  parts.forEach((part, i) => {
    head.writeUInt32BE(at, 8 + i * 20 + 8);
    head.writeUInt32BE(part.length, 8 + i * 20 + 12);
    at += part.length;
  });
  return Buffer.concat([head, ...parts]);
}

/** The kind of universal binary that has places of eight bytes. */
export function wideUniversalOf(part: Uint8Array): Uint8Array {
  const head = Buffer.alloc(8 + 32);
  head.writeUInt32BE(0xcafebabf, 0);
  head.writeUInt32BE(1, 4);
  head.writeBigUInt64BE(BigInt(head.length), 16);
  head.writeBigUInt64BE(BigInt(part.length), 24);
  return Buffer.concat([head, part]);
}

/** A PE32+ header with one section that holds its imports, and a certificate table where it is `signed`. */
export function peOf(machine: number, library: string, signed: boolean): Uint8Array {
  const bytes = Buffer.alloc(1024);
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(64, 0x3c);
  bytes.write('PE', 64, 'latin1');
  bytes.writeUInt16LE(machine, 68);
  bytes.writeUInt16LE(1, 70);
  bytes.writeUInt16LE(240, 84);
  const optional = 88;
  bytes.writeUInt16LE(0x20b, optional);
  const directories = optional + 112;
  // Imports, at the section's first address
  bytes.writeUInt32LE(0x1000, directories + 8);
  if (signed) bytes.writeUInt32LE(1234, directories + 4 * 8 + 4);
  const section = optional + 240;
  bytes.writeUInt32LE(0x1000, section + 12);
  bytes.writeUInt32LE(512, section + 16);
  bytes.writeUInt32LE(512, section + 20);
  bytes.writeUInt32LE(0x1080, 512 + 12);
  bytes.write(library, 512 + 0x80, 'latin1');
  return bytes;
}
