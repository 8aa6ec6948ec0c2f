import { decodeSegment, parseRecordPath } from './path.ts';
import { brief } from '../bytes.ts';
import { PullthroughError, fail } from '../error.ts';

/** How many segments the path of a record's file has: no path of the format has more. */
export const RECORD_DEPTH = 6;

/** What a path of the ledger is; ledger-format.md, "Layout". */
export type LedgerPath =
  | { readonly kind: 'policy'; readonly version: number }
  | { readonly kind: 'policy-sign'; readonly version: number; readonly fingerprint: string }
  | { readonly kind: 'key' | 'seal'; readonly fingerprint: string; readonly digest16: string }
  | { readonly kind: 'checklist' | 'sums'; readonly record: string }
  | { readonly kind: 'sign'; readonly record: string }
  | { readonly kind: 'ack' | 'nack'; readonly record: string; readonly fingerprint: string };

/** The most digits that a policy's number may have. */
const POLICY = /^trust\/([1-9][0-9]{0,8})\.policy\.json(?:\.([0-9A-F]{40})\.sign)?$/;
const KEY = /^trust\/keys\/([0-9A-F]{40})\.([0-9a-f]{16})\.asc$/;
const SEAL = /^trust\/seals\/([0-9A-F]{40})\.([0-9a-f]{16})\.sha256$/;
const RECORD_FILE = /^checklist\.(json|sha256(?:\.sign|\.([0-9A-F]{40})\.(n?ack))?)$/;

export type RecordFilePath = Extract<LedgerPath, { readonly record: string }>;

/** Reads a path under `packages/` or `trust/`. Throws `E_PATH` for any that the format doesn't know. */
export function parseLedgerPath(path: string): LedgerPath {
  if (!path.startsWith('trust/')) return parseRecordFile(path);
  const policy = POLICY.exec(path);
  if (policy !== null) {
    const version = Number(policy[1]);
    return policy[2] === undefined
      ? { kind: 'policy', version }
      : { kind: 'policy-sign', version, fingerprint: policy[2] };
  }
  const [kind, pinned] = KEY.test(path) ? (['key', KEY.exec(path)] as const) : (['seal', SEAL.exec(path)] as const);
  if (pinned === null) fail('E_PATH', `the format has no such path: ${brief(path)}`);
  return { kind, fingerprint: pinned[1] ?? '', digest16: pinned[2] ?? '' };
}

/** The record that was read last: a ledger's paths come in order, a record's files one after another. */
let last = '';

function parseRecordFile(path: string): RecordFilePath {
  const cut = path.lastIndexOf('/');
  const record = path.slice(0, Math.max(cut, 0));
  const file = recordFile(record, path.slice(cut + 1));
  if (file === undefined) fail('E_PATH', `the format has no such path: ${brief(path)}`);
  if (record !== last) parseRecordPath(record);
  last = record;
  return file;
}

/**
 * What a file in a record's folder is; undefined for a name that it can't have. The folder's path is checked elsewhere.
 */
export function recordFile(record: string, name: string): RecordFilePath | undefined {
  const [whole, kind, fingerprint, by] = RECORD_FILE.exec(name) ?? [];
  if (whole === undefined) return undefined;
  if (kind === 'json') return { kind: 'checklist', record };
  if (kind === 'sha256') return { kind: 'sums', record };
  if (fingerprint === undefined) return { kind: 'sign', record };
  return { kind: by === 'nack' ? 'nack' : 'ack', record, fingerprint };
}

/** As {@link parseLedgerPath}, but undefined for a path that the format doesn't know. */
export function tryLedgerPath(path: string): LedgerPath | undefined {
  try {
    return parseLedgerPath(path);
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

/** Is the directory name the canonical segment of something? For listing owners, repositories and tags. */
export function trySegment(segment: string): string | undefined {
  try {
    return decodeSegment(segment);
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

export function policyPath(version: number): string {
  return `trust/${version}.policy.json`;
}

export function policySignPath(version: number, fingerprint: string): string {
  return `trust/${version}.policy.json.${fingerprint}.sign`;
}

/** The path of a key file; `sha256` is the file's own. */
export function keyPath(key: { readonly fingerprint: string; readonly sha256: string }): string {
  return `trust/keys/${key.fingerprint}.${key.sha256.slice(0, 16)}.asc`;
}

/** The path of a former reviewer's seal. */
export function sealPath(key: { readonly fingerprint: string; readonly seal: string }): string {
  return `trust/seals/${key.fingerprint}.${key.seal.slice(0, 16)}.sha256`;
}

export function ackPath(record: string, fingerprint: string): string {
  return `${record}/checklist.sha256.${fingerprint}.ack`;
}

export function nackPath(record: string, fingerprint: string): string {
  return `${record}/checklist.sha256.${fingerprint}.nack`;
}
