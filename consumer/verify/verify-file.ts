import { basename } from 'node:path';
import { PullthroughError, compareBytes, fail, requireAcknowledged, verifyRecord } from '../../ledger-schema/index.ts';
import type { ErrorCode, RecordStatus } from '../../ledger-schema/index.ts';
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
  /** Acknowledged releases that hold these bytes, and under which name; the one of the file's own name first. */
  readonly releases: readonly { readonly asset: string; readonly release: FileRelease }[];
  /** Why there is none, what the state says first; or what else there is: a record with these bytes was withdrawn. */
  readonly problems: readonly {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint?: string | undefined;
  }[];
}

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
  return files.map((file) => {
    const judged = (places.get(file.sha256) ?? []).map((path) => records.get(path));
    return verdict(file, judged, view);
  });
}

type Judged = { readonly status: RecordStatus } | { readonly error: PullthroughError };

async function judgeAll(
  view: LedgerView,
  paths: readonly string[],
  demand: Demand | undefined,
): Promise<ReadonlyMap<string, Judged>> {
  const judged = new Map<string, Judged>();
  for (const files of await fetchRecords(view.snapshot, paths)) {
    try {
      const status = await verifyRecord(files, view.trust);
      if (status.state === 'acknowledged') await demand?.(toRelease(requireAcknowledged(status, view.trust), view));
      judged.set(files.path, { status });
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
      judged.set(files.path, { error });
    }
  }
  return judged;
}

function verdict(file: HashedFile, records: readonly (Judged | undefined)[], view: LedgerView): FileVerdict {
  const releases: { asset: string; release: FileRelease }[] = [];
  const found: { state: FileVerdict['state']; problem: FileVerdict['problems'][number] }[] = [];
  const states = new Set<FileVerdict['state']>();
  for (const judged of records) {
    try {
      if (judged === undefined) continue;
      if ('error' in judged) throw judged.error;
      states.add(judged.status.state);
      const record = requireAcknowledged(judged.status, view.trust);
      const { assets, ...release } = toRelease(record, view);
      for (const { name, sha256 } of assets) if (sha256 === file.sha256) releases.push({ asset: name, release });
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      const { code, message, hint } = error;
      const state = code === 'E_WITHDRAWN' ? 'withdrawn' : code === 'E_NOT_ACKNOWLEDGED' ? 'proposed' : 'invalid';
      states.add(state);
      found.push({ state, problem: { code, message, hint } });
    }
  }
  const own = basename(file.path);
  releases.sort(
    (a, b) =>
      Number(b.asset === own) - Number(a.asset === own) || compareBytes(a.release.ledger.path, b.release.ledger.path),
  );
  found.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  const problems = found.map(({ problem }) => problem);
  return { ...file, state: STATES.find((state) => states.has(state)) ?? 'unknown', releases, problems };
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
