import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { isDeviceName } from '../../ledger-schema/names/path.ts';
import type { Contents, Member } from '../../inspect/member.ts';

/** What is written from an archive, under names that lead nowhere else. */
export interface UnpackEntry {
  /** `bin/tool`: relative, with `/`, without `.` and `..`. */
  readonly path: string;
  readonly member: Member;
  /** For a hard link, the member that it is the same file as; for a symbolic link, what it says. */
  readonly target?: string;
}

/** Links that lead to links. */
const MOST_LINKS = 40;

/**
 * What is written from an archive, and where; or why nothing is. Every rule holds for each member: a name below the folder,
 * no link out of it, no device, no setuid or setgid, no member twice or below what is not a folder, nothing encrypted, and
 * seen to its end within bounds. Pure. Throws `E_ARCHIVE`.
 */
export function planUnpack(
  name: string,
  { kind, members, stopped }: Contents,
  platform: NodeJS.Platform,
): UnpackEntry[] {
  if (!['tar', 'zip', 'compressed'].includes(kind)) {
    const what = kind === 'deb' ? 'a Debian package' : kind === 'rpm' ? 'an rpm package' : 'not an archive';
    fail('E_ARCHIVE', `${brief(name)} is ${what}: --unpack takes tar, tar.gz, tar.xz, tar.zst, tar.bz2 and zip`, {
      hint: 'get it without --unpack',
    });
  }
  const refuse = (what: string): never =>
    fail('E_ARCHIVE', `${brief(name)}: ${what}; nothing was unpacked`, {
      hint: "look at it with pullthrough get without --unpack, and tell the ledger's people",
    });
  if (stopped !== undefined) refuse(brief(stopped.message));
  const entries = new Map<string, UnpackEntry>();
  for (const member of members) {
    const path = plainPath(member.path, platform) ?? refuse(wrongName(member.path));
    if (member.kind === 'device') refuse(`${brief(member.path)} is a device, a pipe or a socket`);
    if (member.encrypted) refuse(`${brief(member.path)} is encrypted`);
    if (member.kind === 'file' && ((member.mode ?? 0) & 0o6000) !== 0)
      refuse(`${brief(member.path)} is setuid or setgid`);
    if (path === '') {
      if (member.kind === 'folder') continue;
      refuse(`${brief(member.path)} is not a name for a file`);
    }
    const other = entries.get(folded(path));
    if (other !== undefined) {
      if (other.member.kind === 'folder' && member.kind === 'folder' && other.path === path) continue;
      refuse(`${brief(path)} is in it twice`);
    }
    entries.set(folded(path), { path, member, ...(member.target === undefined ? {} : { target: member.target }) });
  }
  for (const { path } of entries.values()) {
    for (const above of foldersAbove(path)) {
      const entry = entries.get(folded(above));
      if (entry !== undefined && entry.member.kind !== 'folder')
        refuse(`${brief(path)} lies below ${brief(above)}, which is not a folder`);
      if (entry !== undefined && entry.path !== above)
        refuse(`${brief(above)} and ${brief(entry.path)} differ in case only`);
    }
  }
  const planned = [...entries.values()].map((entry) =>
    entry.member.kind === 'link' ? linked(entry, entries, refuse, platform) : entry,
  );
  if (!planned.some(({ member }) => member.kind !== 'folder')) refuse('it holds no file');
  return planned;
}

function wrongName(path: string): string {
  const out = /^[/\\]|^[A-Za-z]:[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(path);
  return `the name ${brief(path)} ${out ? 'leads out of the folder' : "can't be the name of a file"}`;
}

/** Some file systems ignore case, and some know only one form of a letter. */
function folded(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** The path without `.`; undefined where it leads out of the folder or can't be a name. */
function plainPath(path: string, platform: NodeJS.Platform): string | undefined {
  if (path.startsWith('/') || /[\\\p{Cc}]|^[A-Za-z]:/u.test(path)) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const wrong = (part: string): boolean =>
    part === '..' ||
    Buffer.byteLength(part) > 255 ||
    (platform === 'win32' && (/[<>:"|?*]|[ .]$/.test(part) || isDeviceName(part)));
  return parts.some(wrong) ? undefined : parts.join('/');
}

function linked(
  entry: UnpackEntry,
  entries: ReadonlyMap<string, UnpackEntry>,
  refuse: (what: string) => never,
  platform: NodeJS.Platform,
): UnpackEntry {
  const { path, target = '', member } = entry;
  if (member.hard === true) {
    const whole = plainPath(target, platform);
    const other = whole === undefined ? undefined : entries.get(folded(whole));
    if (other?.member.kind !== 'file')
      return refuse(`the link ${brief(path)} is to ${brief(target)}, which is not a file of it`);
    return { ...entry, target: other.path };
  }
  const folder = path.split('/').slice(0, -1);
  if (target === '' || target.length > 4096 || !staysInside(folder, target, entries)) {
    return refuse(`the link ${brief(path)} leads to ${brief(target)}, out of the folder`);
  }
  return entry;
}

/** Follows a link step by step, through other links too: `..` behind a link is where that link leads. */
function staysInside(folder: readonly string[], target: string, entries: ReadonlyMap<string, UnpackEntry>): boolean {
  if (target.startsWith('/') || /[\\\p{Cc}]|^[A-Za-z]:/u.test(target)) return false;
  const at = [...folder];
  const left = target.split('/');
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return false;
      continue;
    }
    at.push(part);
    const next = entries.get(folded(at.join('/')));
    if (next?.member.kind !== 'link' || next.member.hard === true) continue;
    links += 1;
    const further = next.target ?? '';
    if (links > MOST_LINKS || further.startsWith('/') || /[\\\p{Cc}]|^[A-Za-z]:/u.test(further)) return false;
    at.pop();
    left.unshift(...further.split('/'));
  }
  return true;
}
