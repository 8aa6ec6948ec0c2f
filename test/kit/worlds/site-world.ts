import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SILENT } from '../../../io/progress.ts';
import type { ConsumerOptions } from '../../../consumer/options.ts';
import { openSite } from '../../../consumer/site/open-site.ts';
import type { SiteOptions } from '../../../consumer/site/open-site.ts';
import type { SiteReport } from '../../../consumer/site/make-site.ts';
import type { TestLedger } from '../ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../readers.ts';

/** A site of a test ledger, in a folder of its own. */
export class TestSite {
  readonly folder: string;
  readonly warnings: string[] = [];
  readonly #home: string;
  readonly #ledger: TestLedger;

  private constructor(folder: string, home: string, ledger: TestLedger) {
    this.folder = folder;
    this.#home = home;
    this.#ledger = ledger;
  }

  /** With a ledger that was read there before, or one that is new to the machine. */
  static async of(ledger: TestLedger, before?: 'read'): Promise<TestSite> {
    const home = await temporaryFolder();
    if (before) await ledger.seed(join(home, 'cache'));
    return new TestSite(join(home, 'site'), home, ledger);
  }

  make(options: Partial<SiteOptions> = {}, consumer: Partial<ConsumerOptions> = {}): Promise<SiteReport> {
    const { directory: ledger } = this.#ledger;
    const warn = (message: string): void => void this.warnings.push(message);
    return openSite(
      {
        ledger,
        pin: this.#ledger.pin(1),
        cacheDir: join(this.#home, 'cache'),
        stateDir: join(this.#home, 'state'),
        now: NOW,
        progress: { ...SILENT, warn },
        ...consumer,
      },
      { site: this.folder, program: 'test', ...options },
    );
  }

  read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8');
  }

  async json(path: string): Promise<unknown> {
    return JSON.parse(await this.read(path));
  }

  /** Every file below the folder with its content. */
  async files(): Promise<Map<string, string>> {
    const files = new Map<string, string>();
    for (const path of (await readdir(this.folder, { recursive: true })).sort()) {
      if ((await lstat(join(this.folder, path))).isFile()) files.set(path, await this.read(path));
    }
    return files;
  }

  /** When each file was written: what is written again, has another. */
  async times(): Promise<Map<string, number>> {
    const times = new Map<string, number>();
    for (const path of (await this.files()).keys()) times.set(path, (await lstat(join(this.folder, path))).ctimeMs);
    return times;
  }
}
