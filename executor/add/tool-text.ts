import { isListName, namedAfter } from '../../evidence/lists/list-name.ts';
import type { MetEvidence } from './strongest-evidence.ts';
import type { Release } from '../../github/types.ts';
import { escapeTerminal } from '../../io/escape.ts';
import { brief } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { checkAssetName } from '../../ledger-schema/names/path.ts';
import { tagBeginning, versionText } from '../../ledger-schema/versions/version.ts';
import { onlyStatements } from '../../upstream/choose-files.ts';

/** What `add` saw upstream. */
export interface ToolSight {
  /** `HOST/OWNER/REPO` */
  readonly name: string;
  /** The release that the tool would begin with. */
  readonly release: Release;
  /** The newest releases' tags, including that one's. */
  readonly tags: readonly string[];
  /** What upstream signed of it, where that was looked at. */
  readonly evidence?: MetEvidence | undefined;
}

/** Upstream's text in a comment of ours: one line, bounded, nothing invisible. */
function said(text: string): string {
  return escapeTerminal(brief(text));
}

/** A glob for one name: what a tool.ini or a glob reads otherwise matches any character. */
function globFor(name: string): string {
  return name.replace(/[^A-Za-z0-9._+@-]/g, '?');
}

function isRecordable(name: string): boolean {
  try {
    checkAssetName(name);
    return true;
  } catch (error) {
    if (error instanceof PullthroughError) return false;
    throw error;
  }
}

/**
 * The text of a new tool.ini: what is known to work for the newest release is set, what a person has to decide stands
 * there as a comment. Pure.
 */
export function toolIniText(sight: ToolSight): string {
  const { name, release } = sight;
  const count = release.assets.length;
  const total = release.assets.reduce((sum, { size }) => sum + size, 0);
  const head = [
    `; ${said(name)}: release ${said(release.tag)} has ${count} file${count === 1 ? '' : 's'}, ${total} bytes`,
  ];
  return [
    ...head,
    '',
    ...releaseLines(sight),
    '',
    ...assetLines(release),
    '',
    ...evidenceLines(release, sight.evidence),
    '',
  ].join('\n');
}

function releaseLines({ release, tags }: ToolSight): string[] {
  const lines = ['[release]', 'select = latest'];
  if (release.prerelease) lines.push('; it has prereleases only', 'prerelease = true');
  // A record is for good: what upstream is still uploading should be there when it is made.
  lines.push('min-age = 1d');
  const beginnings = new Set(tags.filter((tag) => /\d/.test(tag)).map((tag) => tagBeginning(tag).replace(/v$/, '')));
  if (beginnings.size > 1) {
    lines.push('; it releases several things: choose one');
    for (const beginning of [...beginnings].sort()) {
      if (/^[A-Za-z0-9._+@/-]{1,100}$/.test(beginning)) lines.push(`; tag-prefix = ${beginning}`);
    }
  }
  return lines;
}

function assetLines(release: Release): string[] {
  const lines = ['[assets]', '; include[] = *linux*amd64*'];
  const odd = release.assets.filter(({ name }) => !isRecordable(name));
  if (odd.length > 0) lines.push('; names that no record can hold');
  for (const glob of new Set(odd.map(({ name }) => globFor(name)))) lines.push(`exclude[] = ${glob.slice(0, 255)}`);
  const files = release.assets.map((asset) => ({ kind: 'asset', name: asset.name, asset }) as const);
  if (files.length === 0 || onlyStatements(files)) {
    lines.push('; the release holds no programs: name the files that upstream hosts elsewhere');
    lines.push('; url[] = https://HOST/PATH-{tag}-linux-amd64.tar.gz');
  }
  return lines;
}

/** The strongest requirements that the newest release meets. */
function signedLines({ words, problem }: MetEvidence = { words: [] }): string[] {
  if (problem !== undefined) return [`; what upstream signed could not be looked at: ${said(problem)}`];
  if (words.length === 0) return [];
  return [
    '; the strongest that this release meets: upstream itself signed its files',
    ...words.map((word) => `require[] = ${word}`),
  ];
}

function evidenceLines(release: Release, evidence: MetEvidence | undefined): string[] {
  const digests = release.assets.length > 0 && release.assets.every(({ sha256 }) => sha256 !== undefined);
  const lines = ['[evidence]', digests ? 'require[] = github-digest' : '; require[] = github-digest'];
  const version = versionText(release.tag);
  const lists = release.assets.map(({ name }) => name).filter((name) => isRecordable(name) && isListName(name));
  const names = release.assets.map(({ name }) => name);
  const globs = lists.map((name) => {
    // A list for each file is named after it or its stem: `a.tar.gz.sha256` or `a.sha256` beside `a.tar.gz`.
    const after = namedAfter(name, names);
    if (after !== undefined && names.includes(after.subject))
      return isListName(after.subject) ? '' : `*${after.ending}`;
    return globFor(version === undefined ? name : name.replaceAll(version, '*')).replaceAll('?', '*');
  });
  for (const glob of new Set(globs.filter((text) => text !== ''))) lines.push(`; require[] = checksums:${glob}`);
  return [...lines, ...signedLines(evidence)];
}
