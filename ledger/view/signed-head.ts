import { utf8 } from '../../ledger-schema/bytes.ts';
import { HEAD_BYTES, HEAD_FILE, checkHead } from '../../ledger-schema/head.ts';
import type { CheckedHead } from '../../ledger-schema/head.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import type { Snapshot } from '../snapshot.ts';

/** What is needed of a ledger to read its signed head. */
export interface HeadReader {
  /** The commit of the branch `pullthrough-head` as of the last update. */
  signedHead(): string | undefined;
  messageOf(commit: string): Promise<string>;
  snapshot(commit: string): Snapshot;
}

const SIGNATURE_BYTES = 4096;
const MOST_SIGNATURES = 16;
const BEGIN = '-----BEGIN PGP SIGNATURE-----';

/**
 * The head that an executor signed last; undefined where the ledger has no such branch. The commit's message repeats
 * the two files, so that it costs no request: what counts is the signature, wherever the bytes are. Throws `E_STALE`.
 */
export async function readSignedHead(ledger: HeadReader, trust: Trust): Promise<CheckedHead | undefined> {
  const commit = ledger.signedHead();
  if (commit === undefined) return undefined;
  const { bytes, signatures } = fromMessage(await ledger.messageOf(commit)) ?? (await fromFiles(ledger, commit));
  return checkHead(bytes, signatures, trust);
}

interface HeadFiles {
  readonly bytes: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

/** The message of a head's commit: a title, and the two files. */
export function headMessage(issued: string, bytes: Uint8Array, signature: Uint8Array): string {
  const text = (part: Uint8Array): string => Buffer.from(part).toString('utf8');
  return `Head of the ledger at ${issued}\n\n${text(bytes)}${text(signature)}`;
}

function fromMessage(message: string): HeadFiles | undefined {
  const start = message.indexOf('\n\n');
  const sign = message.indexOf(BEGIN);
  if (start < 0 || sign < start || message.length > HEAD_BYTES + 2 * SIGNATURE_BYTES) return undefined;
  return { bytes: utf8(message.slice(start + 2, sign)), signatures: [utf8(message.slice(sign))] };
}

async function fromFiles(ledger: HeadReader, commit: string): Promise<HeadFiles> {
  const snapshot = ledger.snapshot(commit);
  const entries = (await snapshot.list('')).filter(({ mode }) => mode === REGULAR);
  const head = entries.find(({ name }) => name === HEAD_FILE);
  const signs = entries.filter(({ name }) => /^head\.json\.[0-9A-F]{40}\.sign$/.test(name)).slice(0, MOST_SIGNATURES);
  if (head === undefined) return fail('E_STALE', `the ledger's head ${commit} has no ${HEAD_FILE}`);
  await snapshot.prefetch([head, ...signs].map(({ oid }) => oid));
  const signatures = await Promise.all(signs.map(({ oid }) => snapshot.blob(oid, SIGNATURE_BYTES)));
  return { bytes: await snapshot.blob(head.oid, HEAD_BYTES), signatures };
}
