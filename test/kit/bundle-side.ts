import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT } from '../../io/progress.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { openWholeClone } from '../../ledger/git/whole-clone.ts';
import { applyBundle } from '../../owner/bundle/apply.ts';
import type { AppliedBundle } from '../../owner/bundle/apply.ts';
import { createBundle } from '../../owner/bundle/create.ts';
import type { BundleContext, CreateOptions, CreatedBundle } from '../../owner/bundle/create.ts';
import { FileStore } from '../../store/file-store.ts';
import type { TestLedger } from './ledger/ledger-maker.ts';
import { NOW } from './readers.ts';

/** One side of the gap: a ledger, a store, and a cache of its own. */
export class BundleSide {
  readonly ledger: string;
  readonly folder: string;
  readonly store: FileStore;
  pin: string | undefined;

  constructor(folder: string, ledger: string, pin: string | undefined) {
    this.folder = folder;
    this.ledger = ledger;
    this.pin = pin;
    this.store = new FileStore({ root: join(folder, 'store'), progress: SILENT });
  }

  static async over(ledger: TestLedger): Promise<BundleSide> {
    return new BundleSide(await mkdtemp(join(tmpdir(), 'pullthrough-side-')), ledger.directory, ledger.pin(1));
  }

  static async empty(pin: string): Promise<BundleSide> {
    const folder = await mkdtemp(join(tmpdir(), 'pullthrough-side-'));
    const ledger = join(folder, 'ledger.git');
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', ledger]);
    return new BundleSide(folder, ledger, pin);
  }

  async put(body: string): Promise<void> {
    const bytes = utf8(body);
    await this.store.put({ sha256: sha256Hex(bytes), size: bytes.length, name: 'x' }, [bytes] as never);
  }

  async #with<T>(action: (context: BundleContext) => Promise<T>): Promise<T> {
    const cacheDir = join(this.folder, 'cache');
    await using clone = await openWholeClone({ url: this.ledger, branch: 'main', cacheDir });
    const { store, pin } = this;
    return await action({ clone, store, branch: 'main', pin, now: NOW, cacheDir, progress: SILENT });
  }

  create(name: string, options: Partial<CreateOptions> = {}): Promise<CreatedBundle | undefined> {
    const path = join(this.folder, name);
    return this.#with((context) => createBundle(context, context.clone.head ?? '', { path, tools: [], ...options }));
  }

  apply(path: string, act = true, seen?: string): Promise<AppliedBundle> {
    return this.#with((context) => applyBundle({ ...context, seen }, path, act));
  }

  head(branch = 'main'): string | undefined {
    try {
      return execFileSync('git', ['-C', this.ledger, 'rev-parse', `refs/heads/${branch}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
        .toString()
        .trim();
    } catch {
      return undefined;
    }
  }

  async objects(): Promise<string[]> {
    const found: string[] = [];
    for await (const { sha256 } of this.store.list()) found.push(sha256);
    return found.sort();
  }
}
