import type { Release } from '../../github/types.ts';
import type { RecordedAsset } from '../../ledger-schema/record.ts';
import { chooseFiles } from '../../upstream/choose-files.ts';
import type { ChosenFile } from '../../upstream/choose-files.ts';
import type { ProposedStanding } from '../../proposals/standing.ts';
import type { ToolDefinition } from '../../upstream/tool-definition.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';

/** How far upstream's clock and that of the machine that proposed may be apart. */
const CLOCKS_APART = 3_600_000;

/**
 * Names that the tool wants of a release and its proposal doesn't hold, where the proposal lacks nothing else: those that
 * upstream made after it. What was there before was left out on purpose, by another definition or an import. Pure.
 */
export function addedSince(release: Release, definition: ToolDefinition, proposed: ProposedStanding): string[] {
  const { record, since } = proposed;
  if (record === undefined || since === undefined) return [];
  return missingFiles(release, definition, record.assets).flatMap((file) =>
    file.kind === 'asset' && file.asset.createdAt.getTime() > since.getTime() - CLOCKS_APART ? [file.name] : [],
  );
}

/** What the tool wants of a release and a proposal lacks; nothing where the proposal has what the release lacks. */
export function missingFiles(
  release: Release,
  definition: ToolDefinition,
  proposed: readonly Pick<RecordedAsset, 'name'>[],
): readonly ChosenFile[] {
  const files = chosenQuietly(release, definition);
  const names = new Set(files.map(({ name }) => name));
  if (proposed.some(({ name }) => !names.has(name))) return [];
  const known = new Set(proposed.map(({ name }) => name));
  return files.filter(({ name }) => !known.has(name));
}

/** Can a record of these files have the very digests of another? Only what upstream says beforehand is looked at. */
export function mayBeSame(files: readonly ChosenFile[], assets: readonly RecordedAsset[]): boolean {
  const recorded = new Map(assets.map((asset) => [asset.name, asset]));
  return (
    files.length === assets.length &&
    files.every((file) => {
      const asset = recorded.get(file.name);
      if (asset === undefined || file.kind === 'external') return asset !== undefined;
      return file.asset.size === asset.size && (file.asset.sha256 ?? asset.sha256) === asset.sha256;
    })
  );
}

/** A name that no record can hold is reported where the release is decided on. */
function chosenQuietly(release: Release, definition: ToolDefinition): readonly ChosenFile[] {
  try {
    return chooseFiles(release, definition).files;
  } catch (error) {
    if (error instanceof PullthroughError) return [];
    throw error;
  }
}
