import { createHash, randomBytes } from 'node:crypto';
import { chmod, copyFile, lstat, mkdir, open, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, makeFolders } from '../../io/files/file.ts';
import { sweep } from '../../io/files/leftover.ts';
import { moveTo, placeAt } from '../../io/files/rename.ts';
import { ioError, systemCode } from '../../io/io-error.ts';
import { LIMITS } from '../../inspect/limits.ts';
import type { Limits } from '../../inspect/limits.ts';
import { lookInside } from '../../inspect/look-inside.ts';
import type { FileBytes, Member, MemberHead } from '../../inspect/member.ts';
import { fail, foldAscii } from '../../ledger-schema/index.ts';
import { sha256OfFile } from '../verify/file-digest.ts';
import { requireFree } from './fetch-file.ts';
import { fetchFiles } from './get.ts';
import type { GetOptions, GotFile } from './get.ts';
import { requireNotOwn } from './own-files.ts';
import type { Fetchable } from './select-assets.ts';
import { planUnpack } from './unpack-plan.ts';
import type { UnpackEntry } from './unpack-plan.ts';

/** In a zip, a link's target is in its bytes. */
const TEXT_BYTES = 4096;

/**
 * Brings one archive, and puts what is in it into the folder: all of it or nothing. The archive lies beside it, hidden, until
 * its bytes are verified; its members are written under numbers, judged together, and only then get their names. What is in
 * the way is `E_EXISTS` unless `replace` is set, by the rules of {@link fetchFiles}. Throws what that throws, and
 * `E_ARCHIVE`, `E_USAGE`.
 */
export async function fetchUnpacked(
  files: readonly Fetchable[],
  options: GetOptions,
  limits: Limits = LIMITS,
): Promise<GotFile[]> {
  const [file] = files;
  if (file === undefined || files.length > 1) {
    const names = files.slice(0, 10).map(({ name }) => name);
    return fail('E_USAGE', `--unpack takes one archive, and ${files.length} files were chosen`, {
      hint: `choose one, as by its name or --platform: ${names.join(', ')}`,
    });
  }
  const { output } = options;
  const made = await makeFolder(output).catch((error: unknown) => {
    throw ioError(error, `cannot make the folder ${output}`);
  });
  if (made.length === 0) await sweep(output);
  const staging = join(output, `.pullthrough-${randomBytes(12).toString('hex')}.part`);
  try {
    await mkdir(staging, 0o700).catch((error: unknown) => {
      throw ioError(error, `cannot write in ${output}`);
    });
    const [archive] = await fetchFiles([{ ...file, name: 'archive' }], {
      ...options,
      output: staging,
      keep: [],
      executable: false,
    });
    const path = archive?.path ?? join(staging, 'archive');
    const { entries, written } = await unpackInto(staging, path, file, limits);
    return await settle(entries, written, staging, options);
  } catch (error) {
    for (const folder of made)
      await rm(staging, { recursive: true, force: true })
        .then(() => rmdir(folder))
        .catch(() => undefined);
    throw error;
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The members under numbers, and which is which. Throws `E_ARCHIVE`. */
async function unpackInto(staging: string, path: string, { name, size, sha256 }: Fetchable, limits: Limits) {
  const written = new Map<Member, string>();
  let failure: { error: unknown } | undefined;
  const take = async (head: MemberHead, body: AsyncIterable<Uint8Array>): Promise<Member> => {
    const place = join(staging, String(written.size));
    try {
      const { bytes, text, digest } = await writeMember(place, body, (error) => (failure ??= { error }));
      const member: Member = {
        ...head,
        kind: 'file',
        size: bytes,
        sha256: digest,
        ...(text === undefined ? {} : { text }),
      };
      written.set(member, place);
      return member;
    } catch (error) {
      throw error instanceof Error ? error : new Error('it is damaged');
    }
  };
  const handle = await open(path, 'r');
  try {
    const contents = await lookInside(bytesOf(name, size, handle), limits, take);
    if (failure !== undefined) throw ioError(failure.error, `cannot write in ${staging}`);
    // What was verified is what was read: nobody wrote to it meanwhile.
    if ((await sha256OfFile(path)) !== sha256) fail('E_DIGEST_MISMATCH', `${name} was changed while it was unpacked`);
    return { entries: planUnpack(name, contents, process.platform), written };
  } finally {
    await handle.close();
  }
}

function bytesOf(name: string, size: number, handle: Awaited<ReturnType<typeof open>>): FileBytes {
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const block = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
    const { bytesRead } = await handle.read(block, 0, block.length, offset);
    return block.subarray(0, bytesRead);
  };
  return {
    name,
    size,
    read,
    async *stream(offset = 0) {
      for (let at = offset; at < size;) {
        const block = await read(at, 256 * 1024);
        if (block.length === 0) throw new Error('the file ended');
        at += block.length;
        yield block;
      }
    },
  };
}

async function writeMember(place: string, body: AsyncIterable<Uint8Array>, broke: (error: unknown) => void) {
  const hash = createHash('sha256');
  const kept: Uint8Array[] = [];
  let bytes = 0;
  const failing = async <T>(action: Promise<T>): Promise<T> =>
    action.catch((error: unknown) => {
      broke(error);
      throw error;
    });
  const handle = await failing(open(place, 'wx', 0o600));
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes <= TEXT_BYTES) kept.push(Uint8Array.from(chunk));
      await failing(handle.writeFile(chunk));
    }
    await failing(handle.sync());
  } finally {
    await handle.close();
  }
  return {
    bytes,
    digest: hash.digest('hex'),
    text: bytes <= TEXT_BYTES ? Buffer.concat(kept).toString('utf8') : undefined,
  };
}

/** A file or link with its place in the folder, and where its bytes lie now. */
interface Placed {
  readonly entry: UnpackEntry;
  readonly path: string;
  readonly from: string | undefined;
  readonly size: number;
  readonly sha256: string;
  readonly there: 'nothing' | 'right' | 'other';
}

async function settle(
  entries: readonly UnpackEntry[],
  written: ReadonlyMap<Member, string>,
  staging: string,
  options: GetOptions,
): Promise<GotFile[]> {
  const { output, replace, executable } = options;
  const placed: Placed[] = [];
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  for (const entry of entries) {
    const { path: name, member } = entry;
    requireNotOwn(name.split('/').at(-1) ?? name);
    const path = join(output, ...name.split('/'));
    await requireNotKept(path, name, options);
    await requireRealFolders(output, name);
    if (member.kind === 'folder') {
      if ((await lstat(path).catch(() => undefined))?.isDirectory() === false) requireFree([path]);
      continue;
    }
    const source = member.hard === true ? byPath.get(entry.target ?? '')?.member : member;
    const { size = 0, sha256 = '' } = member.kind === 'link' && member.hard !== true ? {} : (source ?? {});
    const from =
      source === undefined || (member.kind === 'link' && member.hard !== true) ? undefined : written.get(source);
    placed.push({ entry, path, from, size, sha256, there: await whatLies(path, entry, size, sha256) });
  }
  const taken = placed.filter(({ there }) => there === 'other').map(({ path }) => path);
  if (replace !== true) requireFree(taken);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const { path: name, member } of entries) {
      const folder = join(output, ...(member.kind === 'folder' ? name.split('/') : name.split('/').slice(0, -1)));
      for (const made of (await makeFolders(folder)).reverse()) undo.push(() => rmdir(made));
    }
    for (const [i, one] of placed.entries())
      if (one.there !== 'right') await put(one, i, staging, executable === true, undo);
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw ioError(error, `cannot unpack into ${output}`);
  }
  return placed.map(({ entry, path, size, sha256, there }) => ({
    name: entry.path,
    size,
    sha256,
    path,
    state: there === 'right' ? 'present' : 'fetched',
  }));
}

async function put(
  { entry, path, from, there }: Placed,
  i: number,
  staging: string,
  executable: boolean,
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  const ready = join(staging, `ready-${i}`);
  const { member, target = '' } = entry;
  if (from === undefined) await symlink(target, ready);
  else {
    await copyFile(from, ready);
    const runs = executable || ((member.mode ?? 0) & 0o111) !== 0;
    await chmod(ready, (runs ? 0o777 : 0o666) & ~process.umask());
  }
  if (there === 'other') {
    const old = join(staging, `old-${i}`);
    await moveTo(path, old);
    undo.push(() => moveTo(old, path));
  }
  // A symbolic link itself is moved: a hard link to it is not the same everywhere.
  await (from === undefined ? moveTo(ready, path) : placeAt(ready, path));
  undo.push(() => rm(path, { force: true }));
}

async function whatLies(
  path: string,
  { member, target }: UnpackEntry,
  size: number,
  sha256: string,
): Promise<Placed['there']> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw ioError(error, `cannot read ${path}`);
    return undefined;
  });
  if (stat === undefined) return 'nothing';
  if (stat.isDirectory()) {
    fail('E_INPUT', `a folder lies where the file is to be: ${path}`, { hint: 'move it, or choose another --output' });
  }
  if (member.kind === 'link' && member.hard !== true)
    return stat.isSymbolicLink() && (await readlink(path)) === target ? 'right' : 'other';
  if (!stat.isFile() || stat.size !== size) return 'other';
  return (await sha256OfFile(path)) === sha256 ? 'right' : 'other';
}

/** What lies between the folder and the file must be folders: a link there could lead anywhere. */
async function requireRealFolders(output: string, name: string): Promise<void> {
  let folder = output;
  for (const part of name.split('/').slice(0, -1)) {
    folder = join(folder, part);
    const stat = await lstat(folder).catch(() => undefined);
    if (stat === undefined) return;
    if (!stat.isDirectory()) {
      fail('E_EXISTS', `${folder} is not a folder, and ${name} would lie below it`, {
        hint: 'move it away, or choose another --output',
      });
    }
  }
}

async function requireNotKept(path: string, name: string, { keep = [] }: GetOptions): Promise<void> {
  const identity = async (one: string): Promise<string | undefined> =>
    lstat(one, { bigint: true }).then(
      ({ dev, ino }) => `${dev} ${ino}`,
      () => undefined,
    );
  for (const own of keep) {
    const there = await identity(own);
    if (foldAscii(resolve(path)) !== foldAscii(own) && (there === undefined || there !== (await identity(path))))
      continue;
    fail('E_EXISTS', `the archive has a file ${name}, and ${own} is not replaced by it`, {
      hint: 'unpack it into another folder with --output',
    });
  }
}
