import type { Socket } from 'node:net';
import buildConnector from 'undici/lib/core/connect.js';
import { endingUnpaused } from '../end-unpaused.ts';

/** Bytes that the system may hand over at once; the memory is used as far as bytes come. */
const READ = 1 << 18;
/** Shorter reads are copied: a queue of them must not hold a whole buffer each. */
const SHORT = 16 * 1024;

type Options = Parameters<typeof buildConnector>[0];

/**
 * Connections that read into the same few buffers again and again: fresh memory for every 64 KiB keeps the garbage
 * collector busy for as long as everything else that a download does. **What they receive is overwritten later**: they
 * are for readers who copy each piece of a body while they are told of it, as {@link ResponseBody} does.
 */
export function reusingConnector(options: Options): buildConnector.connector {
  return endingUnpaused((where, callback) => {
    const memory = new ReadMemory();
    const { onread } = memory;
    const connect = buildConnector({ ...options, onread } as Options);
    connect(where, (...result) => {
      // It leaves the socket out where the connection fails.
      memory.socket = result[1] ?? undefined;
      callback(...result);
    });
  });
}

/** The buffers of one connection. What it has received lies in them until its stream has nothing queued any more. */
class ReadMemory {
  socket: Socket | undefined;
  #current: Buffer = Buffer.allocUnsafeSlow(READ);
  #queued: Buffer[] = [];
  readonly #free: Buffer[] = [];

  readonly onread = {
    buffer: (): Buffer => this.#current,
    callback: (bytes: number): boolean => this.#received(bytes),
  };

  /** False holds the connection back. */
  #received(bytes: number): boolean {
    const { socket } = this;
    if (socket === undefined) return false;
    // undici reads, parses and tells of what it has read in one go: only what still waits in the stream is in use.
    if (socket.readableLength === 0 && this.#queued.length > 0) {
      this.#free.push(...this.#queued);
      this.#queued = [];
    }
    const part = this.#current.subarray(0, bytes);
    if (bytes < SHORT) return socket.push(Buffer.from(part));
    this.#queued.push(this.#current);
    this.#current = this.#free.pop() ?? Buffer.allocUnsafeSlow(READ);
    return socket.push(part);
  }
}
