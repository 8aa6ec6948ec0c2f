import { join } from 'node:path';
import { EVIDENCE_BYTES } from '../../ledger-schema/evidence.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import type { VerifiedStatement } from '../../evidence/entry.ts';
import { isProvenance, isReleasePredicate } from '../../evidence/sigstore/predicate.ts';
import { makeFolders, readFileBounded, writeFileAtomic } from '../../io/files/file.ts';
import { equalBytes } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { ReleaseEvidence } from './verify-release.ts';

/** One file of `get --evidence`. */
export interface EvidenceFile {
  readonly kind: EvidenceEntry['kind'];
  readonly sha256: string;
  readonly path: string;
}

/**
 * Writes verified evidence into a folder, named so that other programs take it: `NAME.sigstore.json` for cosign,
 * `NAME.minisig` for minisign, `*.sigstore.json` of provenance for gh. Throws `E_EXISTS` where another file lies there.
 */
export async function writeEvidence(
  folder: string,
  entries: readonly EvidenceEntry[],
  { statements, bytes }: ReleaseEvidence,
  { replace = false }: { readonly replace?: boolean | undefined } = {},
): Promise<EvidenceFile[]> {
  const names = evidenceNames(entries, statements, bytes);
  await makeFolders(folder);
  const written: EvidenceFile[] = [];
  for (const { kind, sha256 } of entries) {
    const path = join(folder, names.get(sha256) ?? sha256);
    const body = bytes.get(sha256) ?? fail('E_INTERNAL', 'evidence was verified without its bytes');
    const there = await readFileBounded(path, EVIDENCE_BYTES).catch(() => new Uint8Array());
    if (there !== undefined && !equalBytes(there, body) && !replace) {
      fail('E_EXISTS', `${path} is there already, and is something else`, {
        hint: 'name another folder, or use --force',
      });
    }
    await writeFileAtomic(path, body);
    written.push({ kind, sha256, path });
  }
  return written;
}

/** A name for each entry, by its SHA-256. Pure. */
export function evidenceNames(
  entries: readonly EvidenceEntry[],
  statements: readonly VerifiedStatement[],
  bytes: ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, string> {
  const lists = new Map(
    entries.flatMap(({ kind, sha256 }) => (kind === 'list' ? [[sha256, `checksums-${sha256.slice(0, 12)}.txt`]] : [])),
  );
  const said = new Map(statements.map((statement) => [statement.sha256, statement]));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const entry of entries) {
    const { sha256 } = entry;
    const [stem, ending] = nameOf(entry, said.get(sha256), lists, bytes.get(sha256));
    const plain = `${stem}${ending}`;
    // Two have the same name: their digests tell them apart.
    const name = taken.has(plain.toLowerCase()) ? `${stem}.${sha256.slice(0, 12)}${ending}` : plain;
    taken.add(name.toLowerCase());
    names.set(sha256, name);
  }
  return names;
}

function nameOf(
  { kind, sha256, signer = '' }: EvidenceEntry,
  statement: VerifiedStatement | undefined,
  lists: ReadonlyMap<string, string>,
  bytes: Uint8Array | undefined,
): readonly [stem: string, ending: string] {
  if (kind === 'list') return [lists.get(sha256) ?? sha256, ''];
  if (kind === 'key') return signer.startsWith('key:') ? [signer.slice('key:'.length), '.pub'] : [signer, '.asc'];
  const { over, predicate } = statement ?? {};
  const stem = over === undefined ? attestationName(predicate) : (lists.get(over.sha256) ?? over.name);
  if (kind === 'sigstore') return [stem, '.sigstore.json'];
  if (kind === 'minisign') return [stem, '.minisig'];
  return [stem, ((bytes?.[0] ?? 0) & 0x80) === 0 ? '.asc' : '.sig'];
}

function attestationName(predicate: string | undefined): string {
  if (isReleasePredicate(predicate)) return 'release-attestation';
  return isProvenance(predicate) ? 'provenance' : 'attestation';
}
