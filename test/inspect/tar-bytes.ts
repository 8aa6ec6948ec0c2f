/** One header of a tar archive, as any program could write it. */
export function tarHeader(
  name: string,
  more: { size?: number; kind?: string; link?: string; mode?: number; gnu?: boolean } = {},
): Buffer {
  const { size = 0, kind = '0', link = '', mode = 0o644, gnu = false } = more;
  const header = Buffer.alloc(512);
  header.write(name, 0, 'latin1');
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100, 'latin1');
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write(`${'0'.repeat(11)}\0`, 136, 'latin1');
  header.write(kind, 156, 'latin1');
  header.write(link, 157, 'latin1');
  header.write(gnu ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** A member with its bytes. */
export function tarFile(name: string, content = 'data', more: Parameters<typeof tarHeader>[1] = {}): Buffer {
  return padded(tarHeader(name, { ...more, size: content.length }), Buffer.from(content, 'latin1'));
}

/** An extended header: `x` for the next member, `g` for all, `X` as Solaris had it. */
export function paxHeader(records: Readonly<Record<string, string>>, kind = 'x'): Buffer {
  const text = Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join('');
  return padded(tarHeader('PaxHeader', { size: text.length, kind }), Buffer.from(text, 'latin1'));
}

export function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  const lengthOf = (digits: number): number => body.length + digits;
  const digits = [1, 2, 3].find((n) => String(lengthOf(n)).length === n) ?? 3;
  return `${lengthOf(digits)}${body}`;
}

/** A long name as GNU tar writes it. */
export function longName(name: string, kind = 'L'): Buffer {
  return padded(
    tarHeader('././@LongLink', { size: name.length + 1, kind, gnu: true }),
    Buffer.from(`${name}\0`, 'latin1'),
  );
}

export const TAR_END = Buffer.alloc(1024);

function padded(...parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
