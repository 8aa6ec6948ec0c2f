import type { Collected } from '../../evidence/collect.ts';
import type { SubjectFile } from '../../evidence/entry.ts';
import { isSigned } from '../../evidence/require.ts';
import type { Release, Repository } from '../../github/types.ts';
import { openDownload } from '../../io/http/download/download.ts';
import { mapLimit } from '../../io/limit.ts';
import type { FetchedFile } from '../../ledger/new-record.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { readOffered } from '../../upstream/offered-evidence.ts';
import type { Tool } from '../../upstream/tools.ts';
import { assetRequest } from '../../upstream/transfer.ts';
import type { Transfer } from '../../upstream/transfer.ts';
import type { ExecutorContext } from '../context.ts';
import { bodyOf } from '../../io/whole-bytes.ts';

/** What is known of a release when its files are in the store. */
export interface EvidenceRequest {
  readonly tool: Tool;
  readonly transfer: Transfer;
  readonly release: Release;
  readonly files: readonly FetchedFile[];
  readonly identity: Repository;
  /** As its records spell it. */
  readonly repository: string;
  readonly commit: string;
}

const NONE: Collected = { entries: [], bytes: new Map(), statements: [], notes: [] };

/** How many entries are stored at once. */
const AT_ONCE = 4;

/**
 * Asks upstream what it signed of a release, verifies it, checks it against what the tool requires, and stores what is to
 * be recorded. Throws `E_EVIDENCE`, `E_CONFIG` for a key beside tool.ini that doesn't match its name, and what the
 * API, downloads and the store throw; then nothing of the release may be recorded.
 */
export async function releaseEvidence(
  context: Pick<ExecutorContext, 'trustedRoots'>,
  request: EvidenceRequest,
): Promise<Collected> {
  const { tool, transfer, release, files, identity, repository, commit } = request;
  const { keep, evidence: requirements } = tool.definition;
  if (keep === 'none' && !requirements.some(isSigned)) return NONE;
  const { client, signal } = transfer;
  const read = (file: SubjectFile) => readRecorded(transfer, release, file);
  const offered = await readOffered({ client, repository: identity, release, files, read, signal });
  if (offered.offers.length === 0 && !requirements.some(isSigned)) return { ...NONE, notes: offered.notes };
  const [{ collectEvidence }, { readKeys }, { loadRoots }] = await Promise.all([
    import('../../evidence/collect.ts'),
    import('../../evidence/keys/keys.ts'),
    import('../../evidence/roots.ts'),
  ]);
  const { source } = tool;
  const subject = { source, repository, repositoryId: identity.id, tag: release.tag, commit, files };
  const collected = await collectEvidence({
    subject,
    offers: offered.offers,
    lists: offered.lists,
    keys: await readKeys(tool.keys ?? [], requirements),
    roots: loadRoots(context.trustedRoots),
    requirements,
    keep,
    read,
  });
  await storeEvidence(transfer.store, collected);
  return { ...collected, notes: [...offered.notes, ...collected.notes] };
}

/** Puts every entry into the store, where it lies like any object. */
export async function storeEvidence(
  store: Transfer['store'],
  { entries, bytes }: Pick<Collected, 'entries' | 'bytes'>,
): Promise<void> {
  await mapLimit(entries, AT_ONCE, async ({ kind, sha256, size }) => {
    const body = bytes.get(sha256) ?? new Uint8Array();
    await store.put({ name: `${sha256}.${kind}`, size, sha256 }, bodyOf(body));
  });
}

/** A file's bytes from the store; from upstream once more where nothing was stored, as with --dry-run. */
export async function* readRecorded(
  { client, store, signal }: Transfer,
  release: Release,
  { name, sha256 }: SubjectFile,
): AsyncGenerator<Uint8Array, void, undefined> {
  let begun = false;
  try {
    for await (const chunk of store.read(sha256)) {
      begun = true;
      yield chunk;
    }
    return;
  } catch (error) {
    const missing = error instanceof PullthroughError && error.code === 'E_STORE_MISSING';
    if (begun || !missing) throw error;
  }
  const asset = release.assets.find((each) => each.name === name);
  if (asset !== undefined) yield* openDownload({ ...assetRequest(client, asset), signal });
}

/** What was verified, a line each, for a commit's message and a pull request. The texts are upstream's. */
export function describeEvidence({ statements, notes }: Collected, files: readonly FetchedFile[]): string[] {
  const lines = statements.map(({ kind, predicate, signer, signedAt, files: covered }) => {
    const what = predicate ?? `a ${kind} signature`;
    const when = signedAt === undefined ? '' : `, ${signedAt}`;
    return `signed by ${signer}${when}: ${what}, covers ${covered.length} of ${files.length} files`;
  });
  return [...lines, ...notes];
}
