import { PullthroughError, fail, trySegment } from '../../../ledger-schema/index.ts';
import type { Fetchable } from '../../download/select-assets.ts';
import type { Catalog } from '../catalog.ts';
import { DigestIndex } from './digest-index.ts';

/** Finds an acknowledged file by its digest, as Nix's hashed mirrors are asked. */
export class ByDigest {
  readonly #catalog: () => Catalog;
  readonly #index = new DigestIndex();

  constructor(catalog: () => Catalog) {
    this.#catalog = catalog;
  }

  /** Throws `E_NOT_FOUND`, or why the record that lists it may not be used. */
  async find(sha256: string): Promise<Fetchable> {
    if (!/^[0-9a-f]{64}$/.test(sha256)) fail('E_USAGE', 'this is not a SHA-256 in hex');
    const catalog = this.#catalog();
    let refusal: PullthroughError | undefined;
    for (const path of await this.#index.recordsOf(catalog.view, sha256)) {
      const [, source = '', owner = '', repo = '', tag = ''] = path
        .split('/')
        .map((segment) => trySegment(segment) ?? '');
      try {
        const release = await catalog.release(await catalog.tool({ source, owner, repo }), tag);
        const file = release.assets.find((asset) => asset.sha256 === sha256);
        if (file !== undefined) return file;
      } catch (error) {
        if (!(error instanceof PullthroughError)) throw error;
        refusal ??= error;
      }
    }
    throw refusal ?? new PullthroughError('E_NOT_FOUND', 'no acknowledged file has this digest');
  }
}
