import { brief } from '../ledger-schema/bytes.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { ErrorCode } from '../ledger-schema/error.ts';

const HINTS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOSPC: ['no space is left', 'free some space there, or choose another place'],
  EDQUOT: ['the disk quota is used up', 'free some space there, or choose another place'],
  EFBIG: ['the file is too large for its file system', 'choose another place'],
  EROFS: ['the file system is read-only', 'mount it writable, or choose another place'],
  EACCES: ['permission is denied', 'give this user access to it, or choose another place'],
  EPERM: ['the operation is not permitted', 'give this user access to it, or choose another place'],
  ENOENT: ['it is not there', 'check the path'],
  ENOTDIR: ['a part of the path is not a folder', 'check the path'],
  EISDIR: ['it is a folder', 'check the path'],
  EMFILE: ['too many files are open', 'raise the limit with ulimit -n, or lower --concurrency'],
  ENFILE: ['too many files are open on this machine', 'raise the limit, or lower --concurrency'],
  EIO: ['the disk answered with an error', 'check the disk'],
};

/** The system's error code, as `ENOSPC`, or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Is it a failed call into the system, of any kind? */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return systemCode(error) !== undefined && error instanceof Error && 'syscall' in error;
}

const TRIED: Readonly<Record<string, string>> = {
  open: 'cannot open',
  read: 'cannot read',
  write: 'cannot write',
  mkdir: 'cannot make the folder',
  mkdtemp: 'cannot make a folder below',
  scandir: 'cannot list',
  opendir: 'cannot list',
  rename: 'cannot rename',
  unlink: 'cannot remove',
  rmdir: 'cannot remove',
  rm: 'cannot remove',
};

/** A failed call into the system that nobody said more about. */
export function systemError(error: NodeJS.ErrnoException): PullthroughError {
  const tried = TRIED[error.syscall ?? ''] ?? (error.path === undefined ? undefined : `${error.syscall ?? 'failed'}:`);
  if (tried !== undefined && HINTS[systemCode(error) ?? ''] !== undefined) {
    return ioError(error, error.path === undefined ? tried : `${tried} ${error.path}`);
  }
  return new PullthroughError('E_IO', brief(error.message.split('\n')[0] ?? ''), { cause: error });
}

/**
 * What a failed file operation means to a person. `action` is what was tried, as "cannot write /srv/store/x". Errors of
 * ours pass through.
 */
export function ioError(error: unknown, action: string, code: ErrorCode = 'E_IO'): PullthroughError {
  if (error instanceof PullthroughError) return error;
  const known = HINTS[systemCode(error) ?? ''];
  const what = known?.[0] ?? (error instanceof Error ? error.message : String(error));
  return new PullthroughError(code, `${action}: ${what}`, { hint: known?.[1], cause: error });
}
