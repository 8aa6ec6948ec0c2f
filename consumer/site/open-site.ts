import { PullthroughError, foldAscii } from '../../ledger-schema/index.ts';
import type { Head } from '../../ledger-schema/head.ts';
import { SILENT } from '../../io/progress.ts';
import { cacheDirectory, stateDirectory } from '../../io/files/folders.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import type { LedgerRepository } from '../../ledger/git/repository.ts';
import { ledgerIdentity, memoryFile } from '../../ledger/view/memory.ts';
import { readSignedHead } from '../../ledger/view/signed-head.ts';
import { openView } from '../../ledger/view/view.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import type { ConsumerOptions } from '../options.ts';
import { pinOf } from '../pin.ts';
import type { Alias } from '../serve/other-names.ts';
import { readReasons } from '../serve/pages/explainer.ts';
import type { StampSigner } from '../stamps/signer.ts';
import { makeSite } from './make-site.ts';
import type { SiteReport } from './make-site.ts';
import type { SiteRequest } from './site-request.ts';

export type SiteOptions = Pick<SiteRequest, 'site' | 'baseUrl' | 'program' | 'writers'> & {
  /** Who signs release lists of packslip; undefined: none are made. */
  readonly stamps?: StampSigner | undefined;
  /** Further names that stamps are made under: `[gateway] alias[]`. */
  readonly aliases?: readonly Alias[] | undefined;
};

/**
 * Verifies a ledger as every consumer does, by the pin, what was seen of it before and its age, and makes its site.
 * Throws what {@link openView} and {@link makeSite} throw.
 */
export async function openSite(
  consumer: ConsumerOptions,
  { stamps, aliases, ...options }: SiteOptions,
): Promise<SiteReport> {
  const { env = process.env, branch = 'main', now = new Date(), progress = SILENT } = consumer;
  const { token, withheld, limits, offline, maxAge } = consumer;
  const pin = pinOf(consumer.pin);
  const cacheDir = consumer.cacheDir ?? cacheDirectory(env);
  const url = consumer.ledger;
  await using ledger = await openLedger({ url, branch, cacheDir, token, withheld, limits, offline, refs: 'all', env });
  const memory = memoryFile(consumer.stateDir ?? stateDirectory(env), ledgerIdentity(ledger.label, branch));
  const view = await openView({ ledger, branch, memory, pin, now, maxAge, offline, progress });
  const { baseUrl } = options;
  const request = stamps && { signer: stamps, baseUrl, view, ledger, aliases };
  const stamping = request && (await (await loadStamps()).stampWriters(consumer, request));
  return await makeSite({
    ...options,
    writers: (site) => [...(options.writers?.(site) ?? []), ...(stamping ?? [])],
    directory: ledger.directory,
    view,
    head: view.head ?? (await headOf(ledger, view)),
    host: consumer.host ?? 'github.com',
    pin,
    branches: ledger.branches().keys(),
    reasonOf: reasonsOf(ledger, view),
    progress,
  });
}

/** Where nobody asks for a head, it is shown but not required. */
async function headOf(ledger: LedgerRepository, { trust }: LedgerView): Promise<Head | undefined> {
  try {
    return (await readSignedHead(ledger, trust))?.head;
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_STALE') return undefined;
    throw error;
  }
}

/** What reviewers wrote, read at the first question. */
function reasonsOf(ledger: LedgerRepository, { commit }: LedgerView): SiteRequest['reasonOf'] {
  let reasons: Promise<ReadonlyMap<string, string>> | undefined;
  return async (title) => (await (reasons ??= readReasons(ledger, commit))).get(foldAscii(title));
}

/** With what verifies evidence; TypeScript leaves the address of an import() as it is in a function that has `await using`. */
function loadStamps() {
  return import('../stamps/open-stamps.ts');
}
