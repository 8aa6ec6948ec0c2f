import { createHash } from 'node:crypto';
import { fail } from '../ledger-schema/error.ts';
import type { SubjectFile } from './entry.ts';
import { readWhole } from '../io/whole-bytes.ts';

/** Opens the bytes of a recorded file. */
export type ReadFile = (file: SubjectFile) => AsyncIterable<Uint8Array>;

/** A file that is needed whole, for signatures that can't be verified over a stream. */
const WHOLE_BYTES = 256 * 1024 * 1024;

/** What a statement may be about: a recorded file, or a list that is kept beside it. */
export interface Target extends SubjectFile {
  /** Only for a kept list: its bytes are here already. */
  readonly kept?: Uint8Array | undefined;
}

/** The bytes of what statements are about. Each is checked against its SHA-256 as it is read, and digests are kept. */
export class FileBytes {
  readonly #read: ReadFile;
  readonly #digests = new Map<string, Promise<Buffer>>();

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** Throws `E_DIGEST_MISMATCH` at the end, where the bytes have another digest. */
  async *open(target: Target): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    for await (const chunk of target.kept === undefined ? this.#read(target) : [target.kept]) {
      hash.update(chunk);
      yield chunk;
    }
    if (hash.digest('hex') !== target.sha256) {
      fail('E_DIGEST_MISMATCH', `the bytes of ${target.name} that came are not the recorded ones`);
    }
  }

  /** `sha512`, `sha384` or `blake2b512` of a file. */
  digest(target: Target, algorithm: 'sha384' | 'sha512' | 'blake2b512'): Promise<Buffer> {
    const key = `${algorithm} ${target.sha256}`;
    const found = this.#digests.get(key) ?? this.#hash(target, algorithm);
    this.#digests.set(key, found);
    return found;
  }

  async #hash(target: Target, algorithm: string): Promise<Buffer> {
    const hash = createHash(algorithm);
    for await (const chunk of this.open(target)) hash.update(chunk);
    return hash.digest();
  }

  /** A whole file. Throws `E_EVIDENCE` for one of more than {@link WHOLE_BYTES}. */
  async whole(target: Target): Promise<Uint8Array> {
    if (target.size > WHOLE_BYTES) {
      fail('E_EVIDENCE', `${target.name} is too large for a signature over the whole file: ${target.size} bytes`);
    }
    return readWhole(this.open(target));
  }
}
