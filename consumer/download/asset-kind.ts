import { archOf, osOf } from './asset-name.ts';
import type { Os } from './asset-name.ts';

// What the names of release files say, by habit, about what is in them.

const SIDE_FILE = new RegExp(
  [
    String.raw`[-_.](?:sha(?:1|224|256|384|512)|md5|b2|blake[23]b?)(?:sums?)?(?:\.txt)?$|\.(?:sha|dgst)$`,
    String.raw`\.(?:asc|sig|sign|minisig|pem|crt|cert|cer|pub|key|p7s|rekor|sigstore|bundle|prov|provenance|att|intoto)$`,
    String.raw`\.(?:sbom|spdx|cdx|json|jsonl|ya?ml|toml|xml|txt|md|rst|html|pdf|csv|patch|log|zsync|blockmap|torrent)$`,
    String.raw`\.(?:pdb|dsym|debug|dbg|sym|map)(?:\.(?:gz|xz|zip|tar\.\w+))?$`,
    // Libraries, images of disks, and updates that a program fetches for itself.
    String.raw`\.(?:so|dylib|dll|a|lib|node|mar|ddeb|(?:iso|img|raw|qcow2|vmdk|vhdx?|ova|efi)(?:\.(?:gz|xz|zst|bz2))?)$`,
    String.raw`^[a-z_-]+\.[1-8](?:\.gz)?$`,
    String.raw`(?:^|[-_.])(?:sha\d+sums?|md5sums?)(?:[-_.]|$)`,
  ].join('|'),
  'i',
);
const SIDE_WORD =
  /(?:^|[-_.])(?:checksums?|digests?|hashes|src|source|sources|sbom|debug|debuginfo|dbg?sym|dsyms?|pdbs?|symbols|xcframework|artifactbundle|completions?|man|docs|javadoc|headers|licenses?|vendor(?:ed)?|provenance|images?|airgap|install(?:er)?\.(?:sh|ps1|bat)|uninstall(?:er)?\.(?:sh|ps1|bat))(?:[-_.]|$)/i;

/** Is it, by its ending, a signature, a list of digests, a bill of materials or a document? */
export function isSideFile(name: string): boolean {
  return SIDE_FILE.test(name);
}

/** `tool.zip.proof`, whatever such an ending is: what is said about a file, not a file of its own. */
export function isAboutAnother(name: string): boolean {
  const [, other = '', ending = ''] = /^(.+)(\.[a-z][a-z0-9]*)$/i.exec(name) ?? [];
  const known =
    PACKAGE.test(name) || /^\.(?:exe|jar|run|sh)$/i.test(ending) || WRAPPINGS.includes(ending.toLowerCase());
  if (known || osOf(ending) !== undefined || archOf(ending).length > 0) return false;
  const end = other.toLowerCase();
  return PACKAGE.test(end) || /\.(?:exe|jar)$/.test(end) || WRAPPINGS.some((wrapping) => end.endsWith(wrapping));
}

/** Does a word of the name say that it is a list, sources, symbols or the like? A tool may have such a name, too. */
export function hasSideWord(name: string): boolean {
  return SIDE_WORD.test(name);
}

/** Is it, by a word, what puts the program into place and not the program? It comes behind everything else. */
export function isInstaller(name: string): boolean {
  return /(?:^|[-_.])(?:setup|installer)(?:[-_.]|$)/i.test(name);
}

const WRAPPINGS = [
  '.tar.gz',
  '.tgz',
  '.tar.xz',
  '.txz',
  '.tar.zst',
  '.tar.bz2',
  '.tbz',
  '.tbz2',
  '.tar',
  '.zip',
  '.7z',
  '.gz',
  '.xz',
  '.zst',
  '.bz2',
];
const PACKAGE =
  /\.(?:deb|rpm|apk|msi|(?:msix|appx)(?:bundle)?|pkg|dmg|appimage|snap|flatpak|whl|gem|nupkg|vsix|ipk|pkg\.tar\.\w+)$/i;

/** How good a wrapping is, 0 the best: the bare file, then archives; undefined for a system's packages. */
export function typeRank(name: string, os?: Os): number | undefined {
  if (PACKAGE.test(name)) return undefined;
  const lower = name.toLowerCase();
  if (os === 'windows' && lower.endsWith('.exe')) return -1;
  const at = WRAPPINGS.findIndex((ending) => lower.endsWith(ending));
  if (at < 0) return 0;
  return os === 'windows' && lower.endsWith('.zip') ? 1 : at + 2;
}

/** A name without its wrapping, its package's ending, and what it says about the C library. */
export function stemOf(name: string): string {
  const lower = name.toLowerCase().replace(PACKAGE, '');
  const ending = WRAPPINGS.find((text) => lower.endsWith(text)) ?? (lower.endsWith('.exe') ? '.exe' : '');
  return lower.slice(0, lower.length - ending.length);
}

/** The system that a package's or an installer's ending belongs to. */
export function osOfEnding(name: string): Os | undefined {
  const lower = name.toLowerCase();
  if (/\.(?:pkg|dmg|command)$/.test(lower)) return 'darwin';
  if (/\.(?:msi|(?:msix|appx)(?:bundle)?|exe|7z|ps1|bat|cmd)$/.test(lower)) return 'windows';
  // Alpine's packages say no more than an architecture.
  if (/[-_.](?:signed|v7a|v8a|armeabi|arm64v8|universal|fdroid)[^/]*\.apk$/.test(lower)) return 'android';
  return /\.(?:deb|rpm|appimage|snap|flatpak|apk|pkg\.tar\.\w+)$/.test(lower) ? 'linux' : undefined;
}
