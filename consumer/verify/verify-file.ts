import { basename } from 'node:path';
import { PullthroughError, compareBytes, fail, requireAcknowledged, verifyRecord } from '../../ledger-schema/index.ts';
import type { ErrorCode, RecordFiles } from '../../ledger-schema/index.ts';
import { mapLimit } from '../../io/limit.ts';
import { fetchRecords } from './fetch-records.ts';
import type { HashedFile } from './hashed-file.ts';
import { findBytes } from './find-bytes.ts';
import type { Demand } from '../evidence/demand.ts';
import { toRelease } from '../release.ts';
import type { VerifiedRelease } from '../release.ts';
import { requireCurrent } from '../require-current.ts';
import type { LedgerView } from '../../ledger/view/view.ts';

/** A release without its list of files. */
export type FileRelease = Omit<VerifiedRelease, 'assets'>;

/** A file here, and where its bytes come from. */
export interface FileVerdict {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** The best of its records' states; `unknown` where no record lists these bytes. */
  readonly state: 'acknowledged' | 'withdrawn' | 'proposed' | 'invalid' | 'unknown';
  /**
   * Acknowledged releases that hold these bytes, and under which name; the one of the file's own name first, 100 at most: a
   * licence may be the same in every release of a tool.
   */
  readonly releases: readonly FoundAs[];
  /** How many more releases there are. */
  readonly more?: number;
  /**
   * Why there is none, what the state says first; or what else there is: a record with these bytes was withdrawn. 100 at most.
   */
  readonly problems: readonly {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint?: string | undefined;
  }[];
}

/** A release, and what a file is called there. */
interface FoundAs {
  readonly asset: string;
  readonly release: FileRelease;
}

/** What the ledger says of some bytes, whatever a file of them is called here. */
interface Bytes {
  readonly state: FileVerdict['state'];
  /** By path. */
  readonly releases: readonly FoundAs[];
  readonly problems: FileVerdict['problems'];
}

/** Releases and problems that are listed of one file; all are judged. */
const MOST_LISTED = 100;
/** Records that are fetched together, and those of them that are judged at once. */
const BATCH = 1000;
const AT_ONCE = 8;

const STATES = ['acknowledged', 'withdrawn', 'proposed', 'invalid', 'unknown'] as const;

/**
 * @internal
 * Which releases are these files from, and are they acknowledged? By their bytes alone; a name says nothing. Reads the
 * list of every record of the ledger; `demand`: what their releases must meet beyond their acks. Throws `E_POLICY_EXPIRED`; a file that isn't acknowledged is not an error here, see
 * {@link requireFile}.
 */
export async function verifyFiles(
  view: LedgerView,
  files: readonly HashedFile[],
  demand?: Demand,
): Promise<FileVerdict[]> {
  requireCurrent(view.trust);
  const places = await findBytes(view.snapshot, new Set(files.map(({ sha256 }) => sha256)));
  const records = await judgeAll(view, [...new Set([...places.values()].flat())], demand);
  const known = new Map<string, Bytes>();
  for (const [sha256, paths] of places) {
    known.set(
      sha256,
      bytesIn(
        sha256,
        paths.flatMap((path) => records.get(path) ?? []),
      ),
    );
  }
  return files.map((file) => verdict(file, known.get(file.sha256)));
}

/** What a record says, in few bytes: there may be many. */
type Judged =
  | { readonly assets: VerifiedRelease['assets']; readonly release: FileRelease }
  | { readonly state: FileVerdict['state']; readonly problem: FileVerdict['problems'][number] };

async function judgeAll(
  view: LedgerView,
  paths: readonly string[],
  demand: Demand | undefined,
): Promise<ReadonlyMap<string, Judged>> {
  const judged = new Map<string, Judged>();
  for (let from = 0; from < paths.length; from += BATCH) {
    const records = await fetchRecords(view.snapshot, paths.slice(from, from + BATCH));
    await mapLimit(records, AT_ONCE, async (files) => {
      judged.set(files.path, await judge(view, files, demand));
    });
  }
  return judged;
}

async function judge(view: LedgerView, files: RecordFiles, demand: Demand | undefined): Promise<Judged> {
  let state: FileVerdict['state'] | undefined;
  try {
    const status = await verifyRecord(files, view.trust);
    if (status.state !== 'acknowledged') state = status.state;
    const verified = toRelease(requireAcknowledged(status, view.trust), view);
    await demand?.(verified);
    const { assets, ...release } = verified;
    return { assets, release };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    const { code, message, hint } = error;
    return { state: state ?? 'invalid', problem: { code, message, hint } };
  }
}

function bytesIn(sha256: string, records: readonly Judged[]): Bytes {
  const releases: FoundAs[] = [];
  const found: Exclude<Judged, { readonly release: FileRelease }>[] = [];
  for (const judged of records) {
    if ('problem' in judged) found.push(judged);
    else
      for (const asset of judged.assets)
        if (asset.sha256 === sha256) releases.push({ asset: asset.name, release: judged.release });
  }
  const rank = (state: FileVerdict['state']): number => STATES.indexOf(state);
  releases.sort((a, b) => compareBytes(a.release.ledger.path, b.release.ledger.path));
  found.sort((a, b) => rank(a.state) - rank(b.state));
  const state = releases.length > 0 ? 'acknowledged' : (found[0]?.state ?? 'unknown');
  return { state, releases, problems: found.slice(0, MOST_LISTED).map(({ problem }) => problem) };
}

function verdict(file: HashedFile, bytes: Bytes | undefined): FileVerdict {
  if (bytes === undefined) return { ...file, state: 'unknown', releases: [], problems: [] };
  const { state, releases, problems } = bytes;
  const own = basename(file.path);
  const first = releases.filter(({ asset }) => asset === own).slice(0, MOST_LISTED);
  const others = releases.filter(({ asset }) => asset !== own);
  const listed = [...first, ...others.slice(0, MOST_LISTED - first.length)];
  const more = releases.length - listed.length;
  return { ...file, state, releases: listed, ...(more > 0 ? { more } : {}), problems };
}

/** @internal Returns a verdict when the file is acknowledged. Throws `E_NOT_FOUND`, `E_WITHDRAWN`, `E_NOT_ACKNOWLEDGED`, … */
export function requireFile(file: FileVerdict): FileVerdict {
  if (file.state === 'acknowledged') return file;
  const [problem] = file.problems;
  if (problem === undefined) {
    return fail('E_NOT_FOUND', `no record of the ledger lists the bytes of ${file.path} (SHA-256 ${file.sha256})`, {
      hint: 'it is from no acknowledged release, or it was changed since it was downloaded',
    });
  }
  const { code, message, hint } = problem;
  return fail(code, `${file.path}: ${message}`, { hint });
}
