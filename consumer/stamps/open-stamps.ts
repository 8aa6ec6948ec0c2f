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
import type { Alias } from '../serve/other-names.ts';
import { foldAscii } from '../../ledger-schema/index.ts';

export interface StampsRequest {
  readonly signer: StampSigner;
  readonly baseUrl: string | undefined;
  readonly view: LedgerView;
  readonly ledger: Pick<LedgerRepository, 'height'>;
  /** `[gateway] alias[]` */
  readonly aliases?: readonly Alias[] | undefined;
}

/** The writers of a site's stamps. Throws `E_USAGE` where nobody said where the site is served. */
export async function stampWriters(
  consumer: ConsumerOptions,
  { signer, baseUrl, view, ledger, aliases = [] }: StampsRequest,
): Promise<readonly SiteWriter[]> {
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
    aliases: await freeAliases(view, aliases),
    publicUrl: stores.find((url) => ['http', 'https'].includes(schemeOf(url) ?? '')),
    fetch: stores.length === 0 ? undefined : async (entry) => (await (opened ??= openEvidence(consumer)))(entry),
    roots,
    warn: (message) => progress.warn(message),
  });
  return [writer];
}

/** Aliases of the ledger's tools; a name that the ledger has a tool by belongs to that one. */
async function freeAliases({ snapshot }: LedgerView, aliases: readonly Alias[]): Promise<Alias[]> {
  const named = async (folder: string, wanted: string): Promise<string[]> =>
    (await snapshot.list(folder)).flatMap(({ name }) => (foldAscii(name) === wanted ? [`${folder}/${name}`] : []));
  const free: Alias[] = [];
  for (const alias of aliases) {
    const [source = '', owner = '', repo = ''] = alias.name.split('/');
    const owners = await named(`packages/${source}`, owner);
    const tools = await Promise.all(owners.map((folder) => named(folder, repo)));
    if (tools.flat().length === 0) free.push(alias);
  }
  return free;
}
