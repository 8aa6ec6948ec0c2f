import { TooMuch } from '../limits.ts';
import type { Member } from '../member.ts';

const INTRO = 16;
const ENTRY = 16;
/** More are too many for the archive as well. */
const MOST_FILES = 50_000;
/** Tags of the list of files, by rpmtag.h, and their types: numbers of two and four bytes, and strings. */
const MODES = 1030;
const FOLDER_OF = 1116;
const NAMES = 1117;
const FOLDERS = 1118;
const TYPES = new Map([
  [MODES, 3],
  [FOLDER_OF, 4],
  [NAMES, 8],
  [FOLDERS, 8],
]);

interface Place {
  readonly from: number;
  readonly count: number;
}

/** The modes of a package's files by their paths: rpm installs by those, whatever the archive after the header says. */
export function fileModes(header: Buffer, entries: number): ReadonlyMap<string, number> {
  const data = header.subarray(INTRO + ENTRY * entries);
  const places = placesIn(header, entries);
  const modes = numbers(data, places.get(MODES), 2);
  const folderOf = numbers(data, places.get(FOLDER_OF), 4);
  const folders = strings(data, places.get(FOLDERS));
  const names = strings(data, places.get(NAMES));
  if (modes.length !== names.length || folderOf.length !== names.length) damaged();
  return new Map(
    names.map((name, i) => [keyOf((folders[folderOf[i] ?? 0] ?? damaged()) + name), modes[i] ?? damaged()]),
  );
}

/** The member as rpm installs it. Throws where the header has another kind of file at its path. */
export function asInstalled(member: Member, modes: ReadonlyMap<string, number>): Member {
  const mode = modes.get(keyOf(member.path));
  if (mode === undefined) return member;
  if (kindOf(mode) !== member.kind) throw new Error('its header and its archive have different files');
  return { ...member, mode: mode & 0o7777 };
}

function kindOf(mode: number): Member['kind'] {
  const kinds = new Map<number, Member['kind']>([
    [0o100000, 'file'],
    [0o040000, 'folder'],
    [0o120000, 'link'],
  ]);
  return kinds.get(mode & 0o170000) ?? 'device';
}

/** `./usr/bin/x` and `/usr/bin/x` are one file. */
function keyOf(path: string): string {
  return path.replace(/^\.?\/+/, '');
}

function placesIn(header: Buffer, entries: number): ReadonlyMap<number, Place> {
  const places = new Map<number, Place>();
  for (let i = 0; i < entries; i++) {
    const at = INTRO + ENTRY * i;
    const tag = header.readUInt32BE(at);
    const type = TYPES.get(tag);
    if (type === undefined) continue;
    const count = header.readUInt32BE(at + 12);
    if (places.has(tag) || header.readUInt32BE(at + 4) !== type) damaged();
    if (count > MOST_FILES) throw new TooMuch(`it has more than ${MOST_FILES} files`);
    places.set(tag, { from: header.readUInt32BE(at + 8), count });
  }
  return places;
}

function numbers(data: Buffer, { from, count }: Place = { from: 0, count: 0 }, width: number): number[] {
  if (from + count * width > data.length) damaged();
  return Array.from({ length: count }, (_, i) => data.readUIntBE(from + i * width, width));
}

function strings(data: Buffer, { from, count }: Place = { from: 0, count: 0 }): string[] {
  let at = from;
  return Array.from({ length: count }, () => {
    const zero = data.indexOf(0, at);
    if (zero < 0) damaged();
    const text = data.subarray(at, zero).toString('utf8');
    at = zero + 1;
    return text;
  });
}

function damaged(): never {
  throw new Error('its list of files is damaged');
}
