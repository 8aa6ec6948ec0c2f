import { fail } from '../../ledger-schema/error.ts';

const BLOCK = 512;
const SIZE_AT = 124;
const SIZE_BYTES = 12;
const TYPE_AT = 156;

/** Headers that only speak of the next one: attributes, long names. */
const AHEAD = new Set(['x', 'g', 'L', 'K']);

/** What other types are, in words; the decoder takes each that it doesn't know for a file. */
const WORDS: Readonly<Record<string, string>> = {
  S: 'a file with holes',
  M: 'the rest of a file that began in another volume',
  V: "a volume's label",
  D: 'a list of what a folder held',
  N: 'an old form of a long name',
  X: 'an old form of attributes',
};

/**
 * Tells the type of each entry of a tar, which its decoder doesn't: two programs read two files where one of them takes a
 * type that it doesn't know for a file. Bytes go by; what the decoder read ahead of its entries is held until they are told.
 */
export class TarTypes {
  #ahead: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  /** Where the next entry's headers begin. */
  #next = 0;
  #passed = 0;

  /** The same chunks; what is in them is known once they were taken. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of chunks) {
      this.#ahead.push({ at: this.#passed, bytes });
      this.#passed += bytes.length;
      this.#forget();
      yield bytes;
    }
  }

  /** The next entry's, with the size of its body as the decoder says it. Throws `E_BUNDLE` for headers that can't be followed. */
  take(size: number): string {
    for (;;) {
      const block = this.#block();
      const type = block.toString('latin1', TYPE_AT, TYPE_AT + 1);
      const told = block.toString('latin1', SIZE_AT, SIZE_AT + SIZE_BYTES);
      const ahead = AHEAD.has(type);
      if (ahead && !/^ *[0-7]{1,11}[\0 ]?$/.test(told)) fail('E_BUNDLE', 'a header of the archive has no size');
      this.#next += BLOCK + padded(ahead ? Number.parseInt(told, 8) : size);
      if (ahead) continue;
      this.#forget();
      return type;
    }
  }

  /** The header block that comes next; it may be cut between chunks. */
  #block(): Buffer {
    const parts = this.#ahead.map(({ at, bytes }) =>
      bytes.subarray(Math.max(0, this.#next - at), Math.max(0, this.#next + BLOCK - at)),
    );
    const block = Buffer.concat(parts);
    if (block.length !== BLOCK) fail('E_BUNDLE', "the archive's headers are not where they should be", { exit: 1 });
    return block;
  }

  #forget(): void {
    this.#ahead = this.#ahead.filter(({ at, bytes }) => at + bytes.length > this.#next);
  }
}

/** A type in words. */
export function tarTypeWords(type: string): string {
  return WORDS[type] ?? `of the type ${JSON.stringify(type)}`;
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
