// Verifies a release in the browser: the same rules and the same code as every consumer, from files that the site serves.
import './no-eval.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  PullthroughError,
  REGULAR,
  establishTrust,
  requireAcknowledged,
  verifyRecord,
} from '../../../ledger-schema/index.ts';
import type { AcknowledgedRecord, LedgerFiles, RecordFiles, Trust } from '../../../ledger-schema/index.ts';
import { fetchServed } from './served.ts';
import type { Served } from './served.ts';
import { findPages } from './find-pages.ts';
import type { LocalFile } from './page-objects.ts';

export interface CheckRequest {
  /** The site's folder, as a link from the page. */
  readonly root: string;
  /** Where the policies' files are. */
  readonly trust: string;
  /** Where the record's files are, and its directory in the ledger, as the page says it; undefined: the bytes say which one it is. */
  readonly release: { readonly record: string; readonly path: string } | undefined;
  /** The pin that the visitor typed; empty: the page's own. */
  readonly typed: string;
  readonly own: string;
}

export interface Verdict {
  readonly good: boolean;
  readonly head: string;
  readonly lines: readonly string[];
  /** The page of the release that it is from, as a link. */
  readonly page?: string | undefined;
}

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
    const own = request.typed === '';
    if (request.release === undefined) return await findRelease(file, await hashing, request.root, trust, own);
    const { record: address, path } = request.release;
    const record = await readRecord(await fetchServed(address), path, trust);
    return judge(file, await hashing, record, trust, own);
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): Verdict {
  if (!(error instanceof PullthroughError)) throw error;
  return refused('Not verified', `${error.message} [${error.code}]`, ...(error.hint === undefined ? [] : [error.hint]));
}

/** Releases that are looked at for one file, and named beside the first. */
const MOST_TRIED = 20;
const MOST_NAMED = 5;

/** Which release a file is from: what the site says is where to look, and each record there is verified. */
async function findRelease(
  file: LocalFile,
  digest: string,
  root: string,
  trust: Trust,
  own: boolean,
): Promise<Verdict> {
  const pages = (await findPages(root, digest)).slice(0, MOST_TRIED);
  const good: { readonly verdict: Verdict; readonly release: string }[] = [];
  const bad: Verdict[] = [];
  for (const page of pages) {
    try {
      const served = await fetchServed(`${page}.json`);
      const record = await readRecord(served, served.path, trust);
      const verdict = judge(file, digest, record, trust, own);
      const { repository, tag } = record.checklist;
      if (verdict.good) good.push({ verdict: { ...verdict, page: `${page}.html` }, release: `${repository} ${tag}` });
      else bad.push(verdict);
    } catch (error) {
      bad.push({ ...refusal(error), page: `${page}.html` });
    }
  }
  const [first, ...others] = good;
  if (first === undefined) return bad[0] ?? unknown(file, digest);
  const named = others.slice(0, MOST_NAMED).map(({ release }) => release);
  const more = others.length > named.length ? ' and others' : '';
  const { lines } = first.verdict;
  return {
    ...first.verdict,
    lines: [...(named.length === 0 ? [] : [`The same bytes are in ${named.join(', ')}${more}.`]), ...lines],
  };
}

function unknown(file: LocalFile, digest: string): Verdict {
  return refused(
    `${file.name} is in no release that this site knows`,
    `Its SHA-256 is ${digest}.`,
    'A site that lies could leave a release out: pullthrough verify asks the ledger.',
  );
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
