import { Gathered } from '../../io/body/gathered.ts';

/** Bytes in a part, except for the last one of an upload: the least that S3 takes. */
export const PART = 5 << 20;
/** The most bytes of an object that is put in one request. */
export const WHOLE = 8 << 20;
/** Objects up to this many bytes need no room: many of them wait for the network, and hold little memory. */
const LITTLE = 512 * 1024;
/** Bytes in memory at once, however many uploads share them. */
const ROOM = 4 * PART;
/** S3's own limit of the parts of an object (Multipart upload limits). */
const MOST_PARTS = 10_000;

/**
 * Room in memory for the parts of uploads and for small objects. An upload that holds a part sends it and gives it back
 * without waiting for another, so that many uploads can share little room.
 */
export class PartPool {
  /** Bytes of a part of an object that is no larger than most. */
  readonly size: number;
  /** The most bytes of an object that is put in one request. */
  readonly whole: number;
  #room = ROOM;
  readonly #rooms = new Map<Gathered, number>();
  readonly #waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  constructor(size: number = PART, whole: number = WHOLE) {
    this.size = size;
    this.whole = whole;
  }

  /** Bytes of each part of an object of so many bytes; undefined where it is too large for S3. */
  partOf(bytes: number): number | undefined {
    const part = Math.max(this.size, Math.ceil(bytes / MOST_PARTS));
    return part > ROOM ? undefined : part;
  }

  /** Nothing yet, when there is room for so many bytes. */
  async take(bytes: number): Promise<Gathered> {
    const gathered = new Gathered();
    if (bytes <= LITTLE) return gathered;
    this.#rooms.set(gathered, bytes);
    if (this.#waiting.length > 0 || this.#room < bytes) {
      await new Promise<void>((start) => this.#waiting.push({ bytes, start }));
    } else this.#room -= bytes;
    return gathered;
  }

  give(gathered: Gathered): void {
    gathered.clear();
    this.#room += this.#rooms.get(gathered) ?? 0;
    this.#rooms.delete(gathered);
    for (let next = this.#waiting[0]; next && next.bytes <= this.#room; next = this.#waiting[0]) {
      this.#room -= next.bytes;
      this.#waiting.shift();
      next.start();
    }
  }
}
