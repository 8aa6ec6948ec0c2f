import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { systemCode } from '../../io/io-error.ts';
import { makeFolders, readFileBounded, writeFileAtomic } from '../../io/files/file.ts';
import { MOMENT, withLock } from '../../io/files/lock.ts';

/** A policy of the chain from a pin to the newest. */
export interface ChainLink {
  readonly version: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const memorySchema = z.strictObject({
  format: z.literal(1),
  ledger: z.string().min(1).max(4096),
  branch: z.string().min(1).max(1024),
  commit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
  policies: z
    .array(z.strictObject({ version: z.int().min(1), sha256: hex }))
    .min(1)
    .max(10_000),
  head: z.iso.datetime().optional(),
});

/**
 * What was seen of a ledger last; ledger-format.md, "What a consumer does", step 1. `policies` is every one that was ever
 * reached, by number and without gaps: the last is the highest.
 */
export interface Memory {
  readonly commit: string;
  readonly policies: readonly ChainLink[];
  /** When the newest signed head that was seen was issued. */
  readonly head?: string | undefined;
}

export interface LedgerIdentity {
  /** The git URL or the absolute path. */
  readonly url: string;
  readonly branch: string;
}

/** One file per ledger in a folder of the user's state; written whole, and by one process at a time. */
export interface MemoryFile {
  readonly path: string;
  /** Throws `E_MEMORY` for a damaged file: forgetting it silently would let an older ledger pass. */
  read(): Promise<Memory | undefined>;
  /** Hands `next` what is there now, and writes what it gives; nobody else writes in between. */
  update(next: (current: Memory | undefined) => Promise<Memory>): Promise<void>;
}

const LIMIT = 2 * 1024 * 1024;

/** One spelling of a ledger's URL: without credentials, a last slash and `.git`, its host in lower case. */
export function ledgerIdentity(url: string, branch: string): LedgerIdentity {
  const trimmed = url.replace(/\/+$/, '').replace(/\.git$/, '');
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) || !URL.canParse(trimmed)) return { url: trimmed, branch };
  const parsed = new URL(trimmed);
  parsed.username = '';
  parsed.password = '';
  return { url: parsed.href.replace(/\/+$/, ''), branch };
}

/** The memory of one ledger below `directory`. */
export function memoryFile(directory: string, identity: LedgerIdentity): MemoryFile {
  const key = createHash('sha256').update(`${identity.url}\n${identity.branch}`).digest('hex');
  const folder = join(directory, 'ledgers');
  const path = join(folder, `${key.slice(0, 32)}.json`);
  const read = () => readMemory(path, identity);
  return {
    path,
    read,
    update: async (next) => {
      await makeMemory(folder);
      await withLock(path, { ...MOMENT, code: 'E_MEMORY' }, async () => {
        const text = (memory: Memory | undefined) => memory && encode(identity, memory);
        for (;;) {
          const current = await read();
          const wanted = encode(identity, await next(current));
          if (text(current) === wanted) return;
          // A process that was suspended meanwhile has lost the lock, and must not undo what another has since written.
          if (text(await read()) === text(current)) return writeFileAtomic(path, utf8(wanted), 0o600);
        }
      });
    },
  };
}

async function makeMemory(folder: string): Promise<void> {
  try {
    await makeFolders(folder, 0o700);
  } catch (cause) {
    fail('E_MEMORY', `the folder that remembers ledgers cannot be made: ${folder}`, {
      hint: 'set XDG_STATE_HOME to a folder that can be written and is kept between runs',
      cause,
    });
  }
}

function encode(identity: LedgerIdentity, memory: Memory): string {
  const { url: ledger, branch } = identity;
  const policies = memory.policies.map(({ version, sha256 }) => ({ version, sha256 }));
  const { commit, head } = memory;
  return `${JSON.stringify({ format: 1, ledger, branch, commit, policies, head }, null, 2)}\n`;
}

async function readMemory(path: string, identity: LedgerIdentity): Promise<Memory | undefined> {
  try {
    const bytes = await readFileBounded(path, LIMIT);
    if (bytes === undefined) return undefined;
    const { commit, policies, ledger, branch, head } = memorySchema.parse(
      JSON.parse(Buffer.from(bytes).toString('utf8')),
    );
    const first = policies[0]?.version ?? 0;
    if (policies.some(({ version }, i) => version !== first + i)) throw new Error('policies are not in order');
    if (ledger !== identity.url || branch !== identity.branch) throw new Error('it is of another ledger');
    return head === undefined ? { commit, policies } : { commit, policies, head };
  } catch (cause) {
    if (systemCode(cause instanceof Error ? cause.cause : undefined) === 'ENOTDIR') return undefined;
    return fail('E_MEMORY', `what was remembered of ${identity.url} is damaged: ${path} (${reasonOf(cause)})`, {
      hint: 'find out why; removing that file makes the next run trust the ledger from the pin alone',
      cause,
    });
  }
}

function reasonOf(cause: unknown): string {
  const [issue] = cause instanceof z.ZodError ? cause.issues : [];
  if (issue !== undefined) return [issue.path.join('.'), issue.message].filter((part) => part !== '').join(': ');
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
}
