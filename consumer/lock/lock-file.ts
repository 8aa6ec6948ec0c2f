import { z } from 'zod';
import { PullthroughError, checkAssetNames, compareBytes, fail } from '../../ledger-schema/index.ts';
import { tagBeginning } from '../../ledger-schema/versions/version.ts';
import { readFileBounded, writeFileAtomic } from '../../io/files/file.ts';
import { beginningName } from '../choose-tag.ts';
import { LOCK_FILE } from './lock-name.ts';
import type { PolicyStamp } from '../release.ts';
import type { Fetchable } from '../download/select-assets.ts';
import { parseToolName, toolText } from '../tool.ts';

/** One release that is locked: what `get --locked` may bring, without asking anybody. */
export interface LockEntry {
  /** `github.com/jqlang/jq`, as the ledger spells it. */
  readonly tool: string;
  /** What was asked for after the `@`; `lock --update` asks for it again. */
  readonly range: string;
  readonly tag: string;
  readonly repositoryId: number;
  /** The ledger's commit at which it was acknowledged. */
  readonly ledger: string;
  /** The newest policy at that time. */
  readonly policy: PolicyStamp;
  readonly files: readonly Fetchable[];
}

const LIMIT = 32 * 1024 * 1024;
const HEADING = '# pullthrough.lock, format 1: made by `pullthrough lock`, for `pullthrough get --locked`.';
/** Any version's. */
const HEADED = /^# pullthrough\.lock, format (\d{1,9})\b/;
const KEYS = ['tool', 'range', 'tag', 'id', 'ledger', 'policy'] as const;

const entrySchema = z.object({
  range: z.string().min(1).max(1024),
  tag: z.string().min(1).max(255),
  id: z.string().regex(/^[1-9][0-9]{0,15}$/, 'not the number of a repository'),
  ledger: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'not a commit'),
  policy: z
    .string()
    .regex(/^[1-9][0-9]{0,8} [0-9a-f]{64} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'not number, sha256 and expiry')
    .refine((text) => !Number.isNaN(Date.parse(text.slice(-20))), 'not a date'),
});
const FILE = /^([0-9a-f]{64}) (0|[1-9][0-9]{0,15}) (\S+)$/;

/**
 * A tool may have two entries only where their tags begin differently: `cli/v1.2` and `api/v0.3`.
 */
export function lockKey({ tool, tag }: Pick<LockEntry, 'tool' | 'tag'>): string {
  return `${tool} ${beginningName(tagBeginning(tag))}`;
}

/**
 * Writes a lock file: a block per tool, a line per fact, sorted, so that a person can review it and git can merge it.
 * What isn't printable ASCII is written as a JSON string.
 */
export function encodeLock(entries: readonly LockEntry[]): string {
  const sorted = [...entries].sort((a, b) => compareBytes(lockKey(a), lockKey(b)));
  return [HEADING, ...sorted.map(encodeEntry)].join('\n\n') + '\n';
}

function encodeEntry(entry: LockEntry): string {
  const { version, sha256, expires } = entry.policy;
  const lines: [string, string][] = [
    ['tool', quote(entry.tool)],
    ['range', quote(entry.range)],
    ['tag', quote(entry.tag)],
    ['id', String(entry.repositoryId)],
    ['ledger', entry.ledger],
    ['policy', `${version} ${sha256} ${expires}`],
    ...[...entry.files]
      .sort((a, b) => compareBytes(a.name, b.name))
      .map((file): [string, string] => ['file', `${file.sha256} ${file.size} ${file.name}`]),
  ];
  return lines.map(([key, value]) => `${key.padEnd(6)} ${value}`).join('\n');
}

function quote(text: string): string {
  if (/^[\x21\x23-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return text;
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads a lock file. Throws `E_LOCK_FILE` with the line that is wrong. */
export function parseLock(text: string, file = LOCK_FILE): LockEntry[] {
  const lines = text.replace(/\r\n/g, '\n').split('\n');
  const entries: LockEntry[] = [];
  let block: Line[] = [];
  let headed = false;
  const end = () => {
    if (block.length > 0) entries.push(parseEntry(block, file));
    block = [];
  };
  for (const [i, line] of lines.entries()) {
    const at = { number: i + 1, file };
    if (/^(?:<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)/.test(line)) {
      wrong(at, 'an unfinished merge', 'keep either side, then run pullthrough lock --update for that tool');
    }
    const [, version] = HEADED.exec(line) ?? [];
    if (version !== undefined && version !== '1') {
      wrong(at, `of format ${version}, which this version of pullthrough does not know`, 'install a newer one');
    }
    headed ||= version !== undefined;
    if (line.trim() === '') end();
    else if (!line.startsWith('#')) {
      const [, key = '', value = ''] = /^([a-z]+) +(.*\S) *$/.exec(line) ?? wrong(at, 'not a key and a value');
      block.push({ ...at, key, value });
    }
  }
  end();
  // An empty file is one that was cut off.
  if (entries.length === 0 && !headed) wrong({ number: 1, file }, 'empty');
  const seen = new Map<string, LockEntry>();
  for (const entry of entries) {
    const other = seen.get(lockKey(entry));
    if (other !== undefined) {
      fail('E_LOCK_FILE', `${file} has ${entry.tool} twice: ${other.tag} and ${entry.tag}`, {
        hint: 'remove one of the two blocks',
      });
    }
    seen.set(lockKey(entry), entry);
  }
  return entries;
}

interface LockPosition {
  readonly number: number;
  readonly file: string;
}
interface Line extends LockPosition {
  readonly key: string;
  readonly value: string;
}

const REMAKE = 'restore it from version control, or write it again: pullthrough lock';

function wrong({ file, number }: LockPosition, problem: string, hint = REMAKE): never {
  return fail('E_LOCK_FILE', `${file}, line ${number}: ${problem}`, { hint });
}

function parseEntry(block: readonly Line[], file: string): LockEntry {
  const values = new Map<string, Line>();
  const files: (Fetchable & { at: Line })[] = [];
  for (const line of block) {
    if (line.key === 'file') {
      const [, sha256 = '', size = '', name = ''] =
        FILE.exec(line.value) ?? wrong(line, 'not sha256, size and name of a file');
      files.push({ sha256, size: Number(size), name, at: line });
    } else if (!(KEYS as readonly string[]).includes(line.key)) wrong(line, `the key ${line.key} is unknown`);
    else if (values.has(line.key)) wrong(line, `${line.key} stands twice in one block`);
    else values.set(line.key, line);
  }
  const first = block[0] ?? { number: 1, file };
  const value = (key: string) => unquote(values.get(key) ?? wrong(first, `the block has no ${key}`));
  const raw = Object.fromEntries(KEYS.map((key) => [key, value(key)]));
  const parsed = entrySchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return wrong(values.get(String(issue?.path[0])) ?? first, issue?.message ?? 'not as it must be');
  }
  const tool = values.get('tool') ?? first;
  const [version = '', sha256 = '', expires = ''] = parsed.data.policy.split(' ');
  if (files.length === 0) wrong(first, 'the block has no file');
  return attempt(tool, () => {
    const name = parseToolName(value('tool'), '');
    checkAssetNames(files.map((entry) => entry.name));
    for (const { size, at } of files) if (!Number.isSafeInteger(size)) wrong(at, 'the size is too large');
    return {
      tool: toolText({ source: name.source, repository: `${name.owner}/${name.repo}` }),
      range: parsed.data.range,
      tag: parsed.data.tag,
      repositoryId: Number(parsed.data.id),
      ledger: parsed.data.ledger,
      policy: { version: Number(version), sha256, expires },
      files: files.map(({ name: asset, size, sha256: digest }) => ({ name: asset, size, sha256: digest })),
    };
  });
}

function attempt<T>(place: LockPosition, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_LOCK_FILE') throw error;
    return wrong(place, error.message);
  }
}

function unquote(line: Line): string {
  if (!line.value.startsWith('"')) return line.value;
  try {
    const text: unknown = JSON.parse(line.value);
    if (typeof text === 'string') return text;
  } catch {
    // Told below
  }
  return wrong(line, 'a string in quotes is not JSON');
}

/** The entries of a lock file; none where there is no file. Throws `E_LOCK_FILE`, `E_IO`. */
export async function readLock(path: string): Promise<LockEntry[] | undefined> {
  const bytes = await readFileBounded(path, LIMIT).catch((error: unknown) => {
    if (error instanceof PullthroughError && error.code === 'E_TOO_LARGE')
      fail('E_LOCK_FILE', error.message, { hint: REMAKE });
    throw error;
  });
  return bytes === undefined ? undefined : parseLock(Buffer.from(bytes).toString('utf8'), path);
}

/**
 * Changes what a lock file holds now, and writes the whole file if that makes a difference. No other run of this program
 * writes in between, so two runs at once lose nothing. `change` may be called twice. Throws `E_IO`, `E_LOCK_FILE`.
 */
export async function updateLock(
  path: string,
  change: (entries: readonly LockEntry[]) => LockEntry[],
): Promise<{ readonly before: readonly LockEntry[]; readonly now: readonly LockEntry[] }> {
  const look = async () => {
    const before = (await readLock(path)) ?? [];
    return { before, now: change(before) };
  };
  const first = await look();
  if (await holds(path, encodeLock(first.now))) return first;
  // Only needed for writing.
  const { MOMENT, withLock } = await import('../../io/files/lock.ts');
  return withLock(path, { ...MOMENT, code: 'E_IO' }, async () => {
    const { before, now } = await look();
    const text = encodeLock(now);
    if (!(await holds(path, text))) await writeFileAtomic(path, text);
    return { before, now };
  });
}

async function holds(path: string, text: string): Promise<boolean> {
  const bytes = await readFileBounded(path, LIMIT).catch(() => undefined);
  return bytes !== undefined && Buffer.from(bytes).toString('utf8') === text;
}
