import { PullthroughError, fail, trySegment } from '../../../ledger-schema/index.ts';
import type { Fetchable } from '../../download/select-assets.ts';
import { findBytes } from '../../verify/find-bytes.ts';
import type { Catalog } from '../catalog.ts';

const MOST_KNOWN = 10_000;

/**
 * Finds an acknowledged file by its digest, as Nix's hashed mirrors are asked. One look through the ledger's lists answers
 * all who ask at that time; what was found, or not, is kept while the ledger stays where it is.
 */
export class ByDigest {
  readonly #catalog: () => Catalog;
  readonly #known = new Map<string, readonly string[]>();
  readonly #wanted = new Set<string>();
  #commit = '';
  #looking: Promise<void> | undefined;

  constructor(catalog: () => Catalog) {
    this.#catalog = catalog;
  }

  /** Throws `E_NOT_FOUND`, or why the record that lists it may not be used. */
  async find(sha256: string): Promise<Fetchable> {
    if (!/^[0-9a-f]{64}$/.test(sha256)) fail('E_USAGE', 'this is not a SHA-256 in hex');
    const catalog = this.#catalog();
    let refusal: PullthroughError | undefined;
    for (const path of await this.#recordsOf(sha256)) {
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

  async #recordsOf(sha256: string): Promise<readonly string[]> {
    for (;;) {
      this.#follow();
      const known = this.#known.get(sha256);
      if (known !== undefined) return known;
      this.#wanted.add(sha256);
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
      await this.#looking;
    }
  }

  #follow(): void {
    const { commit } = this.#catalog().view;
    if (commit === this.#commit && this.#known.size < MOST_KNOWN) return;
    this.#commit = commit;
    this.#known.clear();
  }

  async #look(): Promise<void> {
    // Who asks in the same moment is answered by the same look.
    await new Promise((resolve) => setImmediate(resolve));
    const wanted = new Set(this.#wanted);
    this.#wanted.clear();
    const found = await findBytes(this.#catalog().view.snapshot, wanted);
    for (const sha256 of wanted) this.#known.set(sha256, found.get(sha256) ?? []);
  }
}
