import { PullthroughError, fail, trySegment } from '../../../ledger-schema/index.ts';
import { fetchDirectories } from '../../../ledger/fetch-directories.ts';
import type { Fetchable } from '../../download/select-assets.ts';
import type { Catalog } from '../catalog.ts';
import { isVerdict } from '../verdicts.ts';
import { DigestIndex } from './digest-index.ts';

/** Records whose bytes are fetched together. */
const BATCH = 100;
/** Records that one request looks at where none of them is acknowledged: a client may ask again and again. */
const MOST_RECORDS = 1000;

/** Finds an acknowledged file by its digest, as Nix's hashed mirrors are asked. */
export class ByDigest {
  readonly #catalog: () => Catalog;
  readonly #index = new DigestIndex();
  readonly #most: number;

  constructor(catalog: () => Catalog, most = MOST_RECORDS) {
    this.#catalog = catalog;
    this.#most = most;
  }

  /**
   * Any acknowledged record that lists it will do. Throws `E_NOT_FOUND` where none lists it, why those that do may not be used,
   * and `E_TOO_LARGE` where not all of them could be looked at: a file is never said not to be there that may be.
   */
  async find(sha256: string): Promise<Fetchable> {
    if (!/^[0-9a-f]{64}$/.test(sha256)) fail('E_USAGE', 'this is not a SHA-256 in hex');
    const catalog = this.#catalog();
    const { paths, all } = await this.#index.recordsOf(catalog.view, sha256);
    const refusals: PullthroughError[] = [];
    for (const [number, path] of paths.slice(0, this.#most).entries()) {
      if (number % BATCH === 0) await fetchDirectories(catalog.view.snapshot, paths.slice(number, number + BATCH), []);
      const found = await fileIn(catalog, path, sha256);
      if (!(found instanceof PullthroughError)) return found;
      refusals.push(found);
    }
    // What could not be read may be acknowledged; what was judged may not be used.
    const failure = refusals.find((error) => !isVerdict(error) && error.code !== 'E_NOT_FOUND');
    if (failure !== undefined) throw failure;
    if (!all || paths.length > this.#most) {
      fail('E_TOO_LARGE', 'more files of the ledger may have this digest than can be looked at', {
        hint: 'ask for the file by its release',
      });
    }
    const refusal = refusals.find(({ code }) => code !== 'E_NOT_FOUND');
    throw refusal ?? new PullthroughError('E_NOT_FOUND', 'no acknowledged file has this digest');
  }
}

/** The file of a record, or why it has none that may be used. */
async function fileIn(catalog: Catalog, path: string, sha256: string): Promise<Fetchable | PullthroughError> {
  const [, source = '', owner = '', repo = '', tag = ''] = path.split('/').map((segment) => trySegment(segment) ?? '');
  try {
    const release = await catalog.release(await catalog.tool({ source, owner, repo }), tag);
    const file = release.assets.find((asset) => asset.sha256 === sha256);
    return file ?? new PullthroughError('E_NOT_FOUND', 'the record lists another digest');
  } catch (error) {
    if (error instanceof PullthroughError) return error;
    throw error;
  }
}
