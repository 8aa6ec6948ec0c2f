import { chmod, copyFile, lstat, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolders } from '../../io/files/file.ts';
import { moveTo, placeAt } from '../../io/files/rename.ts';
import { ioError, systemCode } from '../../io/io-error.ts';
import type { Member } from '../../inspect/member.ts';
import { PullthroughError, fail, foldAscii } from '../../ledger-schema/index.ts';
import { sha256OfFile } from '../verify/file-digest.ts';
import { requireFree } from './fetch-file.ts';
import type { GetOptions, GotFile } from './get.ts';
import { requireNotOwn } from './own-files.ts';
import type { UnpackEntry } from './unpack-plan.ts';

/** A file or link with its place in the folder, and where its bytes lie now. */
interface Placed {
  readonly entry: UnpackEntry;
  readonly path: string;
  readonly from: string | undefined;
  readonly size: number;
  readonly sha256: string;
  readonly there: 'nothing' | 'right' | 'other';
}

/**
 * @internal
 * Gives what was unpacked into `staging` (`written`: where each file lies) its names: all of it or nothing. What another run puts
 * there meanwhile is as good where it is the very same. Throws `E_EXISTS`, `E_INPUT`, `E_IO`.
 */
export async function placeMembers(
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
    const one = { entry, path, from, size, sha256 };
    placed.push({ ...one, there: await whatLies(one) });
  }
  const taken = placed.filter(({ there }) => there === 'other').map(({ path }) => path);
  if (replace !== true) requireFree(taken);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const { path: name, member } of entries) {
      const folder = join(output, ...(member.kind === 'folder' ? name.split('/') : name.split('/').slice(0, -1)));
      for (const made of (await makeFolders(folder)).reverse()) undo.push(() => rmdir(made));
    }
    for (const [i, one] of placed.entries()) {
      if (one.there !== 'right') await put(one, i, staging, executable === true, undo);
      else if (executable === true && one.from !== undefined) await chmod(one.path, 0o777 & ~process.umask());
    }
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
  one: Placed,
  i: number,
  staging: string,
  executable: boolean,
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  const { entry, path, from, there } = one;
  if (there === 'other') {
    const old = join(staging, `old-${i}`);
    await moveTo(path, old);
    undo.push(() => moveTo(old, path));
  }
  try {
    if (from === undefined) await symlink(entry.target ?? '', path);
    else await placeCopy(from, path, join(staging, `ready-${i}`), executable || isProgram(entry.member));
  } catch (error) {
    // Another run may have put the very same there meanwhile; that one is its own.
    const taken = systemCode(error) === 'EEXIST' || (error instanceof PullthroughError && error.code === 'E_EXISTS');
    if (taken && (await whatLies(one)) === 'right') return;
    if (taken) requireFree([path]);
    throw error;
  }
  undo.push(() => rm(path, { force: true }));
}

function isProgram({ mode = 0 }: Member): boolean {
  return (mode & 0o111) !== 0;
}

async function placeCopy(from: string, path: string, ready: string, executable: boolean): Promise<void> {
  await copyFile(from, ready);
  await chmod(ready, (executable ? 0o777 : 0o666) & ~process.umask());
  await placeAt(ready, path);
}

async function whatLies({ path, entry, size, sha256 }: Omit<Placed, 'there'>): Promise<Placed['there']> {
  const { member, target } = entry;
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
