import { sha256Hex } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { EVIDENCE_BYTES } from '../ledger-schema/evidence.ts';
import { Coverage } from './coverage.ts';
import type { EvidenceEntry, Subject, VerifiedStatement } from './entry.ts';
import type { ReadFile } from './file-bytes.ts';
import { readMinisignKey } from './keys/minisign.ts';
import { readOpenPgpKey } from './keys/openpgp.ts';
import { readPublicKey } from './sigstore/public-key.ts';
import type { Root } from './roots.ts';
import { judgeBundle, judgeMinisign, judgeOpenPgp } from './verify-statement.ts';
import type { Judged, StatementBytes } from './verify-statement.ts';

export interface EvidenceInput {
  readonly subject: Subject;
  readonly entries: readonly EvidenceEntry[];
  /** The bytes of each entry, by its SHA-256; not checked yet. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  readonly roots: readonly Root[];
  /** Opens a recorded file: only signatures over a file itself need it. */
  readonly read: ReadFile;
}

interface Keys {
  readonly bySigner: ReadonlyMap<string, Uint8Array>;
}

/** What became of each entry: a statement that verifies, or why it doesn't. Keys and lists have no result of their own. */
export interface EntryResult {
  readonly entry: EvidenceEntry;
  readonly statement?: VerifiedStatement;
  readonly error?: PullthroughError;
}

/**
 * Verifies all evidence of a record from its bytes, without a network and without the present time;
 * docs/evidence.md, "What verifying means". An entry's failure is in its result; throws only what reading throws.
 */
export async function examineEvidence(input: EvidenceInput): Promise<EntryResult[]> {
  const checked = await Promise.all(input.entries.map((entry) => checkEntry(entry, input.bytes.get(entry.sha256))));
  const good = checked.flatMap(({ entry, bytes }) => (bytes === undefined ? [] : [{ entry, bytes }]));
  const lists = good.flatMap(({ entry, bytes }) => (entry.kind === 'list' ? [{ sha256: entry.sha256, bytes }] : []));
  const coverage = new Coverage(input.subject, lists, input.read);
  const keys = new Map(good.flatMap(({ entry, bytes }) => (entry.kind === 'key' ? [[entry.signer ?? '', bytes]] : [])));
  const covered = new Set<string>();
  const used = new Set<string>();
  const results: EntryResult[] = [];
  for (const { entry, bytes, error } of checked) {
    if (bytes === undefined) {
      results.push({ entry, error });
      continue;
    }
    if (entry.kind === 'list' || entry.kind === 'key') continue;
    try {
      const judged = await judge(entry, bytes, { ...input, coverage, keys: { bySigner: keys } });
      for (const list of judged.lists) covered.add(list);
      used.add(judged.statement.signer);
      results.push({ entry, statement: judged.statement });
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.code !== 'E_EVIDENCE') throw error;
      results.push({ entry, error: named(entry, error) });
    }
  }
  const kept = new Set<string>();
  for (const { entry } of good) {
    const why = entry.kind === 'list' ? listProblem(entry, covered) : keyProblem(entry, used, kept);
    if (why !== undefined) results.push({ entry, error: named(entry, new PullthroughError('E_EVIDENCE', why)) });
  }
  return results;
}

function listProblem({ sha256 }: EvidenceEntry, covered: ReadonlySet<string>): string | undefined {
  return covered.has(sha256) ? undefined : 'no signature covers the list';
}

/** Of two copies of a certificate one may lack a revocation that the other has: nobody should have to choose. */
function keyProblem({ kind, signer = '' }: EvidenceEntry, used: ReadonlySet<string>, kept: Set<string>) {
  if (kind !== 'key') return undefined;
  if (kept.size === kept.add(signer).size) return 'another key of that signer is kept too';
  return used.has(signer) ? undefined : 'nothing is signed by the key';
}

/** As {@link examineEvidence}; throws `E_EVIDENCE` for the first entry that fails. Returns the statements. */
export async function verifyEvidence(input: EvidenceInput): Promise<VerifiedStatement[]> {
  const results = await examineEvidence(input);
  const failure = results.find(({ error }) => error !== undefined)?.error;
  if (failure !== undefined) throw failure;
  return results.flatMap(({ statement }) => statement ?? []);
}

/** Size and digest before anything is parsed; docs/evidence.md, "What verifying means", 1. A key must be the entry's. */
async function checkEntry(entry: EvidenceEntry, bytes: Uint8Array | undefined) {
  try {
    const right = checkBytes(entry, bytes);
    if (entry.kind === 'key') await checkKey(entry, right);
    return { entry, bytes: right, error: undefined };
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return { entry, bytes: undefined, error: named(entry, error) };
  }
}

function checkBytes({ size, sha256 }: EvidenceEntry, bytes: Uint8Array | undefined): Uint8Array {
  const refuse = (why: string): never => fail('E_EVIDENCE', why);
  if (bytes === undefined) return refuse('its bytes are not there');
  if (bytes.length > EVIDENCE_BYTES) refuse(`it has more than ${EVIDENCE_BYTES} bytes`);
  if (bytes.length !== size) refuse(`it has ${bytes.length} bytes, and the record says ${size}`);
  if (sha256Hex(bytes) !== sha256) refuse('its bytes are not those that the record names');
  return bytes;
}

/** Whether or not a signature needs it. */
async function checkKey({ signer }: EvidenceEntry, bytes: Uint8Array): Promise<void> {
  const is =
    signer?.startsWith('key:') === true
      ? `key:${readPublicKey(bytes).sha256}`
      : (await readOpenPgpKey(bytes)).file.fingerprint;
  if (is !== signer) fail('E_EVIDENCE', `it is the key ${is}, and the record says ${signer}`);
}

function named({ kind, sha256 }: EvidenceEntry, cause: PullthroughError): PullthroughError {
  const message = `the evidence ${kind} ${sha256.slice(0, 12)} does not count: ${cause.message}`;
  return new PullthroughError('E_EVIDENCE', message, { hint: cause.hint, cause });
}

async function judge(
  entry: EvidenceEntry,
  bytes: Uint8Array,
  input: EvidenceInput & { readonly coverage: Coverage; readonly keys: Keys },
): Promise<Judged> {
  const { subject, roots, coverage } = input;
  const about = input.subject.files.find(({ sha256 }) => sha256 === entry.sha256)?.name.replace(/\.[a-z]+$/i, '');
  const statement: StatementBytes = { sha256: entry.sha256, bytes, about };
  const judged = await judgeKind(entry, statement, { subject, roots, coverage, keys: input.keys });
  const { signer, issuer } = judged.statement;
  if (signer !== entry.signer) fail('E_EVIDENCE', `it is signed by ${signer}, and the record says ${entry.signer}`);
  if (issuer !== entry.issuer) {
    fail('E_EVIDENCE', `its issuer is ${issuer ?? 'nobody'}, and the record says ${entry.issuer ?? 'nobody'}`);
  }
  return judged;
}

interface JudgeInput {
  readonly subject: Subject;
  readonly roots: readonly Root[];
  readonly coverage: Coverage;
  readonly keys: Keys;
}

async function judgeKind(entry: EvidenceEntry, statement: StatementBytes, input: JudgeInput): Promise<Judged> {
  const signer = entry.signer ?? fail('E_EVIDENCE', 'the record does not say who signed it');
  const { coverage, keys } = input;
  const keyBytes = (): Uint8Array =>
    keys.bySigner.get(signer) ?? fail('E_EVIDENCE', `the key of ${signer} is not kept with it`);
  if (entry.kind === 'minisign') {
    const key = readMinisignKey(signer) ?? fail('E_EVIDENCE', `${signer} is not a minisign key`);
    return judgeMinisign(statement, key, coverage);
  }
  if (entry.kind === 'openpgp') return judgeOpenPgp(statement, await readOpenPgpKey(keyBytes()), coverage);
  const key = signer.startsWith('key:') ? readPublicKey(keyBytes()) : undefined;
  return judgeBundle(statement, { ...input, key });
}
