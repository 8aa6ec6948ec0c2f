import { digestsOf } from '../../io/files/hash.ts';
import { mapShared } from '../../io/limit.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { MirrorRun } from '../mirror-run.ts';
import type { OldDigests, OldVersion } from './old-tree.ts';
import type { FetchedFile } from '../../ledger/new-record.ts';

/**
 * What the old lists can be compared with in a record that is there already: its own SHA-256 of each file, and where a
 * list has another digest, that of the bytes in the store. Throws `E_STORE_MISSING`, `E_STORE_DAMAGED`, `E_STORE`.
 */
export async function digestsOfHeld(
  run: Pick<MirrorRun, 'store' | 'progress' | 'signal' | 'limit'>,
  held: readonly FetchedFile[],
  listed: OldVersion['files'],
): Promise<ReadonlyMap<string, OldDigests>> {
  const digests = await mapShared(held, run.limit, async (file): Promise<[string, OldDigests]> => {
    const { md5, sha512 } = listed.get(file.name) ?? {};
    const more = md5 !== undefined || sha512 !== undefined;
    return [file.name, more ? await digestsInStore(run, file) : { sha256: file.sha256 }];
  });
  return new Map(digests);
}

async function digestsInStore(
  { store, progress, signal }: Pick<MirrorRun, 'store' | 'progress' | 'signal'>,
  { name, size, sha256 }: FetchedFile,
): Promise<OldDigests> {
  const task = progress.start(name, size);
  try {
    const digests = await digestsOf(store.read(sha256), ['md5', 'sha256', 'sha512'], (bytes) => {
      task.advance(bytes);
      signal?.throwIfAborted();
    });
    if (digests.sha256 === sha256) return digests;
    return fail('E_STORE_DAMAGED', `${store.label} has other bytes for ${name}, so the old lists can't be compared`);
  } finally {
    task.done();
  }
}
