import type { RecordedAsset } from '../../ledger-schema/index.ts';
import { hasSideWord, isSideFile } from '../download/asset-kind.ts';
import { commandName } from './command-name.ts';
import { namePlatform } from './name-platform.ts';
import type { NamePlatform } from './name-platform.ts';
import type { Artifact } from './statement.ts';

interface Named {
  readonly asset: RecordedAsset;
  readonly platform: NamePlatform;
}

/**
 * The recorded files that can be installed, described by their names alone, as packslip's "Release statement" wants them:
 * no two for one platform, variant and format. A file whose name says too little is left out, never guessed at.
 */
export function describeArtifacts(
  assets: readonly RecordedAsset[],
  repositoryName: string,
  urlOf: (asset: RecordedAsset) => string,
): Artifact[] {
  const named = assets.flatMap((asset): Named[] => {
    if (isSideFile(asset.name) || hasSideWord(asset.name)) return [];
    const platform = namePlatform(asset.name);
    const settled = platform === undefined ? undefined : settle(asset.name, platform);
    return settled === undefined ? [] : [{ asset, platform: settled }];
  });
  // Beside files for a system, one that names none is sources, or documents.
  const systems = named.filter(({ platform }) => platform.os !== undefined);
  const groups = new Map<string, Named[]>();
  for (const one of systems.length > 0 ? systems : named) {
    const { os, arch, libc, format } = one.platform;
    const key = [os, arch, libc, format].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()]
    .flatMap((group) => tellApart(group, repositoryName))
    .map(({ asset, platform, variant }) => ({
      name: asset.name,
      ...platform,
      ...(variant === undefined ? {} : { variant }),
      size: asset.size,
      url: urlOf(asset),
      ...programOf(asset.name, platform.format),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

type Settled = NamePlatform & { readonly format: string };

/** Fills in what a name leaves open, as `packslip create` does; undefined where it would refuse. */
function settle(name: string, { os, arch, libc, format }: NamePlatform): Settled | undefined {
  if (format === undefined || (format === 'raw' && os === undefined)) return undefined;
  const everywhere = os === 'darwin' || os === 'windows' || /(?:\.noarch\.rpm|_all\.deb)$/i.test(name);
  if (os !== undefined && arch === undefined && !everywhere) return undefined;
  return {
    ...(os === undefined ? {} : { os }),
    ...(arch === undefined ? {} : { arch }),
    ...(os === 'linux' ? { libc: libc ?? 'gnu' } : {}),
    format,
  };
}

type Told = { readonly asset: RecordedAsset; readonly platform: Settled; readonly variant?: string };

/** Of several files for one platform, the one that is named plainly has no variant; the others have what they add. */
function tellApart(group: readonly Named[], repositoryName: string): Told[] {
  const distinct = new Map(group.map((one) => [one.asset.sha256, one]));
  const files = [...distinct.values()] as (Named & { platform: Settled })[];
  const [only] = files;
  if (files.length === 1 && only !== undefined) return [only];
  const words = files.map(({ asset }) => asset.name.toLowerCase().split(/[^a-z0-9.]+/));
  const common = (words[0] ?? []).filter((each) => words.every((other) => other.includes(each)));
  const extra = words.map((each) => each.filter((one) => one !== '' && !common.includes(one)).join('-'));
  const own = files.map(({ asset }) => commandName(asset.name).toLowerCase() === repositoryName.toLowerCase());
  const plain = extra.includes('') ? extra.indexOf('') : own.indexOf(true);
  const alone = extra.includes('') || own.filter(Boolean).length === 1;
  const used = new Set<string>();
  return files.flatMap((file, i) => {
    if (i === plain && alone) return [file];
    const variant = (extra[i] ?? '').replace(/^[^a-z0-9]+/, '');
    if (variant === '' || used.has(variant)) return [];
    used.add(variant);
    return [{ ...file, variant }];
  });
}

/** The program in a file that is one, without its compression's ending. */
function programOf(name: string, format: string | undefined): Pick<Artifact, 'bin'> {
  if (format === undefined || !['raw', 'gz', 'xz', 'zst', 'bz2'].includes(format)) return {};
  const path = format === 'raw' || !name.endsWith(`.${format}`) ? name : name.slice(0, -format.length - 1);
  const command = commandName(path);
  return { bin: [{ path, name: command }] };
}
