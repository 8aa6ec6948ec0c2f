import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { FileStore } from '../../store/file-store.ts';
import { storeKey } from '../../store/store.ts';
import { storeContract } from '../store.contract.ts';
import type { Fault, Subject } from '../store.contract.ts';

/** Every call that changes the disk goes through here. */
const faults = vi.hoisted(() => {
  let fault: Fault | undefined;
  let count = 0;
  let code = 'EIO';
  const failure = (): Error => Object.assign(new Error(`${code}: simulated`), { code });
  return {
    set(next: Fault | undefined, errno = 'EIO') {
      fault = next;
      count = 0;
      code = errno;
    },
    met: () => fault !== undefined && count >= fault.at,
    async around<T>(write: () => Promise<T>, undo?: (done: T) => Promise<void>): Promise<T> {
      count++;
      const here = fault !== undefined && (fault.lasts === 'once' ? count === fault.at : count >= fault.at);
      if (!here) return write();
      if (fault?.when === 'after') {
        const done = await write();
        await undo?.(done);
      }
      throw failure();
    },
  };
});

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  const changing = new Set<string | symbol>(['writev', 'sync', 'truncate', 'chmod']);
  const watched = (handle: FileHandle): FileHandle =>
    new Proxy(handle, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        return changing.has(name) ? (...args: unknown[]) => faults.around(() => call(...args)) : call;
      },
    });
  return {
    ...real,
    open: async (path: string, flags: string, mode?: number) =>
      flags === 'r'
        ? watched(await real.open(path, flags, mode))
        : watched(
            await faults.around(
              () => real.open(path, flags, mode),
              (handle) => handle.close(),
            ),
          ),
    // Where it can't make anything it is not a write.
    mkdir: async (path: string, mode?: number) => {
      const [above, there] = await Promise.all([dirname(path), path].map((each) => real.stat(each).catch(() => false)));
      const make = (): Promise<void> => real.mkdir(path, mode);
      return above && !there ? faults.around(make) : make();
    },
    rename: (from: string, to: string) => faults.around(() => real.rename(from, to)),
    // Cleaning up fails with a disk that died, and doesn't count as a write.
    rm: async (path: string, options: object) => real.rm(path, options),
  };
});

async function startFileStore(): Promise<Subject> {
  const root = await fs.mkdtemp(join(tmpdir(), 'pullthrough-store-'));
  const path = (sha256: string): string => join(root, storeKey(sha256));
  const write = async (to: string, bytes: Uint8Array): Promise<void> => {
    await fs.mkdir(dirname(to), { recursive: true });
    await fs.writeFile(to, bytes);
  };
  return {
    open: async (progress) => new FileStore({ root, progress }),
    place: (sha256, bytes) => write(path(sha256), bytes),
    look: (sha256) => fs.readFile(path(sha256)).catch(() => undefined),
    async placeForeign() {
      const hex = randomBytes(32).toString('hex');
      await write(join(root, 'README.md'), Buffer.from('mine'));
      await write(join(root, 'sha256', 'README.md'), Buffer.from('mine'));
      await write(join(root, 'sha256', 'zz', hex), Buffer.from('mine'));
      await write(join(root, 'sha256', 'ab', 'abcd'), Buffer.from('mine'));
      await write(join(root, 'sha256', 'ab', `00${hex.slice(2)}`), Buffer.from('mine'));
      await fs.symlink('/etc/passwd', join(root, 'sha256', 'ab', `ab${hex.slice(2)}`));
      await write(join(root, '.tmp', 'mine'), Buffer.from('mine'));
    },
    abandon: () =>
      write(join(root, '.tmp', `.pullthrough-${randomBytes(12).toString('hex')}.part`), Buffer.from('half')),
    fail: (fault) => faults.set(fault),
    failed: () => faults.met(),
    close: () => fs.rm(root, { recursive: true, force: true }),
  };
}

storeContract('the file store', startFileStore, { large: 3_000_000, retries: false });

const bytes = randomBytes(2_000_000);
async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

describe('the file store', () => {
  async function withRoot(run: (root: string) => Promise<void>): Promise<void> {
    const root = await fs.mkdtemp(join(tmpdir(), 'pullthrough-store-'));
    try {
      await run(root);
    } finally {
      faults.set(undefined);
      await fs.rm(root, { recursive: true, force: true });
    }
  }

  async function failure(root: string): Promise<{ code: string; message: string; hint: string }> {
    const store = new FileStore({ root, progress: SILENT });
    const error: unknown = await store
      .put({ size: bytes.length, name: 'f' }, body())
      .catch((thrown: unknown) => thrown);
    return error as { code: string; message: string; hint: string };
  }

  test.each([
    ['ENOSPC', /no space is left/, /free some space/],
    ['EDQUOT', /quota/, /free some space/],
    ['EROFS', /read-only/, /mount it writable/],
    ['EACCES', /permission/, /give this user access/],
  ])('says what %s means and what to do', async (errno, message, hint) => {
    await withRoot(async (root) => {
      for (let at = 1; at <= 5; at++) {
        faults.set({ at, when: 'before', lasts: 'for good' }, errno);
        expect(await failure(root)).toMatchObject({
          code: 'E_STORE',
          message: expect.stringMatching(message) as string,
          hint: expect.stringMatching(hint) as string,
        });
      }
    });
  });

  test('never follows a link under a key', async () => {
    await withRoot(async (root) => {
      const store = new FileStore({ root, progress: SILENT });
      const outside = join(root, 'outside');
      await fs.writeFile(outside, bytes);
      const { sha256 } = await store.put({ size: bytes.length, name: 'f' }, body());
      const path = join(root, storeKey(sha256));
      await fs.rm(path);
      await fs.symlink(outside, path);
      expect(await store.verify(sha256, bytes.length)).toBe('damaged');
      expect(await store.put({ size: bytes.length, name: 'f', sha256 }, body())).toEqual({ sha256, repaired: true });
      expect((await fs.lstat(path)).isFile()).toBe(true);
    });
  });

  test('a store that can only be read still verifies and reads', async () => {
    await withRoot(async (root) => {
      const store = new FileStore({ root, progress: SILENT });
      const { sha256 } = await store.put({ size: bytes.length, name: 'f' }, body());
      faults.set({ at: 1, when: 'before', lasts: 'for good' }, 'EROFS');
      expect(await store.verify(sha256, bytes.length)).toBe('present');
      expect(await store.put({ size: bytes.length, name: 'f', sha256 }, body())).toEqual({ sha256, repaired: false });
    });
  });

  // Mounting needs root; the faults above cover the same for everybody else.
  test.runIf(process.getuid?.() === 0 && process.platform === 'linux')(
    'on a disk that is really full, or mounted read-only: E_STORE, nothing left, and what is there stays',
    async () => {
      await withRoot(async (root) => {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
        try {
          const store = new FileStore({ root, progress: SILENT });
          const { sha256 } = await store.put({ size: bytes.length, name: 'f' }, body());
          const large = randomBytes(3_000_000);
          async function* tooMuch(): AsyncGenerator<Uint8Array, void, undefined> {
            yield large;
          }
          await expect(() => store.put({ size: large.length, name: 'g' }, tooMuch())).toFailWith('E_STORE');
          expect(await fs.readdir(join(root, '.tmp'))).toEqual([]);
          expect(await store.verify(sha256, bytes.length)).toBe('present');
          execFileSync('mount', ['-o', 'remount,ro', root]);
          expect(await failure(root)).toMatchObject({
            code: 'E_STORE',
            hint: expect.stringMatching(/writable/) as string,
          });
          expect(await store.put({ size: bytes.length, name: 'f', sha256 }, body())).toEqual({
            sha256,
            repaired: false,
          });
        } finally {
          execFileSync('umount', [root]);
        }
      });
    },
  );
});
