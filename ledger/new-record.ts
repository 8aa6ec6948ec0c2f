import { sha256Hex } from '../ledger-schema/bytes.ts';
import { encodeChecklist } from '../ledger-schema/checklist.ts';
import type { Checklist } from '../ledger-schema/checklist.ts';
import type { EvidenceEntry } from '../ledger-schema/evidence.ts';
import { recordPath } from '../ledger-schema/names/path.ts';
import { encodeSums } from '../ledger-schema/sums.ts';

/** A file of a release whose bytes were seen. Size in bytes, sha256 in lower-case hex. */
export interface FetchedFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  /** Where it lies, when it is not in the release. */
  readonly url?: string | undefined;
  /** The last host that `url` led to, where it is a different one. Not in the record. */
  readonly host?: string | undefined;
}

export interface RecordInput {
  /** The id of the ledger that it is made for. */
  readonly ledger: string;
  readonly source: string;
  /** `owner/repo`, spelled as the record's path is to be. */
  readonly repository: string;
  readonly repositoryId: number;
  readonly tag: string;
  readonly commit: string;
  readonly files: readonly FetchedFile[];
  /** What upstream signed about them; none where it is empty or left out. */
  readonly evidence?: readonly EvidenceEntry[];
}

/** A record before its signature. */
export interface UnsignedRecord {
  /** `packages/<source>/<owner>/<repo>/<tag>`. */
  readonly path: string;
  readonly checklist: Checklist;
  /** The bytes of checklist.json. */
  readonly json: Uint8Array;
  /** The bytes of checklist.sha256: what the executor signs. */
  readonly sums: Uint8Array;
}

/** Writes a record; ledger-format.md, "checklist.json". Pure. Throws `E_PATH`, `E_CHECKLIST`, `E_ASSET_NAME`. */
export function buildRecord(input: RecordInput): UnsignedRecord {
  const { ledger, source, repository, repositoryId, tag, commit, files, evidence = [] } = input;
  const assets = files.map(({ name, size, url }) => (url === undefined ? { name, size } : { name, size, url }));
  const checklist: Checklist = {
    format: 1,
    ledger,
    source,
    repository,
    repositoryId,
    tag,
    commit,
    assets,
    ...(evidence.length === 0 ? {} : { evidence: [...evidence] }),
  };
  const json = encodeChecklist(checklist);
  const sums = encodeSums([
    { name: 'checklist.json', sha256: sha256Hex(json) },
    ...files.map(({ name, sha256 }) => ({ name, sha256 })),
  ]);
  return { path: recordPath({ source, repository, tag }), checklist, json, sums };
}

/** The files that a proposal adds to the ledger, by their paths. */
export function newRecordFiles(record: UnsignedRecord, sign: Uint8Array): Map<string, Uint8Array> {
  return new Map([
    [`${record.path}/checklist.json`, record.json],
    [`${record.path}/checklist.sha256`, record.sums],
    [`${record.path}/checklist.sha256.sign`, sign],
  ]);
}
