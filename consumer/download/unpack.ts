import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../io/files/file.ts';
import { sweep } from '../../io/files/leftover.ts';
import { ioError } from '../../io/io-error.ts';
import { LIMITS } from '../../inspect/limits.ts';
import type { Limits } from '../../inspect/limits.ts';
import { lookInside } from '../../inspect/look-inside.ts';
import type { FileBytes, Member, MemberHead } from '../../inspect/member.ts';
import { fail } from '../../ledger-schema/index.ts';
import { sha256OfFile } from '../verify/file-digest.ts';
import { fetchFiles } from './get.ts';
import type { GetOptions, GotFile } from './get.ts';
import { placeMembers } from './place-members.ts';
import type { Fetchable } from './select-assets.ts';
import { planUnpack } from './unpack-plan.ts';

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
    const below = join(staging, 'archive');
    const [archive] = await fetchFiles([file], { ...options, output: below, keep: [], executable: false });
    const path = archive?.path ?? join(below, file.name);
    const { entries, written } = await unpackInto(staging, path, file, limits);
    return await placeMembers(entries, written, staging, options);
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
