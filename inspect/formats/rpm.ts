import { TooMuch } from '../limits.ts';
import type { FileBytes } from '../member.ts';
import { partOf } from './ar.ts';
import { fileModes } from './rpm-files.ts';

const LEAD = 96;
const INTRO = 16;
const ENTRY = 16;
/** A package of a hundred thousand files has less. */
const MOST_HEADER = 64 * 1024 * 1024;

/** Scripts that rpm runs as root, by rpmtag.h: the tags of the text and of the program that runs it. */
const SCRIPTS: readonly (readonly [name: string, text: number, program: number])[] = [
  ['prein', 1023, 1085],
  ['postin', 1024, 1086],
  ['preun', 1025, 1087],
  ['postun', 1026, 1088],
  ['trigger', 1065, 1092],
  ['verify', 1079, 1091],
  ['pretrans', 1151, 1153],
  ['posttrans', 1152, 1154],
  ['filetrigger', 5066, 5067],
  ['transfiletrigger', 5076, 5077],
  ['preuntrans', 5104, 5106],
  ['postuntrans', 5105, 5107],
];
const KNOWN = new Set(SCRIPTS.flatMap(([, text, program]) => [text, program]));
/** One string, several, and one in several languages, which rpm reads as well. */
const STRINGS = new Set([6, 8, 9]);
/** Strings of one tag. */
const MOST_STRINGS = 10_000;

/** A package's scripts, and the compressed cpio archive after its headers. */
export interface Rpm {
  readonly scripts: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** What the header says of the files' modes. */
  readonly modes: ReadonlyMap<string, number>;
  readonly payload: FileBytes;
}

export function isRpm(head: Uint8Array): boolean {
  return head[0] === 0xed && head[1] === 0xab && head[2] === 0xee && head[3] === 0xdb;
}

/** Reads what comes before the files. Throws where it is damaged. */
export async function readRpm(file: FileBytes): Promise<Rpm> {
  const signatures = await sizeOfHeader(file, LEAD);
  const at = LEAD + signatures.size + ((8 - (signatures.size % 8)) % 8);
  const header = await sizeOfHeader(file, at);
  const bytes = Buffer.from(await file.read(at, header.size));
  if (bytes.length < header.size) damaged();
  const payload = { name: file.name, offset: at + header.size, size: file.size - at - header.size };
  if (payload.size < 0) damaged();
  return {
    scripts: scriptsIn(bytes, header.entries),
    modes: fileModes(bytes, header.entries),
    payload: partOf(file, payload),
  };
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
  const found = stringsIn(header, entries);
  return SCRIPTS.flatMap(([name, text, program]) => {
    const by = words(found.get(program));
    const body = found.get(text);
    if (by === '' && body === undefined) return [];
    // A program is run without a text too, as ldconfig is: the first line says which.
    const first = by === '' || by === '/bin/sh' ? '' : `#!${by}\n`;
    // Several in a row are text as well.
    const bytes = Buffer.concat([Buffer.from(first), body ?? Buffer.alloc(0)]).map((byte) => (byte === 0 ? 10 : byte));
    return [{ name, bytes }];
  });
}

/** The strings of each tag of scripts, one after the other with a zero between. A header has each tag once. */
function stringsIn(header: Buffer, entries: number): ReadonlyMap<number, Buffer> {
  const data = header.subarray(INTRO + ENTRY * entries);
  const found = new Map<number, Buffer>();
  for (let i = 0; i < entries; i++) {
    const at = INTRO + ENTRY * i;
    const tag = header.readUInt32BE(at);
    if (!KNOWN.has(tag)) continue;
    const count = header.readUInt32BE(at + 12);
    if (found.has(tag) || !STRINGS.has(header.readUInt32BE(at + 4)) || count === 0) damaged();
    if (count > MOST_STRINGS) throw new TooMuch(`a script in it has more than ${MOST_STRINGS} parts`);
    const from = header.readUInt32BE(at + 8);
    let end = from;
    for (let n = 0; n < count; n++) {
      const zero = data.indexOf(0, end);
      if (zero < 0) damaged();
      end = zero + 1;
    }
    found.set(tag, data.subarray(from, end - 1));
  }
  return found;
}

function words(strings: Buffer | undefined): string {
  return (strings ?? Buffer.alloc(0)).toString('utf8').replaceAll('\0', ' ').trim();
}

function damaged(): never {
  throw new Error('its headers are damaged');
}
