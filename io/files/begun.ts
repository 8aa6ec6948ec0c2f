import { copyFile, lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { Body } from '../body/body.ts';
import { digestOf } from './hash.ts';
import { makeFolder, readBlocks, readFileBounded, writeFileAtomic } from './file.ts';
import type { PendingFile } from './file.ts';
import { sweep } from './leftover.ts';

/** Less than this is quicker to fetch again. */
const LEAST = 1 << 20;
/** What all of them together may have; the oldest go first. Bytes. */
const MOST = 16 * 1024 ** 3;
/** So long somebody may come back for one: over a weekend. */
const KEPT_MS = 3 * 86_400_000;
const NAMES = /^[0-9a-f]{64}\.(?:part|json)$/;
const NOTE_BYTES = 4096;

/** Where what came of a file is kept, for a later run to go on from. */
export interface BegunPlace {
  /** Below the cache. */
  readonly folder: string;
  /** 64 hex digits that stand for the very file: its SHA-256, or a digest of all that says which file it is. */
  readonly name: string;
  /** Of the whole file, in bytes, where it is known. */
  readonly size?: number | undefined;
  /**
   * Is the SHA-256 of the whole known? Then it decides. If not, what was begun counts only where its own digest was kept, and
   * only with a validator, by which the server says that the rest is of the same file.
   */
  readonly proven: boolean;
}

/** What an interrupted run began of a file. It proves nothing. */
export interface BegunFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** For If-Range: what the server called the version that these bytes are of. */
  readonly validator: string | undefined;
}

interface Note {
  readonly size: number;
  readonly validator?: string | undefined;
  readonly sha256?: string | undefined;
}

const bytesAt = ({ folder, name }: BegunPlace): string => join(folder, `${name}.part`);
const noteAt = ({ folder, name }: BegunPlace): string => join(folder, `${name}.json`);

/** What an interrupted run began of a file; undefined where nothing is worth going on from. */
export async function findBegun(place: BegunPlace): Promise<BegunFile | undefined> {
  const path = bytesAt(place);
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isFile() !== true || stat.size < LEAST || stat.size >= (place.size ?? Infinity)) return undefined;
  const note = await readNote(place, stat.size);
  const begun = { path, size: stat.size, validator: note?.validator };
  if (place.proven) return begun;
  if (note?.validator === undefined || note.sha256 === undefined) return undefined;
  const sha256 = await digestOf(readBegun(begun)).catch(() => undefined);
  return sha256 === note.sha256 ? begun : undefined;
}

async function readNote(place: BegunPlace, size: number): Promise<Note | undefined> {
  try {
    const bytes = await readFileBounded(noteAt(place), NOTE_BYTES);
    if (bytes === undefined) return undefined;
    const note = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<Record<keyof Note, unknown>>;
    const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
    // A line end in it would be another header.
    const validator = text(note.validator);
    if (note.size !== size || (validator !== undefined && !/^[\x20-\x7e]+$/.test(validator))) return undefined;
    return { size, validator, sha256: text(note.sha256) };
  } catch {
    return undefined;
  }
}

/** Its bytes, and no byte that another run may have added since. */
export function readBegun({ path, size }: Pick<BegunFile, 'path' | 'size'>): Body {
  return new Body(firstBytes(path, size));
}

async function* firstBytes(path: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = size;
  for await (const chunk of readBlocks(path).chunks) {
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    yield piece;
    if (left === 0) return;
  }
}

/**
 * Keeps what came of a file, where it is more than there is already. What nobody came back for within three days is removed,
 * and the oldest where all of them are too much. Never fails: then it is fetched from its beginning.
 */
export async function keepBegun(place: BegunPlace, pending: PendingFile, validator: string | undefined): Promise<void> {
  try {
    await sweepBegun(place.folder);
    await pending.flush();
    const { size } = pending;
    const before = await findBegun(place);
    if (size < LEAST || size <= (before?.size ?? 0)) return;
    if (!place.proven && validator === undefined) return;
    const sha256 = place.proven ? undefined : await digestOf(readBegun({ path: pending.path, size }));
    await makeFolder(place.folder);
    // A note is never one of other bytes: it goes first and comes last.
    await rm(noteAt(place), { force: true });
    const path = bytesAt(place);
    await rename(pending.path, path).catch(() => copyFile(pending.path, path));
    const note: Note = { size, validator, sha256 };
    if (validator !== undefined) await writeFileAtomic(noteAt(place), JSON.stringify(note), 0o600);
    await shrink(place.folder);
  } catch {
    return;
  }
}

/** The file is complete, or what was begun doesn't fit: it is of no use any more. Never fails. */
export async function dropBegun(place: BegunPlace): Promise<void> {
  for (const path of [noteAt(place), bytesAt(place)]) await rm(path, { force: true }).catch(() => undefined);
}

/** Removes what nobody came back for. Never fails. */
export async function sweepBegun(folder: string): Promise<void> {
  await sweep(folder, NAMES, KEPT_MS);
}

/** Removes the oldest until the rest is no more than allowed. */
async function shrink(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => NAMES.test(name) && name.endsWith('.part'));
  const files = await Promise.all(
    names.map(async (name) => ({ name: name.replace(/\.part$/, ''), stat: await lstat(join(folder, name)) })),
  );
  let total = 0;
  for (const { name, stat } of files.sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs)) {
    total += stat.size;
    if (total > MOST) await dropBegun({ folder, name, proven: true });
  }
}

/** Did a transfer end because it was interrupted or its server failed? Then what came until then is worth keeping. */
export function wasCutOff(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true || (error instanceof PullthroughError && CUT_OFF.has(error.code));
}

const CUT_OFF: ReadonlySet<string> = new Set([
  'E_NETWORK',
  'E_TIMEOUT',
  'E_TRUNCATED',
  'E_RATE_LIMIT',
  'E_HTTP',
  'E_INTERRUPTED',
]);

/**
 * After this failure, is the file worth asking for from its beginning, where only the rest was asked for? The two parts are
 * not of one file, or the server can't send a part.
 */
export function isMisfit(error: unknown): boolean {
  return error instanceof PullthroughError && MISFIT.has(error.code);
}

const MISFIT: ReadonlySet<string> = new Set(['E_UPSTREAM_CHANGED', 'E_DIGEST_MISMATCH', 'E_SIZE', 'E_HTTP']);
