import { join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { HEAD_BRANCH } from '../../ledger-schema/names/branches.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { openPending } from '../../io/files/file.ts';
import { digestOf as hexOf } from '../../io/files/hash.ts';
import { checkLedger, requirePassed } from '../../ledger/gate/gate.ts';
import type { BundleHeads, WholeClone } from '../../ledger/git/whole-clone.ts';
import { viewAt } from '../../ledger/view/view.ts';
import { acknowledgedObjects } from './acknowledged.ts';
import type { BundleContext } from './create.ts';
import { LEDGER, digestOf } from './layout.ts';
import type { BundleFile } from './layout.ts';
import { MANIFEST_BYTES, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { readBundle } from './read-bundle.ts';
import { bundleReader } from './reader.ts';
import { wholeFile } from './read-manifest.ts';
import { findSignedHead, judgeSignedHead } from './signed-head.ts';
import type { HeadJudgement, SignedHead } from './signed-head.ts';

/** A git bundle of 100,000 records takes a tenth of this. */
const LEDGER_BYTES = 4 * 1024 ** 3;
/** What was merged on the other side can't be split any more: the gate takes more files of one change here than there. */
const MERGED_FILES = 1_000_000;

export interface AppliedBundle {
  /** The ledger's commit before; undefined where it was empty. */
  readonly from?: string | undefined;
  readonly head: string;
  /** When an executor signed the head that was brought; undefined where none came, or none that is newer. */
  readonly issued?: string | undefined;
  /** Objects that the bundle has. */
  readonly objects: number;
  /** Of these, the ones that were put into the store now. */
  readonly stored: number;
}

/**
 * Verifies a bundle, and with `act` takes it over: the chain from the pin, every first-parent commit by the gate, then
 * the objects into the store, then, last, the ledger's branch, forward alone. Nothing is written before the ledger's part
 * is verified; killed anywhere and run again, it ends the same. Throws `E_BUNDLE`, the gate's first problem, `E_ROLLBACK`,
 * `E_FORK`, `E_STALE`, `E_PIN`, `E_POLICY_*`, and what the store and the push throw.
 */
export async function applyBundle(context: BundleContext, path: string, act: boolean): Promise<AppliedBundle> {
  const files = readBundle(path);
  const manifest = parseManifest(await wholeFile(await next(files), MANIFEST_BYTES));
  const { clone, seen } = context;
  if (clone.head === undefined && seen !== undefined) {
    fail('E_ROLLBACK', `the ledger here is empty, and it was at ${seen} before`, {
      hint: 'find out who emptied it; restore it before anything is applied',
    });
  }
  if (manifest.base !== undefined && !(await isMerged(clone, manifest.base))) {
    fail('E_BUNDLE', `the bundle goes on from commit ${manifest.base}, which this ledger doesn't have`, {
      hint: 'apply the bundles before it first, in their order',
    });
  }
  const brought = await takeLedger(context, await next(files));
  const { head } = manifest;
  // Without a branch it brings nothing but a newer signed head.
  if ((brought.branch ?? manifest.base) !== head) {
    fail('E_BUNDLE', `ledger.bundle holds ${brought.branch ?? 'no branch'}, and bundle.json says ${head}`);
  }
  const trust = await judgeHistory(context, manifest);
  const signed = await newerHead(context, brought.signedHead, { trust, commit: head, now: context.now });
  const listed = await requireAcknowledged(context, manifest, trust);
  if (act) await context.store.requireWritable();
  const stored = await takeObjects(context, files, listed, act);
  if (act) {
    await clone.push([
      ...(clone.head === head ? [] : [{ branch: context.branch, from: clone.head, to: head }]),
      ...(signed === undefined ? [] : [{ branch: HEAD_BRANCH, from: clone.signedHead, to: signed.commit }]),
    ]);
  }
  return { from: clone.head, head, issued: signed?.head.issued, objects: listed.size, stored };
}

/** Is a commit the ledger's here? One that a bundle brought which was only checked is in the clone, and no part of it. */
async function isMerged(clone: WholeClone, commit: string): Promise<boolean> {
  const { head, repository } = clone;
  if (head === undefined || head === commit) return head === commit;
  return (await clone.has(commit)) && (await repository.isAncestor(commit, head));
}

/**
 * The signed head that a bundle brings, if the ledger here has no newer one: a bundle that is applied twice takes nothing
 * back. Throws `E_STALE` for one that isn't the ledger's.
 */
async function newerHead(
  { clone, progress }: BundleContext,
  brought: string | undefined,
  judgement: HeadJudgement,
): Promise<SignedHead | undefined> {
  if (brought === undefined || brought === clone.signedHead) return undefined;
  const signed = await judgeSignedHead(clone, brought, judgement);
  const here = await findSignedHead(clone, judgement, (text) => progress.warn(text));
  return here !== undefined && Date.parse(signed.head.issued) <= Date.parse(here.head.issued) ? undefined : signed;
}

async function next(files: AsyncGenerator<BundleFile, void, undefined>): Promise<BundleFile> {
  const { value } = await files.next();
  return value ?? fail('E_BUNDLE', 'the bundle is empty', { exit: 1 });
}

/** Git reads a bundle from a file, which may lie in the bundle's own folder: it is read from a copy that nobody changes. */
async function takeLedger({ clone, cacheDir }: BundleContext, file: BundleFile): Promise<BundleHeads> {
  if (file.path !== LEDGER || file.size > LEDGER_BYTES)
    fail('E_BUNDLE', `${LEDGER} has more than ${LEDGER_BYTES} bytes`);
  const pending = await openPending({ folder: join(cacheDir, 'bundles'), mode: 0o600 });
  try {
    for await (const chunk of file.body) await pending.write(chunk);
    if (pending.size !== file.size) fail('E_BUNDLE', `${LEDGER} is cut off`, { exit: 1 });
    await pending.flush();
    return await clone.readBundle(pending.path);
  } finally {
    await pending.discard();
  }
}

/** Checked against what the ledger had, by the gate at each step that was merged. */
async function judgeHistory(context: BundleContext, { head, policy }: Manifest): Promise<Trust> {
  const { clone, pin, now } = context;
  const { repository, head: had } = clone;
  if (had !== undefined && had !== head) {
    if (await repository.isAncestor(head, had)) {
      fail('E_ROLLBACK', `the bundle's ledger, ${head}, is older than the one here, ${had}`, {
        hint: 'it was applied already, or a newer one was',
      });
    }
    if (!(await repository.isAncestor(had, head))) forked(had, head);
  }
  let before = had;
  for (const { commit, parent } of had === head ? [] : await clone.firstParents(had, head)) {
    // The first one follows what is here by its first parent, or what is here was merged into somebody else's history.
    if (had !== undefined && parent !== before) forked(had, head);
    if (before !== undefined) {
      const step = { head: commit, base: before, pin, now, mostFiles: MERGED_FILES };
      requirePassed(await checkLedger(repository, step));
    }
    before = commit;
  }
  if (had === undefined) requirePassed(await checkLedger(repository, { head, pin, now }));
  const { trust } = await viewAt(head, { ledger: bundleReader(clone, head), pin, now });
  const newest = trust.chain.at(-1);
  if (newest?.version !== policy.version || newest.sha256 !== policy.sha256) {
    fail('E_BUNDLE', `bundle.json says policy ${policy.version}, and the ledger's newest is ${trust.version}`);
  }
  return trust;
}

function forked(had: string, head: string): never {
  return fail('E_FORK', `the bundle's ledger, ${head}, does not follow the one here, ${had}`, {
    hint: 'find out which of the two is the right one before anything is applied',
  });
}

/** Every object of bundle.json is an acknowledged record's, of the very size. */
async function requireAcknowledged(
  { clone }: BundleContext,
  { head, objects }: Manifest,
  trust: Trust,
): Promise<Map<string, number>> {
  const acknowledged = await acknowledgedObjects(clone.repository.snapshot(head), trust);
  for (const { sha256, size } of objects) {
    const right = acknowledged.get(sha256);
    if (right === undefined) fail('E_BUNDLE', `bundle.json lists ${sha256}, which no acknowledged record names`);
    if (right !== size) fail('E_BUNDLE', `bundle.json says ${size} bytes of ${sha256}, and its record ${right}`);
  }
  return new Map(objects.map(({ sha256, size }) => [sha256, size]));
}

async function takeObjects(
  { store, progress }: BundleContext,
  files: AsyncGenerator<BundleFile, void, undefined>,
  listed: ReadonlyMap<string, number>,
  act: boolean,
): Promise<number> {
  const missing = new Set(listed.keys());
  const task = progress.start(
    act ? 'applying' : 'checking',
    [...listed.values()].reduce((sum, size) => sum + size, 0),
  );
  let stored = 0;
  try {
    for await (const { path, size, body } of files) {
      const sha256 = digestOf(path);
      if (sha256 === undefined || listed.get(sha256) === undefined) {
        fail('E_BUNDLE', `${path} is in the bundle, and bundle.json does not list it`);
      }
      if (listed.get(sha256) !== size)
        fail('E_BUNDLE', `${path} does not have the bytes of its record (it has ${size})`);
      const counted = counting(body, (count) => task.advance(count));
      const present = act && (await store.verify(sha256, size)) === 'present';
      if (act && !present) await store.put({ sha256, size, name: sha256 }, counted);
      else await requireDigest(counted, sha256);
      if (act && !present) stored += 1;
      missing.delete(sha256);
    }
  } finally {
    task.done();
  }
  const [first] = missing;
  if (first !== undefined) {
    fail('E_BUNDLE', `the bundle lacks ${missing.size} of its objects, ${first} the first`, {
      exit: 1,
      hint: 'copy it again; all parts must be there',
    });
  }
  return stored;
}

async function* counting(
  body: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    onBytes(chunk.length);
    yield chunk;
  }
}

async function requireDigest(body: AsyncIterable<Uint8Array>, sha256: string): Promise<void> {
  if ((await hexOf(body)) !== sha256) fail('E_BUNDLE', `the object ${sha256} has other bytes than its name says`);
}
