import { chmod, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { Body } from '../../io/body/body.ts';
import { startingOver } from '../../io/http/download/download-to-file.ts';
import { dropBegun, findBegun, isMisfit, keepBegun, readBegun, wasCutOff } from '../../io/files/begun.ts';
import type { BegunPlace } from '../../io/files/begun.ts';
import { openPending } from '../../io/files/file.ts';
import type { PendingFile } from '../../io/files/file.ts';
import { hashing } from '../../io/files/hash.ts';
import { ioError, systemCode } from '../../io/io-error.ts';
import type { PaceRules } from '../../io/http/download/pace.ts';
import type { Progress } from '../../io/progress.ts';
import type { PublicStore } from '../../store/public.ts';
import { sha256OfFile } from '../verify/file-digest.ts';
import type { Fetchable } from './select-assets.ts';

/** Nothing it says is trusted. */
export type Mirror = PublicStore;

export interface FetchOptions {
  /** Tried in order. */
  readonly mirrors: readonly Mirror[];
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** How slow a mirror may be before the next one is asked; by default a minute below 16 KiB/s. */
  readonly pace?: PaceRules | undefined;
  readonly executable?: boolean | undefined;
  /** The folder of what interrupted runs began; undefined: nothing is kept of those. */
  readonly partials?: string | undefined;
  /** Other bytes that lie there are replaced, and so is a symbolic link itself. Without it they are `E_EXISTS`. */
  readonly replace?: boolean | undefined;
}

/**
 * Brings one file to its place; step 4 of ledger-format.md's "What a consumer does". Bytes are hashed as they arrive,
 * with a hard stop at size + 1, and reach `path` only when size and digest are right. A file that is there and right is
 * `present`: nothing is read from a mirror. Whatever fails, nothing unfinished remains there:
 * what an interrupted run began lies in the folder of `partials`, and the next one goes on from it.
 *
 * Throws `E_EXISTS`, `E_DIGEST_MISMATCH`, `E_SIZE`, `E_TRUNCATED`, `E_STORE_MISSING`, `E_NO_STORE`, `E_INPUT` where a folder lies at
 * `path`, `E_IO`, and what the mirrors' transports throw.
 */
export async function fetchFile(file: Fetchable, path: string, options: FetchOptions): Promise<'fetched' | 'present'> {
  const found = await whatIsAt(path, file);
  if (found === 'right') {
    if (options.executable === true) await makeExecutable(path);
    return 'present';
  }
  if (found === 'other' && options.replace !== true) requireFree([path]);
  if (options.mirrors.length === 0) noMirror(file, []);
  await fromMirrors(file, path, options.executable === true ? 0o777 & ~process.umask() : undefined, options);
  return 'fetched';
}

/** Throws `E_EXISTS` where anything stands in the way. */
export function requireFree(paths: readonly string[]): void {
  const [first] = paths;
  if (first === undefined) return;
  const more = paths.length === 1 ? '' : `, and ${paths.length - 1} more`;
  fail('E_EXISTS', `another file is there already: ${first}${more}`, {
    hint: 'move it away, choose another --output, or replace it with --force',
  });
}

/** Is this very file at the path already? A link or other special file doesn't count. Throws `E_INPUT` for a folder. */
export async function whatIsAt(path: string, file: Fetchable): Promise<'nothing' | 'right' | 'other'> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw ioError(error, `cannot read ${path}`);
    return undefined;
  });
  if (stat?.isDirectory()) {
    fail('E_INPUT', `a folder lies where the file is to be: ${path}`, { hint: 'move it, or choose another --output' });
  }
  if (stat === undefined) return 'nothing';
  if (!stat.isFile() || stat.size !== file.size) return 'other';
  return (await sha256OfFile(path)) === file.sha256 ? 'right' : 'other';
}

async function makeExecutable(path: string): Promise<void> {
  try {
    await chmod(path, 0o777 & ~process.umask());
  } catch (error) {
    throw ioError(error, `cannot make ${path} executable`);
  }
}

type Told = (total: number) => void;

/** What a mirror has no part in. */
const HERE: ReadonlySet<string> = new Set(['E_IO', 'E_EXISTS', 'E_INPUT']);

/** From the first mirror that has it. What one of them gave before it broke off, the next one need not send again. */
async function fromMirrors(
  file: Fetchable,
  path: string,
  mode: number | undefined,
  options: FetchOptions,
): Promise<void> {
  const failures: PullthroughError[] = [];
  const task = options.progress.start(file.name, file.size);
  let told = 0;
  const onBytes = (bytes: number): void => {
    if (bytes > told) task.advance(bytes - told);
    told = Math.max(told, bytes);
  };
  try {
    for (const [i, mirror] of options.mirrors.entries()) {
      const others = i + 1 < options.mirrors.length;
      try {
        await fromMirror(mirror, others, { file, path, mode, onBytes }, options);
        return;
      } catch (error) {
        // What fails here (a full disk, say) fails with every mirror.
        if (!(error instanceof PullthroughError) || HERE.has(error.code) || options.signal?.aborted) throw error;
        failures.push(error);
        if (others)
          options.progress.warn(`${mirror.label} did not give ${file.name}: ${error.message}; trying the next`);
      }
    }
  } finally {
    task.done();
  }
  noMirror(file, failures);
}

interface Fetch {
  readonly file: Fetchable;
  readonly path: string;
  readonly mode: number | undefined;
  readonly onBytes: Told;
}

async function fromMirror(mirror: Mirror, others: boolean, fetch: Fetch, options: FetchOptions): Promise<void> {
  const { file, path, mode } = fetch;
  const place = placeOf(file, options);
  const pending = await openPending({ folder: dirname(path), mode });
  try {
    await startingOver(() => receive(mirror, others, pending, fetch, options));
    await settle(pending, fetch, options.replace === true);
    if (place !== undefined) await dropBegun(place);
  } catch (error) {
    const worthKeeping = wasCutOff(error, options.signal) || isFailingStore(error);
    if (place !== undefined && worthKeeping) await keepBegun(place, pending, undefined);
    throw error;
  } finally {
    await pending.discard();
  }
}

/** Another run may have brought the very same file meanwhile. Throws `E_EXISTS` for any other. */
async function settle(pending: PendingFile, { file, path, mode }: Fetch, replace: boolean): Promise<void> {
  try {
    await pending.commit(path, { replace });
  } catch (error) {
    const taken = error instanceof PullthroughError && error.code === 'E_EXISTS';
    if (!taken || (await whatIsAt(path, file)) !== 'right') throw error;
    if (mode !== undefined) await makeExecutable(path);
  }
}

function placeOf({ sha256, size }: Fetchable, { partials }: FetchOptions): BegunPlace | undefined {
  return partials === undefined ? undefined : { folder: partials, name: sha256, size, proven: true };
}

/** S3 says no more of a connection that broke. */
function isFailingStore(error: unknown): boolean {
  return error instanceof PullthroughError && error.code === 'E_STORE';
}

/** All bytes of the file, from where an interrupted run or another mirror stopped. */
async function receive(
  mirror: Mirror,
  others: boolean,
  pending: PendingFile,
  { file, onBytes }: Fetch,
  options: FetchOptions,
): Promise<void> {
  if (pending.size > 0) await pending.restart();
  const how = { signal: options.signal, pace: options.pace, others };
  const place = placeOf(file, options);
  const begun = place && (await findBegun(place));
  const rest = begun && mirror.readFrom?.(file, begun.size, how);
  if (begun !== undefined && rest !== undefined) {
    try {
      return await copy(file, oneAfterAnother(readBegun(begun), rest), pending, mirror.label, onBytes);
    } catch (error) {
      if (options.signal?.aborted || !(isMisfit(error) || isFailingStore(error))) throw error;
      await pending.restart();
    }
  }
  await copy(file, mirror.read(file, how), pending, mirror.label, onBytes);
}

async function* oneAfterAnother(...bodies: readonly Body[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const body of bodies) yield* body.chunks;
}

/** Appends a body to the pending file while hashing it. Throws `E_SIZE`, `E_TRUNCATED`, `E_DIGEST_MISMATCH`. */
async function copy(
  file: Fetchable,
  body: AsyncIterable<Uint8Array>,
  pending: PendingFile,
  label: string,
  onBytes: Told,
): Promise<void> {
  const hashed = hashing(body, ['sha256']);
  let bytes = 0;
  async function* bounded(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of hashed.body.chunks) {
      bytes += chunk.length;
      if (bytes > file.size) {
        fail('E_SIZE', `${label} has more than the ${file.size} acknowledged bytes of ${file.name}`, { hint: WRONG });
      }
      onBytes(bytes);
      yield chunk;
    }
  }
  await pending.append(new Body(bounded()));
  if (bytes < file.size) {
    fail('E_TRUNCATED', `${label} has only ${bytes} of the ${file.size} bytes of ${file.name}`, { hint: WRONG });
  }
  const { sha256 } = hashed.digests();
  if (sha256 !== file.sha256) {
    fail('E_DIGEST_MISMATCH', `${label} has other bytes for ${file.name}: SHA-256 ${sha256}, not ${file.sha256}`, {
      hint: WRONG,
    });
  }
}

const WRONG = 'these are not the bytes that were acknowledged: tell who runs that store';

/** An untrusted answer outweighs an unreachable mirror. */
function noMirror(file: Fetchable, failures: readonly PullthroughError[]): never {
  const worst = failures.find((failure) => failure.exit === 3) ?? failures.at(-1);
  if (worst === undefined) {
    return fail('E_NO_STORE', `there is no store to read ${file.name} from`, {
      hint: 'give --store, or url or public-url in [store] of mirror.ini; with --offline it is a folder, as file:./store',
    });
  }
  if (failures.length === 1) throw worst;
  return fail(worst.code, `no store gave ${file.name}: ${failures.map(({ message }) => message).join('; ')}`, {
    hint: worst.hint,
    cause: worst,
  });
}
