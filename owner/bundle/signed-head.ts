import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { Head } from '../../ledger-schema/head.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import { HEAD_BRANCH } from '../../ledger-schema/names/branches.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import type { WholeClone } from '../../ledger/git/whole-clone.ts';
import { requireHeadOf } from '../../ledger/view/freshness.ts';
import { readSignedHead } from '../../ledger/view/signed-head.ts';
import { LEDGER } from './layout.ts';
import { readBundle } from './read-bundle.ts';

/** Two files, each with its signatures' names alone: nothing else travels with them. */
const FILES = /^head\.json(?:\.[0-9A-F]{40}\.sign)?$/;
const MOST_FILES = 17;
/** A git bundle's first lines name what is in it. */
const HEADER_BYTES = 65_536;

export interface SignedHead {
  /** Of the branch `pullthrough-head`. */
  readonly commit: string;
  readonly head: Head;
}

export interface HeadJudgement {
  readonly trust: Trust;
  /** The ledger's commit that was verified. */
  readonly commit: string;
  readonly now: Date;
}

/**
 * Judges what an executor signed, as a bundle carries it: one commit without parents that holds the head and its
 * signatures, by a current executor, about a commit and a policy that are here. How old it is, is not asked. Throws `E_STALE`.
 */
export async function judgeSignedHead(
  clone: WholeClone,
  signed: string,
  { trust, commit, now }: HeadJudgement,
): Promise<SignedHead> {
  const { repository } = clone;
  const line = await clone.firstParents(undefined, signed);
  const entries = await repository.snapshot(signed).list('');
  const strange = entries.some(({ name, mode }) => mode !== REGULAR || !FILES.test(name));
  if (line.length !== 1 || strange || entries.length > MOST_FILES) {
    fail('E_STALE', `the commit ${signed} holds something else than a signed head`);
  }
  // Consumers read the commit's message; the files travel too, and must say the same within the same bounds.
  const read = (messageOf: (of: string) => Promise<string>) =>
    readSignedHead({ signedHead: () => signed, messageOf, snapshot: (of) => repository.snapshot(of) }, trust);
  const [found, filed] = [await read((of) => repository.messageOf(of)), await read(async () => '')];
  if (found === undefined || JSON.stringify(found) !== JSON.stringify(filed)) {
    return fail('E_STALE', `the commit ${signed} says one thing in its message, and another in its files`);
  }
  const follows = async (seen: string): Promise<boolean> =>
    seen === commit || ((await clone.has(seen)) && (await repository.isAncestor(seen, commit)));
  await requireHeadOf(found.head, { trust, now, follows });
  return { commit: signed, head: found.head };
}

/** The same, undefined where the ledger has none, or none that counts: `warn` is told why. */
export async function findSignedHead(
  clone: WholeClone,
  judgement: HeadJudgement,
  warn: (message: string) => void,
): Promise<SignedHead | undefined> {
  if (clone.signedHead === undefined) return undefined;
  try {
    return await judgeSignedHead(clone, clone.signedHead, judgement);
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    warn(`the ledger's signed head does not count: ${error.message}`);
    return undefined;
  }
}

/** The commit of the signed head that an earlier bundle of ours carries. Throws `E_BUNDLE`, `E_INPUT`. */
export async function signedHeadIn(bundle: string): Promise<string | undefined> {
  for await (const { path, body } of readBundle(bundle)) {
    let text = '';
    for await (const chunk of body) {
      // What comes before is read to its end, and kept nowhere.
      if (path !== LEDGER) continue;
      text += Buffer.from(chunk).toString('latin1');
      if (text.includes('\n\n') || text.length > HEADER_BYTES) break;
    }
    if (path !== LEDGER) continue;
    const [header = ''] = text.split('\n\n');
    return new RegExp(`^([0-9a-f]{40,64}) refs/heads/${HEAD_BRANCH}$`, 'm').exec(header)?.[1];
  }
  return undefined;
}
