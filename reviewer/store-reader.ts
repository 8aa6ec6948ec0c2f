import type { Mirror } from '../consumer/fetch-file.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { StoreReader } from './context.ts';

/** The places that consumers read from, as one store: each object from the first that has it. Undefined where there is none. */
export function storeReader(mirrors: readonly Mirror[], signal: AbortSignal | undefined): StoreReader | undefined {
  const [first] = mirrors;
  if (first === undefined) return undefined;
  return {
    label: mirrors.map(({ label }) => label).join(', '),
    read: (sha256, size) => readFirst(mirrors, { name: sha256, sha256, size }, signal),
  };
}

async function* readFirst(
  mirrors: readonly Mirror[],
  file: { readonly name: string; readonly sha256: string; readonly size: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const [i, mirror] of mirrors.entries()) {
    const others = i + 1 < mirrors.length;
    try {
      yield* mirror.read(file, { signal, others });
      return;
    } catch (error) {
      // It is said before the first byte; what another place has too is no loss.
      if (!others || !(error instanceof PullthroughError) || error.code !== 'E_STORE_MISSING') throw error;
    }
  }
}
