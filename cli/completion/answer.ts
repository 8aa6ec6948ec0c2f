import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../../io/files/folders.ts';
import { GITHUB_API } from '../../io/http/api-url.ts';
import { trySegment } from '../../ledger-schema/names/layout.ts';
import { openCached } from '../../ledger/git/cached.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';
import { loadConfig } from '../wiring/settings/config.ts';
import type { Config } from '../wiring/settings/config.ts';
import { assetNames, platformNames, releaseNames, toolNames } from './names.ts';
import { VALUE_FLAGS } from './model.ts';
import type { Named } from './model.ts';

/** What a shell asks: the kind of names, and the line up to the cursor, whose last word is being typed. */
export interface Question {
  readonly kind: Named;
  readonly line: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Nobody chooses from a longer list. */
const MOST = 1000;
/** Characters that a terminal shows as they are, so that a person sees what the shell will quote. */
const SHOWABLE = /^[^\p{C}\p{Z}]+$/u;

/**
 * The names that a shell offers, from what is here: the clone that an earlier run left, and the folders beside mirror.ini.
 * No host is asked, nothing is trusted or decided because of them, and if something is wrong here, nothing is offered.
 */
export async function namesFor(question: Question): Promise<readonly string[]> {
  try {
    const { words, flags, begun } = readLine(question.line);
    const config = await loadConfig({ config: flags.get('--config'), ledger: flags.get('--ledger') }, question.cwd);
    const names = await offered(question, config, words, begun);
    return names.filter((name) => name.startsWith(begun) && SHOWABLE.test(name)).slice(0, MOST);
  } catch {
    return [];
  }
}

async function offered(question: Question, config: Config, words: readonly string[], begun: string) {
  const { kind } = question;
  const { host } = config.source;
  if (kind === 'defined') return definedTools(config.folder, host);
  const release = words.find((word) => /^[^@]+@./.test(word));
  return inLedger(question, config, async (snapshot) => {
    if (kind === 'platform') {
      const assets = release === undefined || snapshot === undefined ? [] : assetNames(snapshot, host, release);
      return platformNames(await Promise.resolve(assets).catch(() => []), release ?? '');
    }
    if (snapshot === undefined) return [];
    if (kind === 'tool') return toolNames(snapshot, host, begun);
    if (kind === 'asset' && release !== undefined) return assetNames(snapshot, host, release);
    const at = begun.indexOf('@');
    if (at > 0) return releaseNames(snapshot, host, begun.slice(0, at));
    return (await toolNames(snapshot, host, begun)).map((tool) => `${tool}@`);
  });
}

async function inLedger<T>(
  { env }: Question,
  { ledger }: Config,
  action: (snapshot: Snapshot | undefined) => Promise<T>,
): Promise<T> {
  const { location } = ledger;
  // Where the server isn't github.com, only that server knows the repository's URL.
  if (location === undefined || (location.kind === 'github' && ledger.api !== GITHUB_API)) return action(undefined);
  const url =
    location.kind === 'github'
      ? `https://github.com/${location.repository}.git`
      : location.kind === 'git'
        ? location.url
        : location.path;
  await using cached = await openCached({ url, branch: ledger.branch, cacheDir: cacheDirectory(env), env });
  return action(cached?.snapshot);
}

/** The tools that have a tool.ini below `packages` beside mirror.ini. */
async function definedTools(root: string, host: string): Promise<string[]> {
  let found = [''];
  for (let depth = 0; depth < 3; depth++) {
    const next = await Promise.all(
      found.map(async (folder) => {
        const entries = await readdir(join(root, 'packages', folder), { withFileTypes: true }).catch(() => []);
        return entries
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => (folder === '' ? name : `${folder}/${name}`));
      }),
    );
    found = next.flat();
  }
  const names = found.flatMap((path) => {
    const segments = path.split('/').map(trySegment);
    const [source, owner, repo] = segments;
    if (source === undefined || owner === undefined || repo === undefined) return [];
    return [source === host ? `${owner}/${repo}` : `${source}/${owner}/${repo}`];
  });
  return names.sort();
}

/** The words of a line, without quotes; a flag given twice has its last value. */
function readLine(line: string): { words: string[]; flags: ReadonlyMap<string, string>; begun: string } {
  const all = line.split(/\s+/).map((word) => word.replace(/\\(.)|["']/g, '$1'));
  const begun = all.pop() ?? '';
  const flags = new Map<string, string>();
  const words: string[] = [];
  for (let i = 1; i < all.length; i++) {
    const [name = '', value] = (all[i] ?? '').split(/=(.*)/s);
    if (!name.startsWith('-')) words.push(all[i] ?? '');
    else if (value !== undefined) flags.set(name, value);
    else if (VALUE_FLAGS.includes(name)) flags.set(name, all[++i] ?? '');
  }
  return { words, flags, begun };
}
