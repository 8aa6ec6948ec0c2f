import { createReadStream } from 'node:fs';
import { digestOf } from '../../io/files/hash.ts';
import { ioError } from '../../io/io-error.ts';

const READ_AT_ONCE = 1 << 20;

/** The SHA-256 of a file, in lower-case hex. `shown`: its name in messages. Throws `E_IO`. */
export async function sha256OfFile(path: string | Buffer, shown = String(path)): Promise<string> {
  try {
    return await digestOf(createReadStream(path, { highWaterMark: READ_AT_ONCE }) as AsyncIterable<Uint8Array>);
  } catch (error) {
    throw ioError(error, `cannot read ${shown}`);
  }
}
