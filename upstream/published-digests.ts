import type { Release } from '../github/types.ts';
import { fail } from '../ledger-schema/error.ts';
import { LIST_BYTES, parseDigestList, whyUnlisted } from '../evidence/lists/digest-list.ts';
import type { ListAlgorithm, ListedDigests } from '../evidence/lists/digest-list.ts';
import { namedAfter } from '../evidence/lists/list-name.ts';
import type { ChosenFile } from './choose-files.ts';
import { globMatcher } from './tool-definition.ts';
import type { Requirement } from './tool-definition.ts';

/** One thing that upstream said of a file's bytes. */
export interface PublishedDigest {
  /** `github`: the API's own digest. `list`: a file that lists digests. */
  readonly by: 'github' | 'list';
  /** The list's name. */
  readonly list?: string;
  readonly algorithm: ListAlgorithm;
  /** Lower-case hex. */
  readonly digest: string;
}

/** A file that lists digests, as it came. */
export interface DigestList {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The files that `checksums:` requirements read, whether or not the record is to hold them. */
export function evidenceLists(
  requirements: readonly Requirement[],
  files: readonly ChosenFile[],
  release: Release,
): ChosenFile[] {
  const globs = requirements.flatMap((requirement) => (requirement.kind === 'checksums' ? [requirement.glob] : []));
  const matches = globMatcher(globs);
  const assets = release.assets.map((asset): ChosenFile => ({ kind: 'asset', name: asset.name, asset }));
  const external = files.filter((file) => file.kind === 'external');
  return [...assets, ...external].filter((file) => matches(file.name));
}

/**
 * Looks, before anything is downloaded, whether what `require[]` asks for is there at all: GitHub's digest of every
 * file, a list for every `checksums:`. Throws `E_EVIDENCE`.
 */
export function checkEvidenceIsThere(
  requirements: readonly Requirement[],
  files: readonly ChosenFile[],
  release: Release,
): void {
  for (const requirement of requirements) {
    if (requirement.kind === 'github-digest') {
      const without = files.find((file) => file.kind === 'external' || file.asset.sha256 === undefined);
      if (without !== undefined) {
        fail('E_EVIDENCE', `GitHub has no digest of ${without.name}, which github-digest asks for`, {
          hint: 'it has one of assets uploaded since June 2025; leave the file out, or require checksums: instead',
        });
      }
      continue;
    }
    // Signatures are looked at once the files are here: upstream's API is asked by their digests.
    if (requirement.kind !== 'checksums') continue;
    const lists = evidenceLists([requirement], files, release);
    if (lists.length === 0) {
      fail('E_EVIDENCE', `no asset of ${release.tag} matches checksums:${requirement.glob}`, {
        hint: "correct the glob in the tool.ini, or ask upstream where this release's checksums are",
      });
    }
    const large = lists.find((list) => list.kind === 'asset' && list.asset.size > LIST_BYTES);
    if (large !== undefined) {
      fail(
        'E_EVIDENCE',
        `${large.name}, which checksums:${requirement.glob} matches, has more than ${LIST_BYTES} bytes`,
        {
          hint: 'make the glob match nothing but lists of digests',
        },
      );
    }
  }
}

/**
 * All that upstream says of each file: GitHub's digest where there is one, required or not, and what the lists say.
 * `beside` names the release's other files: a list that is named after a stem may be about one of them.
 * Throws `E_EVIDENCE` where a `checksums:` requirement has no digest for a file, and where statements contradict each
 * other, so that no bytes could satisfy them.
 */
export function statementsOf(
  requirements: readonly Requirement[],
  files: readonly ChosenFile[],
  lists: readonly DigestList[],
  beside: readonly string[] = [],
): ReadonlyMap<string, readonly PublishedDigest[]> {
  const names = [...new Set([...files.map(({ name }) => name), ...beside])];
  const parsed = lists.map(({ name, bytes }) => ({ name, bytes, digests: parseDigestList(bytes, name, names) }));
  const all = new Map<string, PublishedDigest[]>(files.map((file) => [file.name, githubStatement(file)]));
  for (const requirement of requirements) {
    if (requirement.kind !== 'checksums') continue;
    const isList = globMatcher([requirement.glob]);
    const mine = parsed.filter((list) => isList(list.name));
    for (const file of files.filter(({ name }) => !isList(name))) {
      const said = mine.flatMap((list) => listStatements(list.name, list.digests.get(file.name)));
      if (said.length === 0) {
        fail('E_EVIDENCE', whyNone(file.name, mine, names), {
          hint: 'leave the file out with exclude[], or correct the glob of checksums: in the tool.ini',
        });
      }
      all.get(file.name)?.push(...said);
    }
  }
  for (const [name, statements] of all) checkAgreement(name, statements);
  return all;
}

function whyNone(file: string, lists: readonly DigestList[], names: readonly string[]): string {
  const own = lists.filter(({ name }) => namedAfter(name, names)?.subject === file);
  const [list, ...others] = own.length > 0 ? own : lists;
  if (list !== undefined && others.length === 0)
    return `${list.name} ${whyUnlisted(list.bytes, list.name, file, names)}`;
  return `none of ${listed(lists.map(({ name }) => name))} has a sha256 or sha512 of ${file}`;
}

function listed(names: readonly string[]): string {
  return names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
}

/** GitHub's digests that equal a record's own: what can be compared without the bytes. */
export function githubStatements(
  files: readonly { readonly name: string; readonly sha256: string; readonly url?: string | undefined }[],
  assets: Release['assets'],
): ReadonlyMap<string, readonly PublishedDigest[]> {
  const digests = new Map(assets.map(({ name, sha256 }) => [name, sha256]));
  return new Map(
    files.map(({ name, sha256, url }) => {
      const equal = url === undefined && digests.get(name) === sha256;
      return [name, equal ? [{ by: 'github', algorithm: 'sha256', digest: sha256 }] : []];
    }),
  );
}

function githubStatement(file: ChosenFile): PublishedDigest[] {
  if (file.kind === 'external' || file.asset.sha256 === undefined) return [];
  return [{ by: 'github', algorithm: 'sha256', digest: file.asset.sha256 }];
}

function listStatements(list: string, digests: ListedDigests | undefined): PublishedDigest[] {
  if (digests === undefined) return [];
  return (['sha256', 'sha512'] as const).flatMap((algorithm) =>
    [...digests[algorithm]].map((digest): PublishedDigest => ({ by: 'list', list, algorithm, digest })),
  );
}

function speaker(statement: PublishedDigest): string {
  return statement.list ?? "GitHub's digest";
}

function checkAgreement(name: string, statements: readonly PublishedDigest[]): void {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const [first, ...rest] = statements.filter((statement) => statement.algorithm === algorithm);
    const other = rest.find((statement) => statement.digest !== first?.digest);
    if (first !== undefined && other !== undefined) {
      const [one, two] = [speaker(first), speaker(other)];
      const who = one === two ? `${one} says two` : `${one} and ${two} say`;
      fail('E_EVIDENCE', `${who} different ${algorithm} digests of ${name}`, {
        hint: 'ask upstream which one is right; nothing was recorded',
      });
    }
  }
}

/** The digest that the bytes must have, where anything upstream said gives it before they are here. */
export function expectedDigest(statements: readonly PublishedDigest[], algorithm: ListAlgorithm): string | undefined {
  return statements.find((statement) => statement.algorithm === algorithm)?.digest;
}

/** Compares the bytes' own digests with all that upstream said. Throws `E_DIGEST_MISMATCH`. */
export function checkBytes(
  name: string,
  digests: Readonly<Partial<Record<ListAlgorithm, string>>>,
  statements: readonly PublishedDigest[],
): void {
  for (const statement of statements) {
    const actual = digests[statement.algorithm];
    if (actual !== statement.digest) {
      fail(
        'E_DIGEST_MISMATCH',
        `the bytes of ${name} are not those of ${speaker(statement)} (${statement.algorithm})`,
        {
          hint: 'upstream publishes two different things; ask upstream which one is right',
        },
      );
    }
  }
}

/** The most names listed on one line. */
const NAMED = 10;

/** What was compared with the bytes, a line each, for a commit's message and a pull request. The texts are upstream's. */
export function describeChecks(
  files: readonly { readonly name: string }[],
  statements: ReadonlyMap<string, readonly PublishedDigest[]>,
): string[] {
  const spokenOf = new Map<string, number>();
  const unspoken: string[] = [];
  for (const { name } of files) {
    const speakers = new Set((statements.get(name) ?? []).map((said) => `${speaker(said)} (${said.algorithm})`));
    if (speakers.size === 0) unspoken.push(name);
    for (const who of speakers) spokenOf.set(who, (spokenOf.get(who) ?? 0) + 1);
  }
  const lines = [...spokenOf].map(([who, count]) => `${who}: equal for ${count} of ${files.length} files`);
  if (unspoken.length === 0) return lines;
  return [...lines, `nothing was published to compare with for ${listed(unspoken)}`];
}
