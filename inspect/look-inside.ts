import { Readable } from 'node:stream';
import { isAr, partOf, readAr } from './formats/ar.ts';
import { compressionOf, decompress, packedBy } from './formats/decompress.ts';
import { LIMITS, TooMuch, bounded, checkSize } from './limits.ts';
import type { Limits } from './limits.ts';
import type { Contents, FileBytes, How, Member, TakeMember } from './member.ts';
import { isProgram } from './formats/executable.ts';
import { readMember } from './read-member.ts';
import { cpioMembers } from './formats/cpio.ts';
import { asInstalled } from './formats/rpm-files.ts';
import { isRpm, readRpm } from './formats/rpm.ts';
import { tarMembers } from './formats/tar.ts';
import { zipMembers } from './formats/zip.ts';
import { zipBehind } from './formats/zip-doubts.ts';

const HEAD = 512;
/** deb-preinst(5) and its siblings: they run as root. */
const MAINTAINER = /^(?:\.\/)?(?:preinst|postinst|prerm|postrm|config)$/;

/** Programs that unpack a tar look at its bytes, and not at how its name ends. */
const TAR_NAME = /\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|tzst|zip|gz|xz|zst|bz2)$/i;

/**
 * What is in a file: an archive's members, or what a plain one is. Whatever is wrong with it is in the result. `take`
 * gets each file's bytes, and must itself remember what it throws that is not an error of the archive.
 */
export async function lookInside(
  file: FileBytes,
  limits: Limits = LIMITS,
  take: TakeMember = readMember,
): Promise<Contents> {
  const head = await file.read(0, HEAD);
  const members: Member[] = [];
  const kind = kindOf(head);
  let found: Contents['kind'] = kind === 'compressed' ? 'tar' : kind;
  let why: string | undefined;
  const how = { limits, take, doubt: (text: string) => void (why ??= text) };
  const seen = (): Contents => ({ kind: found, members, ...(why === undefined ? {} : { doubt: why }) });
  try {
    for await (const member of membersOf(file, kind, how, (other) => (found = other))) {
      members.push(member);
      if (members.length > limits.entries) throw new TooMuch(`it has more than ${limits.entries} members`);
    }
    return seen();
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it is damaged';
    return { ...seen(), stopped: { why: error instanceof TooMuch ? 'too-much' : 'unreadable', message } };
  }
}

function kindOf(head: Uint8Array): Contents['kind'] {
  if (isAr(head)) return 'deb';
  if (isRpm(head)) return 'rpm';
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) return 'zip';
  if (compressionOf(head) !== undefined) return 'compressed';
  if (isTar(head)) return 'tar';
  if (isProgram(head)) return 'program';
  return head[0] === 0x23 && head[1] === 0x21 ? 'script' : 'other';
}

function isTar(head: Uint8Array): boolean {
  if (Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar') return true;
  // The oldest kind has no magic bytes, only the checksum of its first header, whose own eight bytes count as spaces.
  const header = head.subarray(0, HEAD);
  const said = /^ *([0-7]{1,7})[ \0]/.exec(Buffer.from(header.subarray(148, 156)).toString('latin1'))?.[1];
  if (header.length < HEAD || said === undefined) return false;
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return sum === Number.parseInt(said, 8);
}

async function* membersOf(
  file: FileBytes,
  kind: Contents['kind'],
  how: How,
  isKind: (kind: Contents['kind']) => void,
): AsyncGenerator<Member, void> {
  if (kind === 'zip') return yield* zipMembers(file, how);
  if (kind === 'deb') return yield* packageMembers(file, how);
  if (kind === 'rpm') return yield* rpmMembers(file, how);
  if (kind === 'compressed' || kind === 'tar') return yield* streamMembers(file, how, isKind);
  yield await how.take({ path: file.name }, file.stream(), how.limits);
  // Programs that unpack a zip look at its end alone: it may stand behind a program or a script.
  const packer = kind === 'other' ? packedBy(await file.read(0, HEAD)) : undefined;
  if (packer !== undefined && TAR_NAME.test(file.name))
    throw new Error(`it is packed by ${packer}, which is not read here`);
  const behind = await zipBehind(file);
  if (behind === undefined) return;
  isKind('zip');
  yield* zipMembers(behind, how);
}

/** A tar, compressed or not, or one compressed file. */
async function* streamMembers(
  file: FileBytes,
  how: How,
  isKind: (kind: Contents['kind']) => void,
): AsyncGenerator<Member, void> {
  const { limits, take } = how;
  const [head, body] = await peek(await plainBytes(file, limits));
  if (isTar(head)) return yield* tarMembers(body, how);
  isKind('compressed');
  yield await take({ path: file.name.replace(/\.(?:gz|xz|zst|bz2)$/i, '') }, body, limits);
}

/** A file's bytes without their compression, and no more of them than is allowed. */
async function plainBytes(file: FileBytes, limits: Limits): Promise<AsyncGenerator<Uint8Array, void>> {
  const how = compressionOf(await file.read(0, HEAD));
  const body =
    how === undefined ? file.stream() : decompress(file.stream(), how, (total) => checkSize(total, file.size, limits));
  return bounded(body, file.size, limits);
}

/** An rpm package: the scripts that run when it is installed, and what it installs. */
async function* rpmMembers(file: FileBytes, { limits, take }: How): AsyncGenerator<Member, void> {
  const { scripts, modes, payload } = await readRpm(file);
  for (const { name, bytes } of scripts) {
    yield { ...(await take({ path: `RPM/${name}`, installs: true }, Readable.from([bytes]), limits)), installs: true };
  }
  for await (const member of cpioMembers(await plainBytes(payload, limits), limits, take)) {
    yield asInstalled(member, modes);
  }
}

/** A Debian package: what it installs, and the scripts that run then. */
async function* packageMembers(file: FileBytes, how: How): AsyncGenerator<Member, void> {
  for (const entry of await readAr(file)) {
    const part = partOf(file, entry);
    if (!/^(?:control|data)\.tar(?:\.|$)/.test(entry.name)) continue;
    const unread = (): never => {
      throw new Error(`its ${entry.name} is not a tar archive that can be read here`);
    };
    for await (const member of streamMembers(part, how, unread)) {
      if (entry.name.startsWith('data.')) yield member;
      else if (member.kind === 'file') {
        yield {
          ...member,
          path: `DEBIAN/${member.path.replace(/^\.\//, '')}`,
          ...(MAINTAINER.test(member.path) ? { installs: true } : {}),
        };
      }
    }
  }
}

/** The first bytes, and all of them. */
async function peek(body: AsyncGenerator<Uint8Array, void>): Promise<[Uint8Array, AsyncIterable<Uint8Array>]> {
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD) {
    const next = await body.next();
    if (next.done === true) break;
    first.push(Uint8Array.from(next.value));
    length += next.value.length;
  }
  const head = Buffer.concat(first);
  return [
    head,
    (async function* () {
      if (head.length > 0) yield head;
      yield* body;
    })(),
  ];
}
