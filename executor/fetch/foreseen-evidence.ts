import type { Checklist } from '../../ledger-schema/checklist.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import { claimedPredicate } from '../../evidence/sigstore/claimed-predicate.ts';
import { weakerEvidence } from '../../evidence/weaker.ts';
import type { ComparedEntry } from '../../evidence/weaker.ts';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { listAttestations } from '../../github/attestations.ts';
import type { Finding } from '../../inspect/finding.ts';
import { weakerFinding } from '../../proposals/release-findings.ts';
import type { Examined, Item } from '../assess-tool.ts';
import { previousRecord } from '../propose/previous-record.ts';
import { saidEvidence } from '../propose/said-evidence.ts';
import type { Run } from '../open-run.ts';

/** Files that may hold a statement of a kind, by their names. */
const FILES_OF: Readonly<Partial<Record<EvidenceEntry['kind'], RegExp>>> = {
  sigstore: /\.(?:sigstore\.json|sigstore|bundle|intoto\.jsonl)$/i,
  minisign: /\.minisig$/i,
  openpgp: /\.(?:asc|sig)$/i,
};

/**
 * What the record before was signed by and a release that is to be proposed will lack, as far as it is certain before a
 * download: upstream offers nothing of the kind. One request, and only where the record before has a bundle. Throws what
 * the API throws.
 */
export async function foreseenFindings(
  run: Pick<Run, 'holdings' | 'trust' | 'progress' | 'store'>,
  examined: Examined,
  item: Item,
): Promise<Finding[]> {
  if (item.decision.action !== 'propose') return [];
  const before = await previousRecord(run, examined, item.release.tag);
  if (before === undefined || weakerEvidence(before.evidence, []).length === 0) return [];
  const statements = weakerEvidence((await saidEvidence(run.store, before)).evidence, []);
  const offered = examined.tool.definition.keep === 'none' ? [] : await offeredLike(statements, examined, item);
  return weakerEvidence(statements, offered).map((lost) => weakerFinding(before.tag, lost));
}

/** The earlier statements that a release may have again, and those that can't be judged before a download. */
async function offeredLike(
  statements: readonly ComparedEntry[],
  examined: Examined,
  item: Item,
): Promise<readonly ComparedEntry[]> {
  const names = item.release.assets.map(({ name }) => name);
  const inFiles = ({ kind }: EvidenceEntry): boolean => names.some((name) => FILES_OF[kind]?.test(name) === true);
  const bundles = statements.filter((one) => one.kind === 'sigstore' && !inFiles(one));
  const atApi = bundles.length === 0 ? [] : await offeredAtApi(bundles, examined, item);
  return [...statements.filter(inFiles), ...atApi];
}

async function offeredAtApi(
  bundles: readonly ComparedEntry[],
  { client, identity }: Examined,
  { decision }: Item,
): Promise<readonly ComparedEntry[]> {
  const files = decision.action === 'propose' ? decision.files : [];
  const digests = files.flatMap((file) => (file.kind === 'asset' ? (file.asset.sha256 ?? []) : []));
  // The API is asked by digests; without them, or where a bundle lies elsewhere, nothing is certain.
  if (identity === undefined || digests.length < files.length) return bundles;
  const attestations = await listAttestations(client, identity, digests);
  if (attestations.some(({ bundle }) => bundle === undefined)) return bundles;
  const { claimedSigner } = await import('../../evidence/keys/claimed-signer.ts');
  const [example] = bundles;
  const found: ComparedEntry[] = [];
  for (const { bundle } of attestations) {
    const claimed = claimedSigner(bundle);
    if (claimed === 'unreadable' || example === undefined) continue;
    const predicate = claimedPredicate(utf8(JSON.stringify(bundle)));
    const by =
      claimed === undefined
        ? bundles.filter(({ signer = '' }) => signer.startsWith('key:'))
        : [{ ...example, ...claimed }];
    found.push(...by.map((one) => ({ ...one, predicate })));
  }
  return found;
}

/** What the record before was signed by and this one is not. */
export async function weakerThanBefore(
  run: Pick<Run, 'holdings' | 'trust' | 'progress' | 'store'>,
  examined: Examined,
  now: Checklist,
  bytes: ReadonlyMap<string, Uint8Array>,
): Promise<Finding[]> {
  const before = await previousRecord(run, examined, now.tag);
  if (before === undefined) return [];
  const [was, is] = await Promise.all([saidEvidence(run.store, before), saidEvidence(run.store, now, bytes)]);
  return weakerEvidence(was.evidence, is.evidence).map((lost) => weakerFinding(before.tag, lost));
}
