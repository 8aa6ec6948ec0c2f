export { ERRORS, PullthroughError, fail, isRefusal } from './error.ts';
export type { ErrorCode, ErrorDetails } from './error.ts';
export { brief, compareBytes, concatBytes, equalBytes, sha256Hex, utf8 } from './bytes.ts';
export {
  checkAssetName,
  checkAssetNames,
  decodeSegment,
  encodeSegment,
  findCollision,
  foldAscii,
  isHostName,
  parseRecordPath,
  recordPath,
  repositoryPath,
} from './names/path.ts';
export { closedBranch, nackBranch, proposalBranch } from './names/branches.ts';
export type { RecordId, RecordPath } from './names/path.ts';
export { CHECKLIST_BYTES, encodeChecklist, parseChecklist } from './checklist.ts';
export type { Checklist, ChecklistAsset } from './checklist.ts';
export { EVIDENCE_BYTES, EVIDENCE_ENTRIES, isSigner } from './evidence.ts';
export type { EvidenceEntry, EvidenceKind } from './evidence.ts';
export { encodeSums, parseSums } from './sums.ts';
export type { Sum } from './sums.ts';
export { POLICY_BYTES, encodePolicy, parsePolicy } from './policy.ts';
export type { FormerReviewer, ListedKey, Policy, PolicyStep } from './policy.ts';
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
} from './names/layout.ts';
export type { LedgerPath } from './names/layout.ts';
export { REGULAR, TREE } from './files.ts';
export type { FileEntry, Finding, LedgerFiles } from './files.ts';
export { SIGNATURE_BYTES, parseSignatureFile } from './openpgp/signature.ts';
export type { ParsedSignature } from './openpgp/signature.ts';
export { KEY_BYTES, componentProblem, readKeyFile, requireUsable, verifySignature } from './openpgp/openpgp.ts';
export type { Judgement, KeyComponent, KeyFile } from './openpgp/openpgp.ts';
export { PORTABLE } from './openpgp/verify.ts';
export type { Hash, PublicMaterial, Question, Verifier } from './openpgp/algorithms/verifier.ts';
export { Keyring, keyProblems, listings } from './openpgp/keyring.ts';
export type { Listing } from './openpgp/keyring.ts';
export { Trust, establishTrust } from './trust.ts';
export type { Role, TrustOptions } from './trust.ts';
export { readRecord, requireAcknowledged, verifyRecord } from './record.ts';
export type {
  AcknowledgedRecord,
  RecordContent,
  RecordFiles,
  RecordState,
  RecordStatus,
  RecordedAsset,
} from './record.ts';
export { holdersOf } from './holders.ts';
export type { Signed } from './record-signatures.ts';
export { checkLeaf, collect, collectAsync, collisionIn, readChange, toFinding } from './names/change.ts';
export type { AddedFile, Change, ChangedEntry, Side } from './names/change.ts';
