/** What one file may cost; more is a finding, never a full disk or memory. */
export const LIMITS = {
  /** Members of one archive. */
  entries: 50_000,
  /** Bytes that come out of one file. */
  bytes: 8 * 1024 ** 3,
  /** How many times its own size a file may become, once it is larger than `free`. */
  ratio: 250,
  free: 64 * 1024 * 1024,
  /** The longest name of a member, in characters. */
  name: 4096,
  /** The most bytes of a member that are kept at once, to look into a program or a text file. */
  kept: 64 * 1024 * 1024,
} as const;

export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

/** Looking on would cost too much; the message is for people. */
export class TooMuch extends Error {}

/** Passes bytes on until they are too many for what they came from; `from` is that size in bytes. */
export async function* bounded(
  body: AsyncIterable<Uint8Array>,
  from: number,
  limits: Limits,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    checkSize(total, from, limits);
    yield chunk;
  }
}

/** Throws {@link TooMuch}. */
export function checkSize(total: number, from: number, limits: Limits): void {
  if (total > limits.bytes) throw new TooMuch(`it holds more than ${limits.bytes} bytes`);
  if (total > limits.free && total > from * limits.ratio) {
    throw new TooMuch(`it becomes more than ${limits.ratio} times its own size`);
  }
}
