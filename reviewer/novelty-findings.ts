import { someOf } from '../inspect/some-names.ts';
import { releaseFindings } from '../proposals/release-findings.ts';
import type { ReleaseFacts } from '../proposals/release-findings.ts';
import { finding } from '../inspect/finding.ts';
import type { Finding } from '../inspect/finding.ts';
import { countText } from '../io/size-text.ts';
import { brief } from '../ledger-schema/bytes.ts';
import type { Novelty } from './novelty.ts';

export interface NoveltyFacts extends Omit<ReleaseFacts, 'comparison'> {
  readonly previous: Novelty | undefined;
}

/** What is new in a release, by what upstream says of it and of the acknowledged one before. Pure. */
export function noveltyFindings(facts: NoveltyFacts): Finding[] {
  const { previous, release } = facts;
  const found = releaseFindings({ ...facts, comparison: previous });
  if (previous === undefined) return found;
  const tag = brief(previous.tag);
  if (previous.series === 'other') {
    found.push(
      finding('new-series', `no acknowledged record has a tag that begins like this one; compared with ${tag}`),
    );
  }
  if (previous.uploaders === undefined) {
    // Without the release itself there is worse to say.
    if (release === undefined) return found;
    return [
      ...found,
      finding('previous-unread', `upstream does not give the release ${tag}, so its uploaders are not known`),
    ];
  }
  const { before, changed } = previous.uploaders;
  if (changed.length > 0) {
    const who = someOf([...new Set(changed.map(({ uploader }) => uploader))]);
    const names = changed.map(({ name }) => name);
    const those = before.length === 0 ? 'nobody known' : someOf(before);
    const message = `${who} uploaded ${countText(changed.length, 'file')}; those of ${tag} are by ${those}`;
    found.push(finding('new-uploader', message, names));
  }
  return [...found, ...previous.signers.map((signer) => signerFinding(signer, tag))];
}

function signerFinding({ name, before, now, gone }: Novelty['signers'][number], tag: string): Finding {
  const was = `in ${tag} it was by ${before.join(', ')} (not verified)`;
  if (gone === true) return finding('signature-gone', `${brief(name)} is missing; ${was}`, [name]);
  const says = now.length === 0 ? 'names no key' : `says it is by ${now.join(', ')}`;
  return finding('new-signer', `${brief(name)} ${says}; ${was}`, [name]);
}
