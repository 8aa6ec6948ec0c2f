import { isStatementName } from '../evidence/names.ts';
import type { Asset, Release } from '../github/types.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { checkAssetNames } from '../ledger-schema/names/path.ts';
import { externalFile } from './asset-url.ts';
import type { ExternalFile } from './asset-url.ts';
import { globMatcher } from './tool-definition.ts';
import type { ToolDefinition } from './tool-definition.ts';

/** A file that a record is to hold: an asset of the release, or one that upstream hosts elsewhere. */
export type ChosenFile =
  | { readonly kind: 'asset'; readonly name: string; readonly asset: Asset }
  | ({ readonly kind: 'external' } & ExternalFile);

export interface ChosenFiles {
  readonly files: readonly ChosenFile[];
  /** The release's assets that include[] and exclude[] leave out. */
  readonly left: readonly string[];
}

/** Are the chosen files only signatures and digests, as in helm's releases? */
export function onlyStatements(files: readonly ChosenFile[]): boolean {
  return files.length > 0 && files.every(({ name }) => isStatementName(name));
}

/** Does a tool's filter take an asset of this name? */
export function assetFilter({ include, exclude, only }: Pick<ToolDefinition, 'include' | 'exclude' | 'only'>) {
  if (only !== undefined) return (name: string): boolean => only.has(name);
  const included = include.length === 0 ? () => true : globMatcher(include);
  const excluded = globMatcher(exclude);
  return (name: string): boolean => included(name) && !excluded(name);
}

/** The files of a release that its tool wants. Throws `E_NAME` for a name that a record can't hold. */
export function chooseFiles(release: Release, definition: ToolDefinition): ChosenFiles {
  const takes = assetFilter(definition);
  const files: ChosenFile[] = [];
  const left: string[] = [];
  for (const asset of release.assets) {
    if (takes(asset.name)) files.push({ kind: 'asset', name: asset.name, asset });
    else left.push(asset.name);
  }
  try {
    for (const template of definition.urls) {
      const file = externalFile(template, release.tag, definition.tagPrefix);
      if (definition.only?.has(file.name) !== false) files.push({ kind: 'external', ...file });
    }
    checkAssetNames(files.map((file) => file.name));
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_NAME', cause.message, { hint: cause.hint, cause });
  }
  return { files, left };
}
