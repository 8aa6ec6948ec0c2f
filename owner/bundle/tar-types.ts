import { fail } from '../../ledger-schema/error.ts';

const BLOCK = 512;
const SIZE_AT = 124;
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
 * type that it doesn't know for a file. Bytes go by; of each header that may come next its size and type are kept.
 */
export class TarTypes {
  readonly #headers = new Map<number, { readonly type: string; readonly size: string }>();
  /** Where the next entry's headers begin. */
  #next = 0;
  #passed = 0;
  #cut: Uint8Array = new Uint8Array(0);

  /** The same chunks; what is in them is known once they were taken. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      this.#note(chunk);
      yield chunk;
    }
  }

  /** The next entry's, with the size of its body as the decoder says it. Throws `E_BUNDLE` for headers that can't be followed. */
  take(size: number): string {
    for (;;) {
      const header = this.#headers.get(this.#next);
      if (header === undefined) fail('E_BUNDLE', "the archive's headers are not where they should be", { exit: 1 });
      this.#next += BLOCK;
      const ahead = AHEAD.has(header.type);
      if (ahead && !/^ *[0-7]{1,11}[\0 ]?$/.test(header.size)) fail('E_BUNDLE', 'a header of the archive has no size');
      this.#next += padded(ahead ? Number.parseInt(header.size, 8) : size);
      if (ahead) continue;
      for (const at of this.#headers.keys()) if (at < this.#next) this.#headers.delete(at);
      return header.type;
    }
  }

  #note(chunk: Uint8Array): void {
    const begin = this.#passed - this.#cut.length;
    const bytes = this.#cut.length === 0 ? chunk : Buffer.concat([this.#cut, chunk]);
    this.#passed += chunk.length;
    let at = Math.max(this.#next, padded(begin));
    for (; at + BLOCK <= this.#passed; at += BLOCK) {
      const latin1 = (from: number, to: number) =>
        Buffer.from(bytes.subarray(at - begin + from, at - begin + to)).toString('latin1');
      this.#headers.set(at, { size: latin1(SIZE_AT, SIZE_AT + 12), type: latin1(TYPE_AT, TYPE_AT + 1) });
    }
    this.#cut = at < this.#passed ? bytes.slice(at - begin) : new Uint8Array(0);
  }
}

/** A type in words. */
export function tarTypeWords(type: string): string {
  return WORDS[type] ?? `of the type ${JSON.stringify(type)}`;
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
