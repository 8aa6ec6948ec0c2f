import {
  CHECKLIST_BYTES,
  PullthroughError,
  REGULAR,
  SIGNATURE_BYTES,
  foldAscii,
  listings,
  tryLedgerPath,
} from '../../../ledger-schema/index.ts';
import type { RecordFiles, Trust } from '../../../ledger-schema/index.ts';
import { listedFiles } from '../../../ledger-schema/openpgp/keyring.ts';
import { KEY_BYTES } from '../../../ledger-schema/openpgp/openpgp.ts';
import { POLICY_BYTES, parsePolicy } from '../../../ledger-schema/policy.ts';
import { SEAL_BYTES } from '../../../ledger-schema/seal.ts';
import { ledgerFiles } from '../../../ledger/files.ts';
import type { Snapshot } from '../../../ledger/snapshot.ts';

/** Files of the ledger in one document, by their paths below `path`. What isn't UTF-8 can't be a file of the format. */
export interface LedgerDocument {
  readonly format: 1;
  readonly path: string;
  readonly files: Readonly<Record<string, string>>;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined for what isn't UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function documentText(path: string, files: readonly (readonly [name: string, text: string])[]): string {
  return `${JSON.stringify({ format: 1, path, files: Object.fromEntries(files) } satisfies LedgerDocument)}\n`;
}

/** A record with all its signatures that could count, for verifying it without git. */
export async function recordDocument(record: RecordFiles, trust: Trust): Promise<string> {
  const files: [string, string][] = [];
  for (const { name, mode } of record.entries) {
    const kind = mode === REGULAR ? tryLedgerPath(`${record.path}/${name}`) : undefined;
    if (kind === undefined) continue;
    if ((kind.kind === 'ack' || kind.kind === 'nack') && trust.listing(kind.fingerprint) === undefined) continue;
    const limit = kind.kind === 'checklist' || kind.kind === 'sums' ? CHECKLIST_BYTES : SIGNATURE_BYTES;
    const bytes = await bounded(record.read(name, limit));
    const text = bytes && textOf(bytes);
    if (text !== undefined) files.push([name, text]);
  }
  return documentText(record.path, files);
}

/** The policies with what their roots signed, and every key file and seal that they list. */
export async function trustDocument(snapshot: Snapshot): Promise<string> {
  const ledger = ledgerFiles(snapshot);
  const entries = (await snapshot.list('trust')).filter(({ mode }) => mode === REGULAR);
  const wanted = new Map<string, number>();
  const signers = new Set<string>();
  for (const { name } of entries) {
    if (tryLedgerPath(`trust/${name}`)?.kind !== 'policy') continue;
    wanted.set(`trust/${name}`, POLICY_BYTES);
    const bytes = await bounded(ledger.read(`trust/${name}`, POLICY_BYTES));
    const policy = bytes && tryPolicy(bytes);
    if (policy === undefined) continue;
    for (const path of listedFiles(policy).keys()) wanted.set(path, Math.max(KEY_BYTES, SEAL_BYTES));
    for (const fingerprint of listings(policy).keys()) signers.add(fingerprint);
  }
  for (const { name } of entries) {
    const kind = tryLedgerPath(`trust/${name}`);
    if (kind?.kind === 'policy-sign' && signers.has(kind.fingerprint)) wanted.set(`trust/${name}`, SIGNATURE_BYTES);
  }
  const files: [string, string][] = [];
  for (const [path, limit] of [...wanted].sort(([a], [b]) => (foldAscii(a) < foldAscii(b) ? -1 : 1))) {
    const bytes = await bounded(ledger.read(path, limit));
    const text = bytes && textOf(bytes);
    if (text !== undefined) files.push([path.slice('trust/'.length), text]);
  }
  return documentText('trust', files);
}

function tryPolicy(bytes: Uint8Array) {
  try {
    return parsePolicy(bytes);
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

/** What is too large counts as nothing. */
async function bounded(reading: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_TOO_LARGE') return undefined;
    throw error;
  }
}
