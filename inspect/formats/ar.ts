import { TooMuch } from '../limits.ts';
import type { FileBytes } from '../member.ts';

const MAGIC = '!<arch>\n';
const HEADER = 60;
/** A Debian package has three. */
const MOST = 64;

/** One file of an `ar` archive, as deb(5) has it. */
export interface ArEntry {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

export function isAr(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
}

/** The list of an `ar` archive. Throws where it is damaged. */
export async function readAr(file: FileBytes): Promise<ArEntry[]> {
  const entries: ArEntry[] = [];
  for (let at = MAGIC.length; at + HEADER <= file.size;) {
    // Something could hide behind so many, since dpkg skips those whose names begin with _.
    if (entries.length === MOST) throw new TooMuch(`it has more than ${MOST} parts`);
    const header = Buffer.from(await file.read(at, HEADER)).toString('latin1');
    const size = Number(header.slice(48, 58).trim());
    if (!header.endsWith('`\n') || !Number.isSafeInteger(size) || size < 0 || at + HEADER + size > file.size) {
      throw new Error('its list of files is damaged');
    }
    entries.push({ name: header.slice(0, 16).trim().replace(/\/$/, ''), offset: at + HEADER, size });
    at += HEADER + size + (size % 2);
  }
  return entries;
}

/** Part of a file, as a file. */
export function partOf(file: FileBytes, { name, offset, size }: ArEntry): FileBytes {
  return {
    name,
    size,
    read: (at, length) => file.read(offset + at, Math.max(0, Math.min(length, size - at))),
    async *stream(from = 0) {
      let left = size - from;
      for await (const chunk of file.stream(offset + from)) {
        if (left <= 0) return;
        yield chunk.length > left ? chunk.subarray(0, left) : chunk;
        left -= chunk.length;
      }
    },
  };
}
