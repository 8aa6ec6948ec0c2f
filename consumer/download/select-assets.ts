import picomatch from 'picomatch';
import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { ofTool } from './of-tool.ts';
import { isTranslated, pickForPlatform } from './pick.ts';
import type { PickHints } from './pick.ts';
import type { Platform } from './platform.ts';

/** A file that can be fetched: its bytes are known beforehand. */
export interface Fetchable {
  /** Checked by the ledger's format: it is one path segment and no device. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface AssetWish {
  /** Names or globs; without any, every asset. */
  readonly patterns?: readonly string[] | undefined;
  readonly platform?: Platform | undefined;
  /** Where a release holds several tools: how the names of this one begin. */
  readonly tool?: string | undefined;
  /** Told of Intel's file that stands in on Apple silicon. */
  readonly onTranslated?: ((name: string) => void) | undefined;
  /** Asked where a platform leaves several; gives one of them. */
  readonly ask?: ((names: readonly string[]) => Promise<string>) | undefined;
}

/**
 * @internal
 * The assets of a release that are wanted. `what` is the release, for messages; `repository` (`owner/repo`) helps to read
 * their names. Throws `E_NOT_FOUND` for a name, glob or
 * platform that no asset has, and `E_USAGE` where a platform has several and nobody is there to ask.
 */
export async function selectAssets<T extends Fetchable>(
  assets: readonly T[],
  wish: AssetWish,
  what: string,
  repository?: string,
): Promise<readonly T[]> {
  const named = matchPatterns(assets, wish.patterns ?? [], what);
  const hints: PickHints = { repository, tool: wish.tool };
  const matched = wish.tool === undefined ? named : filesOfTool(named, wish.tool);
  if (matched.length === 0) {
    fail('E_NOT_FOUND', `no file of ${what} begins with ${brief(wish.tool ?? '')}`, { hint: `it has ${list(named)}` });
  }
  if (wish.platform === undefined) return matched;
  const { os, arch } = wish.platform;
  const names = new Set(
    pickForPlatform(
      matched.map(({ name }) => name),
      wish.platform,
      hints,
    ),
  );
  const picked = distinct(matched.filter(({ name }) => names.has(name)));
  const [first] = picked;
  if (first === undefined) {
    return fail('E_NOT_FOUND', `no file of ${what} is, by its name, for ${os}/${arch}`, {
      hint: `name one of its files: ${list(matched)}`,
    });
  }
  if (isTranslated(first.name, wish.platform, hints)) wish.onTranslated?.(first.name);
  if (picked.length === 1) return picked;
  if (wish.ask === undefined) {
    return fail('E_USAGE', `${picked.length} files of ${what} are for ${os}/${arch}`, {
      hint: `name one of them, or a tool with --tool: ${list(picked)}`,
    });
  }
  const answer = await wish.ask(picked.map(({ name }) => name));
  return picked.filter(({ name }) => name === answer);
}

/** Those that a tool's name begins; a longer name that others begin with is another tool's. */
function filesOfTool<T extends Fetchable>(assets: readonly T[], tool: string): T[] {
  const names = new Set(
    ofTool(
      assets.map(({ name }) => name),
      tool,
    ),
  );
  return assets.filter(({ name }) => names.has(name));
}

function matchPatterns<T extends Fetchable>(
  assets: readonly T[],
  patterns: readonly string[],
  what: string,
): readonly T[] {
  if (patterns.length === 0) return assets;
  const wanted = new Set<T>();
  for (const pattern of patterns) {
    if (pattern.length > 1000) fail('E_USAGE', `a glob is longer than 1000 characters: ${brief(pattern)}`);
    // A name may itself look like a glob.
    const exact = assets.filter(({ name }) => name === pattern);
    const matches = exact.length > 0 ? exact : assets.filter(({ name }) => picomatch.isMatch(name, pattern));
    if (matches.length === 0) {
      fail('E_NOT_FOUND', `${what} has no acknowledged file ${brief(pattern)}`, { hint: `it has ${list(assets)}` });
    }
    for (const asset of matches) wanted.add(asset);
  }
  return assets.filter((asset) => wanted.has(asset));
}

/** Upstreams publish one file under two names (`jq-linux64`, `jq-linux-amd64`): either is right. */
function distinct<T extends Fetchable>(assets: readonly T[]): T[] {
  return [...new Map([...assets].reverse().map((asset) => [asset.sha256, asset])).values()].reverse();
}

function list(assets: readonly Fetchable[]): string {
  const names = assets.slice(0, 30).map(({ name }) => name);
  return names.join(', ') + (assets.length > names.length ? ` and ${assets.length - names.length} more` : '');
}
