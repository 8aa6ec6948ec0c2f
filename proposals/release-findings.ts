import { signerWithoutRef } from '../evidence/weaker.ts';
import type { Release } from '../github/types.ts';
import { finding } from '../inspect/finding.ts';
import type { Finding } from '../inspect/finding.ts';
import { someOf } from '../inspect/some-names.ts';
import { bytesText, countText } from '../io/size-text.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { uploaderFindings } from './compare-releases.ts';
import type { Comparison } from './compare-records.ts';
import type { ReleaseComparison } from './compare-releases.ts';

const DAY = 86_400_000;
/** The most jumps that one sentence names. */
const NAMED = 4;

/** What is known of a proposed release without any byte of it; sizes in bytes. */
export interface ReleaseFacts {
  readonly files: readonly { readonly name: string }[];
  /** Undefined: upstream no longer has it, or it can't be asked. */
  readonly release: Pick<Release, 'assets' | 'publishedAt'> | undefined;
  /** When its files were first signed, where a clock that isn't upstream's says so. */
  readonly signed?: Date | undefined;
  /** Upstream's files that the record leaves out. */
  readonly left: readonly string[];
  /** Against the record before and its release; undefined where there is none. */
  readonly comparison: ReleaseComparison | undefined;
  readonly now: Date;
}

/** What a pull request and a review both say of a release: by its record, the record before, and upstream's dates. Pure. */
export function releaseFindings(facts: ReleaseFacts): Finding[] {
  const { comparison, release, left } = facts;
  // Without the release itself there is worse to say.
  const uploaders = comparison === undefined || release === undefined ? [] : uploaderFindings(comparison);
  return [...comparisonFindings(comparison), ...dateFindings(facts), ...leftFindings(left), ...uploaders];
}

function comparisonFindings(comparison: ReleaseComparison | undefined): Finding[] {
  if (comparison === undefined) {
    return [finding('first-record', 'there is no acknowledged record before it to compare with')];
  }
  const { added, missing, jumps, unsigned } = comparison;
  const tag = brief(comparison.tag);
  const sizes = jumps.map(({ name, before, now }) => `${brief(name)} ${bytesText(before)} -> ${bytesText(now)}`);
  const more = sizes.length > NAMED ? ` and ${sizes.length - NAMED} more` : '';
  const found: Finding[] = [];
  if (sizes.length > 0) {
    const names = jumps.map(({ name }) => name);
    found.push(finding('size-jump', `sizes jumped since ${tag}: ${sizes.slice(0, NAMED).join(', ')}${more}`, names));
  }
  for (const one of unsigned) found.push(weakerFinding(comparison.tag, one));
  if (added.length > 0) found.push(finding('files-added', `${tag} had no ${someOf(added)}`, added));
  if (missing.length > 0) found.push(finding('files-missing', `${tag} had also ${someOf(missing)}`, missing));
  return found;
}

/** A signature that the record before has and a release lacks. */
export function weakerFinding(
  before: string,
  { kind, signer = '', predicate = '' }: Comparison['unsigned'][number],
): Finding {
  const by = brief(signerWithoutRef(signer));
  const what = predicate === '' ? kind : `${kind}: ${brief(predicate)}`;
  return finding('weaker-evidence', `${brief(before)} was also signed by ${by} (${what}), and this release is not`);
}

function dateFindings({ release, files, now, signed }: ReleaseFacts): Finding[] {
  const published = release?.publishedAt;
  if (release === undefined || published === undefined) return [];
  const found: Finding[] = [];
  const recorded = new Set(files.map(({ name }) => name));
  const after = (date: Date): number => Math.floor((date.getTime() - published.getTime()) / DAY);
  const late = release.assets
    .filter(({ name, updatedAt }) => recorded.has(name) && after(updatedAt) >= 1)
    .map(({ name, updatedAt, createdAt }) => ({ name, days: after(updatedAt), replaced: after(createdAt) < 1 }))
    .sort((a, b) => b.days - a.days);
  const [latest] = late;
  if (latest !== undefined) {
    const names = late.map(({ name }) => name);
    const verb = latest.replaced ? 'replaced' : 'uploaded';
    const was = late.length === 1 ? 'was' : 'were';
    const days = `${late.length === 1 ? '' : 'up to '}${countText(latest.days, 'day')}`;
    found.push(
      finding('late-upload', `${someOf(names)} ${was} ${verb} ${days} after the release was published`, names),
    );
  }
  const isLater = signed !== undefined && signed > published;
  const age = now.getTime() - (isLater ? signed : published).getTime();
  if (age < DAY) {
    const hours = Math.floor(age / 3_600_000);
    const since = hours < 1 ? 'less than an hour' : countText(hours, 'hour');
    found.push(finding('young-release', `the release was ${isLater ? 'signed' : 'published'} ${since} ago`));
  }
  return found;
}

function leftFindings(left: readonly string[]): Finding[] {
  return left.length === 0 ? [] : [finding('left-out', `the record leaves out ${someOf(left)} of upstream's`, left)];
}
