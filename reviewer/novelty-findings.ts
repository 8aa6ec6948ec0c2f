import { releaseFindings } from '../proposals/release-findings.ts';
import type { ReleaseFacts } from '../proposals/release-findings.ts';
import { finding } from '../inspect/finding.ts';
import type { Finding } from '../inspect/finding.ts';
import { brief } from '../ledger-schema/bytes.ts';
import type { Novelty } from './novelty.ts';

export interface NoveltyFacts extends Omit<ReleaseFacts, 'comparison'> {
  readonly previous: Novelty | undefined;
}

/** What is new in a release, by what upstream says of it and of the acknowledged one before. Pure. */
export function noveltyFindings(facts: NoveltyFacts): Finding[] {
  const { previous } = facts;
  const signers = (previous?.signers ?? []).map((signer) => signerFinding(signer, brief(previous?.tag ?? '')));
  return [...releaseFindings({ ...facts, comparison: previous }), ...signers];
}

function signerFinding({ name, before, now, gone }: Novelty['signers'][number], tag: string): Finding {
  const was = `in ${tag} it was by ${before.join(', ')} (not verified)`;
  if (gone === true) return finding('signature-gone', `${brief(name)} is missing; ${was}`, [name]);
  const says = now.length === 0 ? 'names no key' : `says it is by ${now.join(', ')}`;
  return finding('new-signer', `${brief(name)} ${says}; ${was}`, [name]);
}
