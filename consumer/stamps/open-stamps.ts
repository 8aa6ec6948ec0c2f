import { SILENT } from '../../io/progress.ts';
import { fail } from '../../ledger-schema/index.ts';
import type { LedgerRepository } from '../../ledger/git/repository.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import { schemeOf } from '../../store/open.ts';
import { openEvidence } from '../evidence/verify-release.ts';
import type { ConsumerOptions } from '../options.ts';
import type { SiteWriter } from '../site/writer.ts';
import type { StampSigner } from './signer.ts';
import { stampWriter } from './stamp-writer.ts';

export interface StampsRequest {
  readonly signer: StampSigner;
  readonly baseUrl: string | undefined;
  readonly view: LedgerView;
  readonly ledger: Pick<LedgerRepository, 'height'>;
}

/** The writers of a site's stamps. Throws `E_USAGE` where nobody said where the site is served. */
export function stampWriters(
  consumer: ConsumerOptions,
  { signer, baseUrl, view, ledger }: StampsRequest,
): readonly SiteWriter[] {
  if (baseUrl === undefined) {
    fail('E_USAGE', 'a release list names its packslips by their addresses', { hint: 'add --base-url URL' });
  }
  const { stores = [], progress = SILENT, evidence } = consumer;
  if (new URL(baseUrl).pathname !== '/') {
    progress.warn(`clients look for stamps at the root of a host, and ${baseUrl} is a folder of one`);
  }
  if (stores.length === 0)
    progress.warn("without a store, packslips of the vendors' own that were kept are not looked for");
  const roots = async () => (await import('../../evidence/roots.ts')).loadRoots(evidence?.trustedRoots);
  // Offline there may be none that can be read: only a record with evidence asks.
  let opened: ReturnType<typeof openEvidence> | undefined;
  const writer = stampWriter({
    signer,
    baseUrl,
    trust: view.trust,
    height: () => ledger.height(view.commit),
    publicUrl: stores.find((url) => ['http', 'https'].includes(schemeOf(url) ?? '')),
    fetch: stores.length === 0 ? undefined : async (entry) => (await (opened ??= openEvidence(consumer)))(entry),
    roots,
    warn: (message) => progress.warn(message),
  });
  return [writer];
}
