import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { Body } from '../../io/body/body.ts';
import { hashing } from '../../io/files/hash.ts';
import type { Progress } from '../../io/progress.ts';
import type { WholeClone } from '../../ledger/git/whole-clone.ts';
import { viewAt } from '../../ledger/view/view.ts';
import type { Store } from '../../store/store.ts';
import { acknowledgedObjects, requireTools } from './acknowledged.ts';
import { bundleReader } from './reader.ts';
import { LEDGER, MANIFEST } from './layout.ts';
import type { BundleFile } from './layout.ts';
import { encodeManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';
import { findSignedHead, signedHeadIn } from './signed-head.ts';
import type { SignedHead } from './signed-head.ts';
import { writeBundle } from './write-bundle.ts';

export interface BundleContext {
  readonly clone: WholeClone;
  readonly store: Pick<Store, 'read' | 'put' | 'verify' | 'requireWritable'>;
  readonly branch: string;
  /** The ledger's commit that was remembered here last. */
  readonly seen?: string | undefined;
  /** `[trust] pin`: 64 hex digits. */
  readonly pin?: string | undefined;
  readonly now: Date;
  readonly cacheDir: string;
  readonly progress: Progress;
}

export interface CreateOptions {
  /** A folder, or a file that ends in `.tar`. */
  readonly path: string;
  /** `HOST/OWNER/REPO`, as paths of the ledger have it, in any case; all where none is named. */
  readonly tools: readonly string[];
  /** An earlier bundle: what it had, and those before it, is held back. */
  readonly since?: string | undefined;
  /** The most bytes of one part of a tar. */
  readonly split?: number | undefined;
}

export interface CreatedBundle {
  readonly files: readonly string[];
  readonly base?: string | undefined;
  readonly head: string;
  /** When an executor signed that the ledger was there; undefined where the ledger has no signed head that counts. */
  readonly issued?: string | undefined;
  readonly objects: number;
  /** Bytes of the objects. */
  readonly bytes: number;
}

/**
 * Writes a bundle of the ledger and of what is acknowledged in it; reach.md's air gap. `head` is the commit that was looked
 * at by {@link openView} before. Undefined where there is nothing new since, a signed head neither. Throws `E_BUNDLE`, `E_EXISTS`,
 * `E_NOT_FOUND` for a tool that the ledger hasn't got, and what the store throws.
 */
export async function createBundle(
  context: BundleContext,
  head: string,
  options: CreateOptions,
): Promise<CreatedBundle | undefined> {
  const { clone, pin, now } = context;
  const reader = bundleReader(clone, head);
  const { trust, snapshot } = await viewAt(head, { ledger: reader, pin, now });
  await requireTools(snapshot, options.tools);
  const earlier = options.since === undefined ? undefined : await earlierOf(context, options.since, head);
  const base = earlier?.head;
  const signed = await findSignedHead(clone, { trust, commit: head, now }, (text) => context.progress.warn(text));
  const objects = await acknowledgedObjects(snapshot, trust, options.tools);
  if (earlier !== undefined) {
    const at = async (commit: string) => {
      const view = await viewAt(commit, { ledger: reader, pin, now });
      return acknowledgedObjects(view.snapshot, view.trust, options.tools);
    };
    for (const sha256 of await heldBack(earlier, at)) objects.delete(sha256);
  }
  if (base === head && objects.size === 0 && !(await isNewer(signed, options.since))) return undefined;
  const newest = trust.chain.at(-1) ?? fail('E_POLICY_MISSING', 'the ledger has no policy');
  const list = [...objects].map(([sha256, size]) => ({ sha256, size })).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const policy = { version: newest.version, sha256: newest.sha256 };
  const manifest: Manifest = { format: 1, ...(base === undefined ? {} : { base }), head, policy, objects: list };
  const folder = join(context.cacheDir, 'bundles');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const gitBundle = join(folder, `${randomUUID()}.bundle`);
  try {
    // Git makes no bundle that brings nothing.
    const from = base === head && signed === undefined ? undefined : base;
    await clone.writeBundle(gitBundle, { base: from, signedHead: signed !== undefined });
    const files = await writeBundle(bundleFiles(context, manifest, gitBundle), options);
    const bytes = list.reduce((sum, { size }) => sum + size, 0);
    return { files, base, head, issued: signed?.head.issued, objects: list.length, bytes };
  } finally {
    await rm(gitBundle, { force: true });
  }
}

/** Does the ledger have a signed head that the earlier bundle hasn't got? */
async function isNewer(signed: SignedHead | undefined, since: string | undefined): Promise<boolean> {
  return signed !== undefined && since !== undefined && signed.commit !== (await signedHeadIn(since));
}

async function earlierOf({ clone }: BundleContext, since: string, head: string): Promise<Manifest> {
  const manifest = await readManifest(since);
  const { head: base } = manifest;
  if (!(await clone.has(base)) || !(base === head || (await clone.repository.isAncestor(base, head)))) {
    fail('E_BUNDLE', `${since} is of another ledger, or of a history that this one doesn't follow`, {
      hint: 'leave out --since, or name a bundle that was made from this ledger',
    });
  }
  return manifest;
}

/**
 * What those have who applied an earlier bundle: its own objects, and those of the bundles before it, which must have been
 * applied first. Where it has not all that was new then, it was made of fewer tools, and so may the others be.
 */
async function heldBack(
  { base, head, objects }: Manifest,
  acknowledgedAt: (commit: string) => Promise<ReadonlyMap<string, number>>,
): Promise<ReadonlySet<string>> {
  const had = new Set(objects.map(({ sha256 }) => sha256));
  if (base === undefined) return had;
  const before = await acknowledgedAt(base);
  const whole = [...(await acknowledgedAt(head)).keys()].every((sha256) => before.has(sha256) || had.has(sha256));
  return whole ? new Set([...had, ...before.keys()]) : had;
}

async function* bundleFiles(context: BundleContext, manifest: Manifest, gitBundle: string): AsyncGenerator<BundleFile> {
  const json = encodeManifest(manifest);
  yield { path: MANIFEST, size: json.length, body: once(json) };
  const { size } = await stat(gitBundle);
  yield { path: LEDGER, size, body: createReadStream(gitBundle) as AsyncIterable<Buffer> };
  const total = manifest.objects.reduce((sum, object) => sum + object.size, 0);
  const task = context.progress.start('bundling', total);
  try {
    for (const object of manifest.objects) {
      const path = `sha256/${object.sha256.slice(0, 2)}/${object.sha256}`;
      const body = verified(context.store.read(object.sha256), object, (count) => task.advance(count));
      yield { path, size: object.size, body };
    }
  } finally {
    task.done();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Bytes of the store, checked against their name on the way. The body throws `E_STORE_DAMAGED`. */
function verified(
  body: Body,
  { sha256, size }: { readonly sha256: string; readonly size: number },
  onBytes: (count: number) => void,
): Body {
  const hashed = hashing(body, ['sha256']);
  async function* checked(): AsyncGenerator<Uint8Array> {
    for await (const chunk of hashed.body.chunks) {
      if (hashed.size() > size) damaged(sha256);
      onBytes(chunk.length);
      yield chunk;
    }
    if (hashed.size() !== size || hashed.digests().sha256 !== sha256) damaged(sha256);
  }
  return new Body(checked());
}

function damaged(sha256: string): never {
  return fail('E_STORE_DAMAGED', `the store's object ${sha256} is damaged`, {
    hint: 'pullthrough mirror --restock fetches it again',
  });
}
