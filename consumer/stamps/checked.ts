import type { StampRecord } from './record.ts';
import type { CheckedEvidence } from './statement.ts';

/** What was checked before a release is stamped, in packslip's words: the acks, and what upstream signed. */
export function checkedEvidence({ acks, evidence }: StampRecord, vendor: string | undefined): CheckedEvidence[] {
  const signed = evidence.flatMap(({ kind, signer }): CheckedEvidence[] =>
    kind === 'list' || kind === 'key' || signer === undefined ? [] : [{ kind: kindOf(signer), detail: signer }],
  );
  const all: CheckedEvidence[] = [
    ...(acks.length === 0 ? [] : [{ kind: 'pullthrough', detail: `acknowledged by ${[...acks].sort().join(', ')}` }]),
    ...(vendor === undefined ? [] : [{ kind: 'vendor-packslip', detail: vendor }]),
    ...signed,
  ];
  return [...new Map(all.map((one) => [`${one.kind} ${one.detail ?? ''}`, one])).values()];
}

function kindOf(signer: string): string {
  return signer === 'https://dotcom.releases.github.com' ? 'github-attestation' : 'vendor-signature';
}
