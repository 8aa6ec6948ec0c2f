import { parseRequirement, requireEvidence } from '../../evidence/require.ts';
import type { Requirement } from '../../evidence/require.ts';
import type { VerifiedStatement } from '../../evidence/entry.ts';
import { SILENT } from '../../io/progress.ts';
import { mapLimit } from '../../io/limit.ts';
import { fail } from '../../ledger-schema/error.ts';
import { parseRecordPath } from '../../ledger-schema/names/path.ts';
import type { PublicStore } from '../../store/public.ts';
import { openMirrors } from '../download/mirrors.ts';
import type { ConsumerOptions } from '../options.ts';
import type { VerifiedRelease } from '../release.ts';
import { readAtMost } from '../../io/whole-bytes.ts';

/** A release's evidence, verified here, and the bytes that it came in. */
export interface ReleaseEvidence {
  readonly statements: readonly VerifiedStatement[];
  /** Of every entry, by its SHA-256. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
}

const AT_ONCE = 4;

/** @internal The words of `[evidence] require[]`. Throws `E_CONFIG`. */
function readRequirements(words: readonly string[]): Requirement[] {
  return words.map((word) => parseRequirement(word, (glob) => glob));
}

/**
 * @internal
 * Fetches all evidence of a release from the stores and verifies it, without any other host and without the present
 * time; then holds it against what this consumer requires. Throws `E_EVIDENCE` for any entry that fails and for what is
 * required and not there, `E_NO_STORE`, and what reading the stores throws.
 */
export async function verifyReleaseEvidence(
  options: ConsumerOptions,
  release: VerifiedRelease,
): Promise<ReleaseEvidence> {
  const entries = release.evidence ?? [];
  const requirements = readRequirements(options.evidence?.require ?? []);
  const { source, repository, tag } = parseRecordPath(release.ledger.path);
  const { repositoryId, commit, assets: files } = release;
  const subject = { source, repository, repositoryId, tag, commit, files };
  if (entries.length === 0) {
    requireEvidence(requirements, [], subject);
    return { statements: [], bytes: new Map() };
  }
  const { signal } = options;
  const mirrors = await evidenceStores(options);
  const bytes = new Map<string, Uint8Array>();
  await mapLimit(entries, AT_ONCE, async ({ sha256, size }) => {
    bytes.set(sha256, await readAtMost(readFrom(mirrors, { sha256, size }, signal), size));
  });
  const [{ verifyEvidence }, { loadRoots }] = await Promise.all([
    import('../../evidence/verify.ts'),
    import('../../evidence/roots.ts'),
  ]);
  const roots = loadRoots(options.evidence?.trustedRoots);
  const statements = await verifyEvidence({
    subject,
    entries,
    bytes,
    roots,
    read: (file) => readFrom(mirrors, file, signal),
  });
  requireEvidence(requirements, statements, subject);
  return { statements, bytes };
}

/** Brings one piece of evidence from the stores; the reader checks that its bytes are right. Throws `E_NO_STORE`. */
export async function openEvidence(
  options: ConsumerOptions,
): Promise<(entry: { readonly sha256: string; readonly size: number }) => Promise<Uint8Array>> {
  const mirrors = await evidenceStores(options);
  return ({ sha256, size }) => readAtMost(readFrom(mirrors, { sha256, size }, options.signal), size);
}

async function evidenceStores(options: ConsumerOptions): Promise<PublicStore[]> {
  const { stores = [], offline, env = process.env, baseDir = process.cwd(), progress = SILENT } = options;
  const mirrors = await openMirrors(stores, { baseDir, env, progress, offline });
  if (mirrors.length > 0) return mirrors;
  return fail('E_NO_STORE', 'there is no store to read the evidence from', {
    hint: 'give --store, or url or public-url in [store] of mirror.ini',
  });
}

/** From the first place that has them; what comes is held against its digest before it is parsed. */
async function* readFrom(
  mirrors: readonly PublicStore[],
  file: { readonly sha256: string; readonly size: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [at, mirror] of mirrors.entries()) {
    let begun = false;
    try {
      for await (const chunk of mirror.read(file, { signal, others: at < mirrors.length - 1 })) {
        begun = true;
        yield chunk;
      }
      return;
    } catch (error) {
      if (begun || at === mirrors.length - 1) throw error;
    }
  }
}
