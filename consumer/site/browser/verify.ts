// Verifies a release in the browser: the same rules and the same code as every consumer, from files that the site serves.
import './no-eval.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  PullthroughError,
  REGULAR,
  establishTrust,
  requireAcknowledged,
  utf8,
  verifyRecord,
} from '../../../ledger-schema/index.ts';
import type { AcknowledgedRecord, LedgerFiles, RecordFiles, Trust } from '../../../ledger-schema/index.ts';
import type { LocalFile } from './page-objects.ts';

export interface CheckRequest {
  /** Where the record's and the policies' files are. */
  readonly record: string;
  readonly trust: string;
  /** The pin that the visitor typed; empty: the page's own. */
  readonly typed: string;
  readonly own: string;
  /** The record's directory in the ledger, as the page says it. */
  readonly path: string;
}

export interface Verdict {
  readonly good: boolean;
  readonly head: string;
  readonly lines: readonly string[];
}

/** Files of the ledger as the site serves them: none of it is trusted. */
interface Served {
  readonly path: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILES = 50_000;

const OWN_PIN =
  'The pin came from this site too. A site that lies would lie about that as well: type the pin that the ledger’s owner gave you.';

const TYPED_PIN =
  'From the pin that you typed. A site that lies can still hold back a withdrawal: pullthrough verify asks the ledger.';

/** Hashes the file and verifies the record's chain from the pin. Whatever is refused is in the verdict. */
export async function checkFile(file: LocalFile, request: CheckRequest): Promise<Verdict> {
  const pin = /^(?:sha256:)?([0-9a-f]{64})$/.exec(request.typed === '' ? request.own : request.typed)?.[1];
  if (pin === undefined) {
    return refused('The pin is not a SHA-256 in lower-case hex', 'It is written as sha256: and 64 digits.');
  }
  const hashing = hashFile(file);
  hashing.catch(() => undefined);
  try {
    const trust = await establishTrust(trustFiles(await fetchServed(request.trust)), { pin, now: new Date() });
    if (trust.expired)
      return refused(`The policy expired on ${trust.policy.expires}`, 'Nothing new is resolved by it.');
    const record = await readRecord(await fetchServed(request.record), request.path, trust);
    return judge(file, await hashing, record, trust, request.typed === '');
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return refused(
      'Not verified',
      `${error.message} [${error.code}]`,
      ...(error.hint === undefined ? [] : [error.hint]),
    );
  }
}

function refused(head: string, ...lines: readonly string[]): Verdict {
  return { good: false, head, lines };
}

/** By the file's bytes alone: what it is called says nothing. */
function judge(file: LocalFile, digest: string, record: AcknowledgedRecord, trust: Trust, own: boolean): Verdict {
  const { repository, tag } = record.checklist;
  const release = `${repository} ${tag}`;
  const asset = record.assets.find(({ sha256: listed, size }) => listed === digest && size === file.size);
  if (asset === undefined) {
    return refused(
      `${file.name} is not a file of ${release}`,
      `Its SHA-256 is ${digest}, which the record does not list.`,
    );
  }
  const people = record.ackHolders.join(', ');
  return {
    good: true,
    head: `This is ${asset.name} of ${release}`,
    lines: [
      `Acknowledged by ${people}, verified here from the pin to policy ${trust.version}.`,
      ...(own ? [OWN_PIN] : [TYPED_PIN]),
    ],
  };
}

async function hashFile(file: LocalFile): Promise<string> {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    hash.update(value);
  }
  return Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Throws `E_RECORD` for anything but a document of the site, `E_HTTP` where there is none. */
async function fetchServed(address: string): Promise<Served> {
  const response = await fetch(address, { redirect: 'error', credentials: 'omit' });
  if (!response.ok) throw new PullthroughError('E_HTTP', `the site answers ${response.status} for ${address}`);
  const text = await boundedText(response);
  let served: unknown;
  try {
    served = JSON.parse(text);
  } catch (cause) {
    throw new PullthroughError('E_RECORD', `${address} is not JSON`, { cause });
  }
  const { path, files } = (served ?? {}) as { readonly path?: unknown; readonly files?: unknown };
  if (typeof path !== 'string' || typeof files !== 'object' || files === null) {
    throw new PullthroughError('E_RECORD', `${address} does not hold the files of a ledger`);
  }
  const entries = Object.entries(files);
  if (entries.length > MOST_FILES) throw new PullthroughError('E_TOO_LARGE', `${address} has too many files`);
  const found = new Map<string, Uint8Array>();
  for (const [name, content] of entries) if (typeof content === 'string') found.set(name, utf8(content));
  return { path, files: found };
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  let text = '';
  let bytes = 0;
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > MOST_BYTES) {
      void reader.cancel().catch(() => undefined);
      throw new PullthroughError('E_TOO_LARGE', 'the site sends more than a ledger has');
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}

function limited(bytes: Uint8Array | undefined, limit: number, path: string): Uint8Array | undefined {
  if (bytes !== undefined && bytes.length > limit) throw new PullthroughError('E_TOO_LARGE', `${path} is too large`);
  return bytes;
}

/** `trust/` and the folders below it, as a ledger has them. */
function trustFiles({ files }: Served): LedgerFiles {
  return {
    list: async (directory) =>
      [...files.keys()].flatMap((name) => {
        const path = `trust/${name}`;
        const cut = path.lastIndexOf('/');
        return path.slice(0, cut) === directory ? [{ name: path.slice(cut + 1), mode: REGULAR, oid: path }] : [];
      }),
    read: async (path, limit) => limited(files.get(path.slice('trust/'.length)), limit, path),
  };
}

async function readRecord({ path, files }: Served, wanted: string, trust: Trust): Promise<AcknowledgedRecord> {
  if (path !== wanted) throw new PullthroughError('E_RECORD_PATH', `the site serves ${path} instead of ${wanted}`);
  const record: RecordFiles = {
    path,
    entries: [...files.keys()].map((name) => ({ name, mode: REGULAR, oid: name })),
    read: async (name, limit) => limited(files.get(name), limit, name),
  };
  return requireAcknowledged(await verifyRecord(record, trust), trust);
}
