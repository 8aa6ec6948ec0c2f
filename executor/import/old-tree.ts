import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { brief, fromUtf8 } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { checkAssetName, isHostName } from '../../ledger-schema/names/path.ts';
import { readFileBounded } from '../../io/files/file.ts';
import type { HashAlgorithm } from '../../io/files/hash.ts';

/** The lists of an old tree, `checklist.md5` and so on, and the length of their digests in hex digits. */
const LISTS = { md5: 32, sha256: 64, sha512: 128 } as const satisfies Record<HashAlgorithm, number>;
const ALGORITHMS = Object.keys(LISTS) as HashAlgorithm[];
/** The most bytes of one list. */
const LIST_BYTES = 4 * 1024 * 1024;

/** Lower-case hex by algorithm. */
export type OldDigests = Readonly<Partial<Record<HashAlgorithm, string>>>;

/** One version of a tool in an old tree. */
export interface OldVersion {
  readonly source: string;
  /** `owner/repo` */
  readonly repository: string;
  /** The directory's name: a version that was cut from the tag. */
  readonly version: string;
  readonly directory: string;
  /** What the lists say, by the file's name. */
  readonly files: ReadonlyMap<string, OldDigests>;
}

/**
 * Reads a tree of `packages/<source>/<owner>/<repo>/<version>/checklist.{md5,sha256,sha512}`; `directory` is the folder
 * that holds `packages`, or `packages` itself. Old tool.ini files are not read. Throws `E_INPUT` where there is no such
 * tree or a list isn't one, `E_IO`.
 */
export async function readOldTree(directory: string): Promise<OldVersion[]> {
  const inner = join(directory, 'packages');
  const root = (await isFolder(inner)) ? inner : directory;
  const versions: OldVersion[] = [];
  for (const source of await folders(root)) {
    if (!isHostName(source)) continue;
    for (const owner of await folders(root, source)) {
      for (const repo of await folders(root, source, owner)) {
        for (const version of await folders(root, source, owner, repo)) {
          const place = join(root, source, owner, repo, version);
          const files = await readLists(place);
          if (files.size > 0) {
            versions.push({ source, repository: `${owner}/${repo}`, version, directory: place, files });
          }
        }
      }
    }
  }
  if (versions.length === 0) {
    fail('E_INPUT', `${directory} holds no old checklists`, {
      hint: 'name the folder that holds packages/HOST/OWNER/REPO/VERSION/checklist.sha256',
    });
  }
  return versions;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function folders(...path: string[]): Promise<string[]> {
  try {
    const entries = await readdir(join(...path), { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [])).sort();
  } catch (cause) {
    return fail('E_INPUT', `cannot read the folder ${join(...path)}`, { cause });
  }
}

async function readLists(directory: string): Promise<Map<string, OldDigests>> {
  const files = new Map<string, OldDigests>();
  for (const algorithm of ALGORITHMS) {
    const path = join(directory, `checklist.${algorithm}`);
    const bytes = await readFileBounded(path, LIST_BYTES).catch((cause: unknown) => {
      const message = cause instanceof PullthroughError ? cause.message : `cannot read ${path}`;
      fail('E_INPUT', message, { cause });
    });
    for (const [name, digest] of parseOldList(bytes ?? new Uint8Array(), algorithm, path)) {
      files.set(name, { ...files.get(name), [algorithm]: digest });
    }
  }
  return files;
}

/** Lines as `md5sum` and its siblings write them. Throws `E_INPUT` that names the line. */
export function parseOldList(bytes: Uint8Array, algorithm: HashAlgorithm, path: string): Map<string, string> {
  const text = fromUtf8(bytes) ?? fail('E_INPUT', `${path} is not UTF-8`);
  const digests = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const [, hex = '', name = ''] = /^([0-9A-Fa-f]+) [ *](?:\.\/)?(.+)$/.exec(line) ?? [];
    if (hex.length !== LISTS[algorithm])
      fail('E_INPUT', `${path}:${index + 1}: no line of ${algorithm}sum: ${brief(line)}`);
    if (digests.has(name)) fail('E_INPUT', `${path}:${index + 1}: ${brief(name)} is listed twice`);
    checkOldName(name, `${path}:${index + 1}`);
    digests.set(name, hex.toLowerCase());
  }
  return digests;
}

function checkOldName(name: string, where: string): void {
  try {
    checkAssetName(name);
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_INPUT', `${where}: ${cause.message}`, { hint: 'take the line out: no record can hold the file', cause });
  }
}
