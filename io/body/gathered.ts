import { BLOCK, isBlock, keep, release } from './blocks.ts';
import { Filling } from './filling.ts';

/** A shorter chunk is copied, so that a slow sender's bytes don't hold a whole block for each of its packets. */
const WELL_FILLED = (BLOCK * 3) / 4;

/**
 * Bytes gathered out of chunks, to be read as often as needed until {@link clear}. A well-filled block is kept as it is;
 * anything else is copied, so that whoever it belongs to may overwrite it.
 */
export class Gathered {
  #pieces: Uint8Array[] = [];
  /** What short chunks are copied into. */
  readonly #filling = new Filling();
  #length = 0;

  /** Bytes. */
  get length(): number {
    return this.#length;
  }

  /** In order; none of them may be changed. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  /**
   * Takes a chunk, or its bytes between two places, and returns the pieces that they have become. The caller may use the
   * chunk's memory again afterwards.
   */
  add(chunk: Uint8Array, from = 0, to = chunk.length): readonly Uint8Array[] {
    const before = this.#pieces.length;
    const bytes = chunk.subarray(from, to);
    this.#length += bytes.length;
    // Who gets the rest of a well-filled block keeps it, too.
    if (isBlock(chunk) && chunk.length >= WELL_FILLED) this.#keep(bytes);
    else for (let at = 0; at < bytes.length;) at += this.#copy(bytes.subarray(at));
    return this.#pieces.slice(before);
  }

  /** Lets go of everything. */
  clear(): void {
    for (const piece of this.#pieces) release(piece);
    this.#pieces = [];
    this.#filling.end();
    this.#length = 0;
  }

  #keep(piece: Uint8Array): void {
    keep(piece);
    this.#pieces.push(piece);
  }

  /** Copies as much as the current block has room for, and says how much. */
  #copy(bytes: Uint8Array): number {
    const piece = this.#filling.copy(bytes);
    this.#pieces.push(piece);
    return piece.length;
  }
}
