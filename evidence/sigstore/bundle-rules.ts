import type { Bundle, TransparencyLogEntry } from '@sigstore/bundle';
import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { checkDer } from '../bounds.ts';

/** v0.1 to v0.3; later ones may mean something else. */
const MEDIA_TYPES = new Set([
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]);

/** More than any bundle has of log entries, timestamps or certificates. */
const MOST = 8;
const CHECKPOINT_BYTES = 16 * 1024;

/**
 * What is looked at of a bundle before a library verifies it: its version, bounds on everything that costs time, and
 * that nothing is in it twice. Throws `E_EVIDENCE`.
 */
export function checkBundle(bundle: Bundle): void {
  if (!MEDIA_TYPES.has(bundle.mediaType)) {
    fail('E_EVIDENCE', `${brief(bundle.mediaType)} is not a Sigstore bundle of version 0.1 to 0.3`);
  }
  const { tlogEntries, timestampVerificationData, content } = bundle.verificationMaterial;
  const stamps = (timestampVerificationData?.rfc3161Timestamps ?? []).map(({ signedTimestamp }) => signedTimestamp);
  const chain = content.$case === 'x509CertificateChain' ? content.x509CertificateChain.certificates : [];
  if (tlogEntries.length > MOST || stamps.length > MOST || chain.length > MOST) {
    fail('E_EVIDENCE', `the bundle has more than ${MOST} log entries, timestamps or certificates`);
  }
  for (const stamp of stamps) checkDer(stamp, "the bundle's timestamp");
  if (hasTwice(stamps.map((stamp) => Buffer.from(stamp).toString('base64')))) {
    fail('E_EVIDENCE', 'the bundle gives one timestamp twice');
  }
  tlogEntries.forEach(checkEntry);
  const entries = tlogEntries.map(({ logId, logIndex }) => `${logId?.keyId.toString('hex')} ${logIndex}`);
  const bodies = tlogEntries.map(({ logId, canonicalizedBody }) =>
    [logId?.keyId, canonicalizedBody].map((part) => part?.toString('hex')).join(' '),
  );
  if (hasTwice(entries) || hasTwice(bodies)) fail('E_EVIDENCE', 'the bundle gives one log entry twice');
}

function hasTwice(items: readonly string[]): boolean {
  return new Set(items).size !== items.length;
}

/** A number as protobuf's JSON has it, without a sign; a longer one takes long to read. */
function isCount(text: string): boolean {
  return /^[0-9]{1,19}$/.test(text);
}

function checkEntry({ logIndex, integratedTime, inclusionProof }: TransparencyLogEntry): void {
  const counts = [
    logIndex,
    integratedTime,
    ...(inclusionProof ? [inclusionProof.logIndex, inclusionProof.treeSize] : []),
  ];
  if (!counts.every(isCount)) fail('E_EVIDENCE', "a number of the bundle's log entry is not one");
  if (inclusionProof === undefined) return;
  const { envelope } =
    inclusionProof.checkpoint ?? fail('E_EVIDENCE', "the bundle's log entry has a proof without a checkpoint");
  checkCheckpoint(envelope);
}

/** A log's name is matched as a pattern by @sigstore/verify: no character of it may be special but the full stop. */
function checkCheckpoint(envelope: string): void {
  if (envelope.length > CHECKPOINT_BYTES) fail('E_EVIDENCE', "the checkpoint of the bundle's log entry is too long");
  for (const [, name = ''] of envelope.matchAll(/\u2014 (\S+) /g)) {
    if (/[^\w./:@~%-]/.test(name))
      fail('E_EVIDENCE', "the checkpoint of the bundle's log entry has a name that is not one");
  }
  if (envelope.split('\n').some((line) => /^[^A-Za-z]*[0-9]{20}/.test(line))) {
    fail('E_EVIDENCE', "the checkpoint of the bundle's log entry has a number that is not one");
  }
}
