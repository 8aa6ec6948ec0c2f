import { TooMuch } from '../limits.ts';
import type { FileBytes } from '../member.ts';
import { partOf } from './ar.ts';

const LEAD = 96;
const INTRO = 16;
const ENTRY = 16;
/** A package of a hundred thousand files has less. */
const MOST_HEADER = 64 * 1024 * 1024;

/** Tags of scripts that rpm runs as root, by rpmtag.h. */
const SCRIPTS: Readonly<Record<number, string>> = {
  1023: 'prein',
  1024: 'postin',
  1025: 'preun',
  1026: 'postun',
  1065: 'trigger',
  1079: 'verify',
  1151: 'pretrans',
  1152: 'posttrans',
};
const STRING = 6;
const STRINGS = 8;

/** A package's scripts, and the compressed cpio archive behind its headers. */
export interface Rpm {
  readonly scripts: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly payload: FileBytes;
}

export function isRpm(head: Uint8Array): boolean {
  return head[0] === 0xed && head[1] === 0xab && head[2] === 0xee && head[3] === 0xdb;
}

/** Reads what stands before the files. Throws where it is damaged. */
export async function readRpm(file: FileBytes): Promise<Rpm> {
  const signatures = await sizeOfHeader(file, LEAD);
  const at = LEAD + signatures.size + ((8 - (signatures.size % 8)) % 8);
  const header = await sizeOfHeader(file, at);
  const bytes = Buffer.from(await file.read(at, header.size));
  if (bytes.length < header.size) damaged();
  const payload = { name: file.name, offset: at + header.size, size: file.size - at - header.size };
  if (payload.size < 0) damaged();
  return { scripts: scriptsIn(bytes, header.entries), payload: partOf(file, payload) };
}

async function sizeOfHeader(file: FileBytes, at: number): Promise<{ size: number; entries: number }> {
  const intro = Buffer.from(await file.read(at, INTRO));
  if (intro.length < INTRO || intro.readUInt32BE(0) !== 0x8eade801) damaged();
  const entries = intro.readUInt32BE(8);
  const size = INTRO + ENTRY * entries + intro.readUInt32BE(12);
  if (size > MOST_HEADER) throw new TooMuch(`its header has more than ${MOST_HEADER} bytes`);
  return { size, entries };
}

function scriptsIn(header: Buffer, entries: number): Rpm['scripts'] {
  const data = header.subarray(INTRO + ENTRY * entries);
  return Array.from({ length: entries }, (_, i) => INTRO + ENTRY * i).flatMap((at) => {
    const name = SCRIPTS[header.readUInt32BE(at)];
    const type = header.readUInt32BE(at + 4);
    if (name === undefined || (type !== STRING && type !== STRINGS)) return [];
    const from = header.readUInt32BE(at + 8);
    // Several scripts of one kind stand behind each other, each with a zero at its end.
    let end = from;
    for (let n = type === STRING ? 1 : header.readUInt32BE(at + 12); n > 0; n--) {
      const zero = data.indexOf(0, end);
      if (zero < 0) damaged();
      end = zero + 1;
    }
    return [{ name, bytes: data.subarray(from, Math.max(from, end - 1)) }];
  });
}

function damaged(): never {
  throw new Error('its headers are damaged');
}
