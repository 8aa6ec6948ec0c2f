import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { brief, sha256Hex, utf8 } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { trySegment } from '../ledger-schema/names/layout.ts';
import { foldAscii, isHostName } from '../ledger-schema/names/path.ts';
import type { KeyFileBytes } from '../evidence/keys/keys.ts';
import { KEY_NAME } from '../evidence/names.ts';
import { readFileBounded } from '../io/files/file.ts';
import { parseToolDefinition } from './tool-definition.ts';
import type { ToolDefinition } from './tool-definition.ts';

/** A tool of this executor: where it is from, and its definition. */
export interface Tool {
  /** The forge's host name. */
  readonly source: string;
  /** `owner/repo`, as the folders of its tool.ini spell it. */
  readonly repository: string;
  /** For people: `owner/repo`, or `HOST/owner/repo` where the source isn't the configured one. */
  readonly label: string;
  readonly definition: ToolDefinition;
  /** The keys that lie beside its tool.ini; nobody read them yet. */
  readonly keys?: readonly KeyFileBytes[];
}

/** One of N stable shares of the tools; `index` counts from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface ToolQuery {
  /** The folder of mirror.ini. */
  readonly root: string;
  /** `[source] host`. */
  readonly host: string;
  /** TOOL arguments; none: all tools. */
  readonly names?: readonly string[] | undefined;
  readonly shard?: Shard | undefined;
}

/** The most bytes of a key beside a tool.ini. */
const KEY_FILE_BYTES = 64 * 1024;

/** The most bytes of a tool.ini. */
const TOOL_BYTES = 64 * 1024;

/** Is the tool in the shard? By a hash of its folded name, so that it stays where it is when others come and go. */
export function inShard(tool: { readonly source: string; readonly repository: string }, shard: Shard): boolean {
  const hash = sha256Hex(utf8(toolKey(tool)));
  return Number.parseInt(hash.slice(0, 12), 16) % shard.count === shard.index - 1;
}

/** What two spellings of one tool have in common. */
export function toolKey({ source, repository }: { readonly source: string; readonly repository: string }): string {
  return foldAscii(`${source}/${repository}`);
}

/**
 * Reads `packages/<source>/<owner>/<repo>/tool.ini` of all tools, in the order of their names, and picks the wanted
 * ones. All of them are read, so that a wrong one stops the run before it starts. Throws `E_CONFIG`, `E_IO`; `E_USAGE`
 * for a name without a tool.ini.
 */
export async function findTools(query: ToolQuery): Promise<Tool[]> {
  const tools = await readTools(query.root, query.host);
  const wanted = pickNamed(tools, query);
  const { shard } = query;
  return shard === undefined ? wanted : wanted.filter((tool) => inShard(tool, shard));
}

async function readTools(root: string, host: string): Promise<Tool[]> {
  const tools = new Map<string, Tool>();
  for (const source of await folders(root, 'packages')) {
    if (!isHostName(source)) fail('E_CONFIG', `${join('packages', source)} is not named after a host`);
    for (const owner of await folders(root, 'packages', source)) {
      for (const repo of await folders(root, 'packages', source, owner)) {
        const tool = await readTool(root, host, [source, owner, repo]);
        if (tool === undefined) continue;
        const other = tools.get(toolKey(tool));
        if (other !== undefined) {
          fail('E_CONFIG', `${other.label} and ${tool.label} are the same tool in two folders`, {
            hint: 'remove one of the two',
          });
        }
        tools.set(toolKey(tool), tool);
      }
    }
  }
  return [...tools.values()];
}

/** The folders that lead to repositories. A tool.ini among them belongs to no tool, and would never be read. */
async function folders(root: string, ...path: string[]): Promise<string[]> {
  const folder = join(root, ...path);
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    return fail('E_IO', `cannot read the folder ${folder}`, { cause });
  }
  if (entries.some((entry) => entry.name === 'tool.ini' && !entry.isDirectory())) {
    fail('E_CONFIG', `${join(...path, 'tool.ini')} lies in no repository's folder`, {
      hint: 'move it to packages/HOST/OWNER/REPO/tool.ini',
    });
  }
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

async function readTool(root: string, host: string, path: [string, string, string]): Promise<Tool | undefined> {
  const [source, ...segments] = path;
  const file = join('packages', ...path, 'tool.ini');
  const bytes = await readFileBounded(join(root, file), TOOL_BYTES).catch((cause: unknown) => {
    if (cause instanceof PullthroughError && cause.code === 'E_TOO_LARGE') {
      fail('E_CONFIG', `${file} has more than ${TOOL_BYTES} bytes`, { cause });
    }
    throw cause;
  });
  if (bytes === undefined) return undefined;
  const [owner, repo] = segments.map(trySegment);
  if (owner === undefined || repo === undefined) {
    fail('E_CONFIG', `${file} lies in a folder that no ledger path can have`, {
      hint: 'name the folders as the forge does',
    });
  }
  const repository = `${owner}/${repo}`;
  const label = source === host ? repository : `${source}/${repository}`;
  const keys = await readKeyFiles(root, join('packages', ...path, 'keys'));
  const names = new Set(keys.map(({ name }) => name));
  return {
    source,
    repository,
    label,
    definition: parseToolDefinition(Buffer.from(bytes).toString('utf8'), file, names),
    keys,
  };
}

/** The keys of `keys/<FPR>.asc` and `keys/<sha256>.pub`. Throws `E_CONFIG` for a key of another name. */
async function readKeyFiles(root: string, folder: string): Promise<KeyFileBytes[]> {
  const names = await readdir(join(root, folder)).catch((cause: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return [];
    return fail('E_IO', `cannot read the folder ${folder}`, { cause });
  });
  const keys: KeyFileBytes[] = [];
  for (const name of names.filter((each) => /\.(?:asc|pub)$/.test(each)).sort()) {
    const file = join(folder, name);
    if (!KEY_NAME.test(name)) {
      fail('E_CONFIG', `${file} is not named after its key`, {
        hint: 'name it <40 upper-case hex digits of the fingerprint>.asc, or <sha256 of the public key>.pub',
      });
    }
    const bytes = await readFileBounded(join(root, file), KEY_FILE_BYTES).catch((cause: unknown) => {
      if (!(cause instanceof PullthroughError) || cause.code !== 'E_TOO_LARGE') throw cause;
      return fail('E_CONFIG', `${file} has more than ${KEY_FILE_BYTES} bytes`, { cause });
    });
    if (bytes !== undefined) keys.push({ name, bytes });
  }
  return keys;
}

function pickNamed(tools: readonly Tool[], { names = [], host }: ToolQuery): Tool[] {
  if (names.length === 0) return [...tools];
  for (const name of names) {
    if (/^[^/@]+\/[^/@]+(?:\/[^/@]+)?$/.test(name)) continue;
    const hint = name.includes('@')
      ? 'leave out the tag: tool.ini says which releases'
      : 'write OWNER/REPO, or HOST/OWNER/REPO';
    fail('E_USAGE', `not a tool: ${brief(name)}`, { hint });
  }
  const keys = new Set(names.map((name) => keyOfName(name, host)));
  const found = tools.filter((tool) => keys.has(toolKey(tool)));
  const missing = names.find((name) => !found.some((tool) => toolKey(tool) === keyOfName(name, host)));
  if (missing !== undefined) {
    fail('E_USAGE', `there is no tool.ini for ${brief(missing)}`, {
      hint: `packages/${brief(keyOfName(missing, host))}/tool.ini would name it; pullthrough add writes one`,
    });
  }
  return found;
}

/** `owner/repo` of the configured source, or `HOST/owner/repo`. */
function keyOfName(name: string, host: string): string {
  return foldAscii(name.split('/').length === 2 ? `${host}/${name}` : name);
}
