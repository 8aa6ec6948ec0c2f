import { fail } from '../../ledger-schema/error.ts';
import { brief } from '../../ledger-schema/bytes.ts';

export const MANIFEST = 'bundle.json';
export const LEDGER = 'ledger.bundle';

/** One file of a bundle, as it comes. */
export interface BundleFile {
  /** `bundle.json`, `ledger.bundle` or an object's key: checked. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** To be read to its end before the next file. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The digest that an object's path names; undefined for the two other files. Throws `E_BUNDLE` for every other path. */
export function digestOf(path: string): string | undefined {
  if (path === MANIFEST || path === LEDGER) return undefined;
  const [, folder, digest] = /^sha256\/([0-9a-f]{2})\/([0-9a-f]{64})$/.exec(path) ?? [];
  if (digest === undefined || folder !== digest.slice(0, 2)) {
    fail('E_BUNDLE', `${brief(path)} is not a file of a bundle`, {
      hint: `a bundle holds ${MANIFEST}, ${LEDGER} and sha256/xx/<digest>, and nothing else`,
    });
  }
  return digest;
}

/** Bundles end in `.tar` where they are one file, or several of them. */
export function isArchive(path: string): boolean {
  return /\.tar$/i.test(path);
}

/** The most parts of a tar. */
export const PARTS = 999;

/** `FILE.tar.001` and so on. */
export function partName(path: string, number: number): string {
  return `${path}.${String(number).padStart(3, '0')}`;
}
