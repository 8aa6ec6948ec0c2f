import { BLOCK, keep, release, takeBlock } from './blocks.ts';
import { copyInto } from './copy-into.ts';

/** Copies bytes into blocks, one after another: a slow sender's packets share a block instead of holding one each. */
export class Filling {
  #block: Uint8Array | undefined;
  #used = 0;

  /** Copies as many of these bytes as the block has room for, and gives them with a user of their own. */
  copy(bytes: Uint8Array): Uint8Array {
    const block = this.#begin();
    const piece = block.subarray(this.#used, this.#used + bytes.length);
    copyInto(piece, 0, bytes.subarray(0, piece.length));
    keep(piece);
    this.#used += piece.length;
    if (this.#used === BLOCK) this.end();
    return piece;
  }

  /** Lets go of the block; what was copied stays with its users. */
  end(): void {
    if (this.#block) release(this.#block);
    this.#block = undefined;
  }

  #begin(): Uint8Array {
    if (this.#block === undefined) {
      this.#block = takeBlock();
      this.#used = 0;
    }
    return this.#block;
  }
}
