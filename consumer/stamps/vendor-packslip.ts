import { readPackslip } from '../../evidence/sigstore/packslip.ts';
import type { Packslip } from '../../evidence/sigstore/packslip.ts';
import { forgeIssuer } from '../../evidence/sigstore/predicate.ts';
import type { Root } from '../../evidence/roots.ts';
import { examineEvidence } from '../../evidence/verify.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import { fail, foldAscii } from '../../ledger-schema/index.ts';
import type { StampRecord, VendorPackslip } from './record.ts';
import { instant } from './statement.ts';
import { tagVersion } from './tag-version.ts';

/** Brings the bytes of a piece of evidence, from the store. */
export type FetchEvidence = (entry: EvidenceEntry) => Promise<Uint8Array>;

/**
 * The vendor's packslip among a record's evidence, verified here: signed by a workflow of this very repository (its number
 * decides), for this tag and version, under this name. Undefined where there is none. Throws what `fetch` throws.
 */
export async function findVendorPackslip(
  record: StampRecord,
  { fetch, roots }: { readonly fetch: FetchEvidence; readonly roots: readonly Root[] },
): Promise<VendorPackslip | undefined> {
  const issuer = forgeIssuer(record.source);
  const candidates = record.evidence.filter((entry) => entry.kind === 'sigstore' && entry.issuer === issuer);
  for (const entry of candidates) {
    const bytes = await fetch(entry);
    const packslip = readPackslip(bytes);
    if (packslip === undefined || !isOf(packslip, record)) continue;
    const { source, repository, repositoryId, tag, commit, assets: files } = record;
    const [result] = await examineEvidence({
      subject: { source, repository, repositoryId, tag, commit, files },
      entries: [entry],
      bytes: new Map([[entry.sha256, bytes]]),
      roots,
      read: () => fail('E_INTERNAL', 'a statement was taken for a signature over a file'),
    });
    if (result?.statement === undefined) continue;
    const publishedAt = instant(new Date(packslip.predicate.published_at));
    return { bytes, sha256: entry.sha256, publishedAt, beyond: isBeyond(packslip, record) };
  }
  return undefined;
}

/** Is it the vendor's, about this release? packslip, "Consumer rules", 1 and 2. */
function isOf({ predicate, claims }: Packslip, record: StampRecord): boolean {
  const { project, version, source, identity } = predicate;
  return (
    claims.sourceRepositoryId === String(record.repositoryId) &&
    identity.key_id === claims.signer &&
    identity.issuer === claims.issuer &&
    foldAscii(project) === foldAscii(`${record.source}/${record.repository}`) &&
    source?.tag === record.tag &&
    version === tagVersion(record.tag, record.repository.split('/')[1])
  );
}

function isBeyond({ predicate, subjects }: Packslip, { assets }: StampRecord): boolean {
  const recorded = new Map(assets.map((asset) => [asset.name, asset]));
  const all = subjects.every(({ name, digest }) => recorded.get(name ?? '')?.sha256 === digest.get('sha256'));
  return !all || !predicate.artifacts.every(({ name, size }) => recorded.get(name)?.size === size);
}
