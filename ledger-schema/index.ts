export { ERRORS, PullthroughError, fail } from './error.ts';
export type { ErrorCode, ErrorDetails } from './error.ts';
export { brief, compareBytes, concatBytes, equalBytes, sha256Hex, utf8 } from './bytes.ts';
export {
  checkAssetName,
  checkAssetNames,
  closedBranch,
  decodeSegment,
  encodeSegment,
  findCollision,
  foldAscii,
  isHostName,
  nackBranch,
  parseRecordPath,
  proposalBranch,
  recordPath,
  repositoryPath,
} from './path.ts';
export type { RecordId, RecordPath } from './path.ts';
export { CHECKLIST_BYTES, checklistSchema, encodeChecklist, parseChecklist } from './checklist.ts';
export type { Checklist, ChecklistAsset } from './checklist.ts';
export { encodeSums, parseSums } from './sums.ts';
export type { Sum } from './sums.ts';
export { POLICY_BYTES, encodePolicy, parsePolicy, policySchema } from './policy.ts';
export type { FormerReviewer, ListedKey, Policy } from './policy.ts';
export { SEAL_BYTES, encodeSeal, parseSeal } from './seal.ts';
export {
  ackPath,
  keyPath,
  nackPath,
  parseLedgerPath,
  policyPath,
  policySignPath,
  sealPath,
  tryLedgerPath,
  trySegment,
} from './layout.ts';
export type { LedgerPath } from './layout.ts';
