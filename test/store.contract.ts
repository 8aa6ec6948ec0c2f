import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { Progress } from '../io/progress.ts';
import { SILENT } from '../io/progress.ts';
import type { PutRequest, Store } from '../store/store.ts';

/** A write that fails: the `at`th from now on, counted from 1. */
export interface Fault {
  readonly at: number;
  /** Did it take effect before it failed? */
  readonly when: 'before' | 'after';
  /** Does it fail once, or does every write fail from there on, as when a disk or server dies? */
  readonly lasts: 'once' | 'for good';
}

/** One store under test, empty at first, and a way to reach around it. */
export interface Subject {
  open(progress: Progress): Promise<Store>;
  /** Puts bytes under a key, whatever they are. */
  place(sha256: string, bytes: Uint8Array): Promise<void>;
  /** What lies under a key. */
  look(sha256: string): Promise<Uint8Array | undefined>;
  /** Where a server that isn't ours may list late: whether its own list has less than these many objects. */
  listsLate?(count: number): Promise<boolean>;
  /** Puts something into the store's place that isn't the store's. */
  placeForeign(): Promise<void>;
  /** Leaves a temporary file or upload, as a killed process would. */
  abandon(): Promise<void>;
  /** Lets writes fail; undefined: no more. */
  fail(fault: Fault | undefined): void;
  /** Has the fault been met since it was set? */
  failed(): boolean;
  close(): Promise<void>;
}

export interface ContractOptions {
  /** A size in bytes whose `put` takes the store's way for large bodies. */
  readonly large: number;
  /** Whether one failed write may go unnoticed, because the store tries it again. */
  readonly retries: boolean;
}

const LATER = (): Date => new Date(Date.now() + 60_000);

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function* body(bytes: Uint8Array, end?: Error): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
  if (end) throw end;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What each implementation of {@link Store} must do, faults included. */
export function storeContract(name: string, start: () => Promise<Subject>, options: ContractOptions): void {
  describe(`the contract of a store, kept by ${name}`, () => {
    const small = randomBytes(1000);
    const large = randomBytes(options.large);
    let subject: Subject;
    let store: Store;
    let warnings: string[];
    const progress: Progress = { ...SILENT, warn: (message) => warnings.push(message) };

    beforeEach(async () => {
      warnings = [];
      subject = await start();
      store = await subject.open(progress);
    });
    afterEach(async () => {
      await subject.close();
    });

    function request(bytes: Uint8Array, known: boolean): PutRequest {
      return { size: bytes.length, name: 'file.bin', ...(known ? { sha256: digest(bytes) } : {}) };
    }

    async function read(sha256: string, from = store): Promise<string> {
      const hash = createHash('sha256');
      for await (const chunk of from.read(sha256)) hash.update(chunk);
      return hash.digest('hex');
    }

    async function isRight(bytes: Uint8Array, from = store): Promise<void> {
      const sha256 = digest(bytes);
      expect(await from.verify(sha256, bytes.length)).toBe('present');
      expect(await from.has(sha256, bytes.length)).toBe(true);
      expect(await read(sha256, from)).toBe(sha256);
    }

    async function nothingLeft(of?: Uint8Array): Promise<void> {
      if (of) expect(await subject.look(digest(of))).toBeUndefined();
      expect(await store.leftovers(LATER(), false)).toEqual([]);
    }

    const ways = [
      ['a small body with a known digest', small, true],
      ['a small body with an unknown digest', small, false],
      ['a large body with a known digest', large, true],
      ['a large body with an unknown digest', large, false],
      ['an empty body with a known digest', new Uint8Array(), true],
      ['an empty body with an unknown digest', new Uint8Array(), false],
    ] as const;

    test.each(ways)('%s is stored, whole and readable, and nothing else is left', async (_what, bytes, known) => {
      expect(await store.put(request(bytes, known), body(bytes))).toEqual({ sha256: digest(bytes), repaired: false });
      await isRight(bytes);
      await nothingLeft();
      const listed = await collect(store.list());
      expect(listed).toMatchObject([{ sha256: digest(bytes), size: bytes.length }]);
      expect(Math.abs(Date.now() - (listed[0]?.modified.getTime() ?? 0))).toBeLessThan(60_000);
    });

    test.each(ways.slice(0, 4))('%s that is wrong is refused and leaves nothing', async (_what, bytes, known) => {
      const want = request(bytes, known);
      const longer = Buffer.concat([bytes, Buffer.from('x')]);
      await expect(() => store.put(want, body(longer))).toFailWith('E_SIZE');
      await expect(() => store.put(want, body(bytes.subarray(1)))).toFailWith('E_TRUNCATED');
      await expect(store.put(want, body(bytes, new Error('upstream broke')))).rejects.toThrow('upstream broke');
      await expect(store.put(want, body(bytes.subarray(0, 500), new Error('broke')))).rejects.toThrow('broke');
      if (known) {
        const other = Buffer.from(bytes);
        other[0] = (other[0] ?? 0) ^ 1;
        await expect(() => store.put(want, body(other))).toFailWith('E_DIGEST_MISMATCH');
        await nothingLeft(other);
      }
      await nothingLeft(bytes);
    });

    test('what is there and right is not written again, nor is its body read', async () => {
      await store.put(request(large, true), body(large));
      let asked = false;
      async function* unread(): AsyncGenerator<Uint8Array, void, undefined> {
        asked = true;
        yield* body(large);
      }
      expect(await store.put(request(large, true), unread())).toEqual({ sha256: digest(large), repaired: false });
      expect(asked).toBe(false);
      expect(await store.put(request(large, false), body(large))).toEqual({ sha256: digest(large), repaired: false });
      expect(warnings).toEqual([]);
    });

    test.each(ways.slice(0, 4))('%s replaces wrong bytes under its key, and says so', async (_what, bytes, known) => {
      const sha256 = digest(bytes);
      const sameSize = randomBytes(bytes.length);
      for (const wrong of [sameSize, bytes.subarray(1), new Uint8Array()]) {
        await subject.place(sha256, wrong);
        expect(await store.verify(sha256, bytes.length)).toBe('damaged');
        warnings = [];
        expect(await store.put(request(bytes, known), body(bytes))).toEqual({ sha256, repaired: true });
        expect(warnings).toHaveLength(1);
        expect(warnings[0]).toContain(sha256);
        await isRight(bytes);
      }
      await nothingLeft();
    });

    test('wrong bytes stay where better ones did not come', async () => {
      const sha256 = digest(small);
      const wrong = randomBytes(small.length);
      await subject.place(sha256, wrong);
      await expect(() => store.put(request(small, true), body(wrong))).toFailWith('E_DIGEST_MISMATCH');
      expect(await store.verify(sha256, small.length)).toBe('damaged');
      await nothingLeft();
    });

    test('what is not there is missing', async () => {
      const sha256 = digest(small);
      expect(await store.verify(sha256, small.length)).toBe('missing');
      expect(await store.has(sha256, small.length)).toBe(false);
      await expect(() => read(sha256)).toFailWith('E_STORE_MISSING');
      await store.remove(sha256);
      expect(await collect(store.list())).toEqual([]);
      await nothingLeft();
    });

    test('removes one object and no other', async () => {
      const other = randomBytes(10);
      for (const bytes of [small, other]) await store.put(request(bytes, true), body(bytes));
      await store.remove(digest(small));
      expect(await store.verify(digest(small), small.length)).toBe('missing');
      await isRight(other);
    });

    test('a look at the size alone believes the store', async () => {
      await subject.place(digest(small), randomBytes(small.length));
      expect(await store.has(digest(small), small.length)).toBe(true);
      expect(await store.has(digest(small), small.length + 1)).toBe(false);
    });

    test('many writers of one object at once all succeed and leave one right object', async () => {
      const puts = Array.from({ length: 6 }, async (_, at) => {
        const writer = await subject.open(progress);
        const bytes = at % 3 === 0 ? small : large;
        return writer.put(request(bytes, at % 2 === 0), body(bytes));
      });
      for (const { repaired } of await Promise.all(puts)) expect(repaired).toBe(false);
      await isRight(small);
      await isRight(large);
      expect(await collect(store.list())).toHaveLength(2);
      await nothingLeft();
    });

    test('many objects are listed, and nothing that is not the store’s', async ({ skip }) => {
      const bodies = Array.from({ length: 30 }, () => randomBytes(20));
      await Promise.all(bodies.map((bytes) => store.put(request(bytes, true), body(bytes))));
      const late = (await subject.listsLate?.(bodies.length)) === true;
      skip(late, 'this server does not list at once what was written');
      await subject.placeForeign();
      const listed = (await collect(store.list())).map(({ sha256 }) => sha256);
      expect(listed.toSorted()).toEqual(bodies.map(digest).toSorted());
    });

    test('leftovers of killed processes are found by age, and removed where that is asked for', async () => {
      await subject.abandon();
      await subject.placeForeign();
      expect(await store.leftovers(new Date(Date.now() - 3_600_000), true)).toEqual([]);
      expect(await store.leftovers(LATER(), false)).toHaveLength(1);
      expect(await store.leftovers(LATER(), true)).toHaveLength(1);
      expect(await store.leftovers(LATER(), true)).toEqual([]);
    });

    describe.each(['before', 'after'] as const)('each write failing %s it took effect', (when) => {
      test.each(ways.slice(0, 4))('%s: nothing wrong is there, and a rerun ends well', async (_what, bytes, known) => {
        const sha256 = digest(bytes);
        for (const lasts of ['once', 'for good'] as const) {
          for (let at = 1; ; at++) {
            await store.remove(sha256);
            subject.fail({ at, when, lasts });
            const outcome = await store.put(request(bytes, known), body(bytes)).catch((error: unknown) => error);
            const met = subject.failed();
            subject.fail(undefined);
            const found = await subject.look(sha256);
            expect(found === undefined || digest(found) === sha256).toBe(true);
            if (!met) {
              expect(outcome).toEqual({ sha256, repaired: false });
              expect(at).toBeGreaterThan(1);
              break;
            }
            if (outcome instanceof Error) {
              expect(outcome).toBeInstanceOf(PullthroughError);
              expect((outcome as PullthroughError).code).toBe('E_STORE');
              if (lasts === 'once') expect(await store.leftovers(LATER(), false)).toEqual([]);
            } else {
              // What was written is there, also where the answer was lost.
              expect(options.retries && lasts === 'once').toBe(true);
              expect(found).toBeDefined();
            }
            await store.leftovers(LATER(), true);
            const again = await store.put(request(bytes, known), body(bytes));
            expect(again).toEqual({ sha256, repaired: false });
            await isRight(bytes);
            await nothingLeft();
          }
        }
        await nothingLeft();
        expect(warnings).toEqual([]);
      });
    });
  });
}
