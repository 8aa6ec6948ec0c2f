import type { GitHubClient } from '../github/client.ts';
import { getReleaseByTag } from '../github/releases.ts';
import type { Release } from '../github/types.ts';
import { finding } from '../inspect/finding.ts';
import type { Finding } from '../inspect/finding.ts';
import { someOf } from '../inspect/some-names.ts';
import { countText } from '../io/size-text.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { tagBeginning } from '../ledger-schema/versions/version.ts';
import { compareRecords } from './compare-records.ts';
import type { ComparedRecord, Comparison } from './compare-records.ts';

/** A file whose uploader isn't among those of the release before. */
export interface NewUploader {
  readonly name: string;
  readonly uploader: string;
}

/** Who uploaded the files of the release before, and those of a record that somebody else did. */
export interface Uploaders {
  readonly before: readonly string[];
  readonly changed: readonly NewUploader[];
}

/** What is new in a release, by its record and the one before, and by what upstream's API says of both. */
export interface ReleaseComparison extends Comparison {
  /** `other`: the tool has no record to compare with whose tag begins like this one. */
  readonly series: 'same' | 'other';
  /** Undefined where upstream no longer has the release before, or it could not be asked. */
  readonly uploaders: Uploaders | undefined;
}

/** Compares a record and its release with those before. `earlier` is undefined where upstream does not give it. */
export function compareReleases(
  before: ComparedRecord,
  now: ComparedRecord,
  releases: { readonly earlier: Release | undefined; readonly release: Release | undefined },
): ReleaseComparison {
  const series = tagBeginning(before.tag) === tagBeginning(now.tag) ? 'same' : 'other';
  const names = new Set(now.assets.map(({ name }) => name));
  return { ...compareRecords(before, now), series, uploaders: compareUploaders(releases, names) };
}

/** The release of the record before, as upstream has it now; undefined where it does not give it, which stops nothing. */
export async function readEarlier(
  client: GitHubClient,
  { repository, tag }: { readonly repository: string; readonly tag: string },
): Promise<Release | undefined> {
  try {
    return await getReleaseByTag(client, repository, tag);
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    return undefined;
  }
}

function compareUploaders(
  { earlier, release }: { readonly earlier: Release | undefined; readonly release: Release | undefined },
  names: ReadonlySet<string>,
): Uploaders | undefined {
  if (earlier === undefined || release === undefined) return undefined;
  const before = new Set(earlier.assets.flatMap(({ uploader }) => uploader ?? []));
  const changed = release.assets.flatMap(({ name, uploader }): NewUploader[] =>
    names.has(name) && uploader !== undefined && !before.has(uploader) ? [{ name, uploader }] : [],
  );
  return { before: [...before].sort(), changed };
}

/** What the API says that is new since the release before. Pure. */
export function uploaderFindings({ tag, series, uploaders }: ReleaseComparison): Finding[] {
  const shown = brief(tag);
  const found: Finding[] = [];
  if (series === 'other') {
    found.push(
      finding('new-series', `no acknowledged record has a tag that begins like this one; compared with ${shown}`),
    );
  }
  if (uploaders === undefined) {
    const message = `upstream does not give the release ${shown}, so its uploaders are not known`;
    return [...found, finding('previous-unread', message)];
  }
  const { before, changed } = uploaders;
  if (changed.length === 0) return found;
  const who = someOf([...new Set(changed.map(({ uploader }) => uploader))]);
  const those = before.length === 0 ? 'nobody known' : someOf(before);
  const message = `${who} uploaded ${countText(changed.length, 'file')}; those of ${shown} are by ${those}`;
  const names = changed.map(({ name }) => name);
  return [...found, finding('new-uploader', message, names)];
}
