/** What a program's own header says about it. */
export interface Program {
  readonly format: 'elf' | 'mach-o' | 'pe';
  /** `x86-64`, `arm64`, … ; several in a universal binary. */
  readonly architectures: readonly string[];
  /** Names of the libraries that it asks for. */
  readonly libraries: readonly string[];
  /** It carries a code signature; it is not verified here. ELF has none. */
  readonly signed?: boolean;
}

/** `elf arm64, elf x86-64` */
export function described(programs: readonly Program[]): string {
  const each = programs.flatMap(({ format, architectures }) => architectures.map((one) => `${format} ${one}`));
  return [...new Set(each)].join(', ');
}

const MOST_LIBRARIES = 256;

/**
 * Looks at a program's header; undefined for what is not one. The bytes are hostile: offsets that point outside them
 * are ignored.
 */
export function readProgram(bytes: Uint8Array): Program | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (bytes.length < 64) return undefined;
    const magic = view.getUint32(0);
    if (magic === 0x7f454c46) return elf(bytes, view);
    if (magic === 0xcffaedfe || magic === 0xcefaedfe) return machO(bytes, view, 0);
    // A Java class file begins the same way, but has a version in place of the number of architectures.
    if ((magic === 0xcafebabe || magic === 0xcafebabf) && view.getUint32(4) < 20) return universal(bytes, view);
    return view.getUint16(0) === 0x4d5a ? pe(bytes, view) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Are these the first bytes of a program? */
export function isProgram(head: Uint8Array): boolean {
  const [a, b, c, d] = head;
  const elfOrMach =
    (a === 0x7f && b === 0x45 && c === 0x4c && d === 0x46) || (a === 0xcf && b === 0xfa) || (a === 0xce && b === 0xfa);
  return (
    elfOrMach || (a === 0xca && b === 0xfe && c === 0xba && (d === 0xbe || d === 0xbf)) || (a === 0x4d && b === 0x5a)
  );
}

function textAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  return Buffer.from(bytes.subarray(at, Math.min(end < 0 ? bytes.length : end, at + 255))).toString('latin1');
}

const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86-64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loongarch64',
};

function elf(bytes: Uint8Array, view: DataView): Program {
  const wide = bytes[4] === 2;
  const little = bytes[5] === 1;
  const machine = view.getUint16(18, little);
  const program = { format: 'elf', architectures: [ELF_MACHINES[machine] ?? `machine ${machine}`] } as const;
  try {
    return { ...program, libraries: elfLibraries(bytes, view, wide, little) };
  } catch (error) {
    if (error instanceof RangeError) return { ...program, libraries: [] };
    throw error;
  }
}

function elfLibraries(bytes: Uint8Array, view: DataView, wide: boolean, little: boolean): string[] {
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little));
  const table = word(wide ? 32 : 28);
  const [size, count] = [view.getUint16(wide ? 54 : 42, little), view.getUint16(wide ? 56 : 44, little)];
  const loads: { address: number; offset: number; length: number }[] = [];
  let dynamic: { offset: number; length: number } | undefined;
  for (let i = 0; i < Math.min(count, 256); i += 1) {
    const at = table + i * size;
    const type = view.getUint32(at, little);
    const offset = word(at + (wide ? 8 : 4));
    const address = word(at + (wide ? 16 : 8));
    const length = word(at + (wide ? 32 : 16));
    if (type === 1) loads.push({ address, offset, length });
    if (type === 2) dynamic = { offset, length };
  }
  if (dynamic === undefined) return [];
  const step = wide ? 16 : 8;
  const needed: number[] = [];
  let strings: number | undefined;
  for (let at = dynamic.offset; at < dynamic.offset + Math.min(dynamic.length, 65_536); at += step) {
    const [tag, value] = [word(at), word(at + step / 2)];
    if (tag === 0) break;
    if (tag === 1) needed.push(value);
    if (tag === 5) strings = value;
  }
  const load = loads.find(
    ({ address, length }) => strings !== undefined && strings >= address && strings < address + length,
  );
  if (strings === undefined || load === undefined) return [];
  const base = strings - load.address + load.offset;
  return needed.slice(0, MOST_LIBRARIES).map((offset) => textAt(bytes, base + offset));
}

const MACH_MACHINES: Readonly<Record<number, string>> = {
  7: 'x86',
  12: 'arm',
  0x01000007: 'x86-64',
  0x0100000c: 'arm64',
};

function machO(bytes: Uint8Array, view: DataView, at: number): Program {
  const machine = view.getUint32(at + 4, true);
  const commands = Math.min(view.getUint32(at + 16, true), 4096);
  const libraries: string[] = [];
  let signed = false;
  let next = at + (view.getUint32(at) === 0xcffaedfe ? 32 : 28);
  for (let i = 0; i < commands && next + 12 <= bytes.length; i += 1) {
    const [command, size] = [view.getUint32(next, true), view.getUint32(next + 4, true)];
    if (size < 8) break;
    if ((command & 0x7fffffff) === 0xc || command === 0x80000018) {
      libraries.push(textAt(bytes, next + view.getUint32(next + 8, true)));
    }
    if (command === 0x1d) signed = true;
    next += size;
  }
  const architectures = [MACH_MACHINES[machine] ?? `machine ${machine}`];
  return { format: 'mach-o', architectures, libraries: libraries.slice(0, MOST_LIBRARIES), signed };
}

function universal(bytes: Uint8Array, view: DataView): Program {
  // The second kind has places of eight bytes.
  const isWide = view.getUint32(0) === 0xcafebabf;
  const place = (i: number): number =>
    isWide ? Number(view.getBigUint64(8 + i * 32 + 8)) : view.getUint32(8 + i * 20 + 8);
  const parts = Array.from({ length: view.getUint32(4) }, (_, i) => place(i))
    .filter((at) => at + 32 <= bytes.length)
    .map((at) => machO(bytes, view, at));
  return {
    format: 'mach-o',
    architectures: parts.flatMap(({ architectures }) => architectures),
    libraries: [...new Set(parts.flatMap(({ libraries }) => libraries))],
    signed: parts.length > 0 && parts.every(({ signed }) => signed),
  };
}

const PE_MACHINES: Readonly<Record<number, string>> = {
  0x14c: 'x86',
  0x1c4: 'arm',
  0x8664: 'x86-64',
  0xaa64: 'arm64',
};

function pe(bytes: Uint8Array, view: DataView): Program | undefined {
  const at = view.getUint32(0x3c, true);
  if (view.getUint32(at) !== 0x50450000) return undefined;
  const machine = view.getUint16(at + 4, true);
  const optional = at + 24;
  const directories = optional + (view.getUint16(optional, true) === 0x20b ? 112 : 96);
  const signed = view.getUint32(directories + 4 * 8 + 4, true) > 0;
  const program = { format: 'pe', architectures: [PE_MACHINES[machine] ?? `machine ${machine}`], signed } as const;
  const sections = optional + view.getUint16(at + 20, true);
  const offsetOf = (address: number): number | undefined => {
    for (let i = 0; i < Math.min(view.getUint16(at + 6, true), 96); i += 1) {
      const section = sections + i * 40;
      const start = view.getUint32(section + 12, true);
      const raw = view.getUint32(section + 20, true);
      if (address >= start && address < start + view.getUint32(section + 16, true)) return address - start + raw;
    }
    return undefined;
  };
  try {
    const libraries: string[] = [];
    const imports = view.getUint32(directories + 8, true);
    for (let entry = imports === 0 ? undefined : offsetOf(imports); entry !== undefined; entry += 20) {
      const name = offsetOf(view.getUint32(entry + 12, true));
      if (name === undefined || libraries.length >= MOST_LIBRARIES) break;
      libraries.push(textAt(bytes, name));
    }
    return { ...program, libraries };
  } catch (error) {
    if (error instanceof RangeError) return { ...program, libraries: [] };
    throw error;
  }
}
