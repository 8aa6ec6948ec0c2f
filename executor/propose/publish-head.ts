import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { HEAD_BRANCH } from '../../ledger-schema/names/branches.ts';
import { HEAD_FILE, encodeHead, headData, headSignName } from '../../ledger-schema/head.ts';
import type { Head } from '../../ledger-schema/head.ts';
import { headMessage } from '../../ledger/view/signed-head.ts';
import { openView } from '../../ledger/view/view.ts';
import type { ExecutorContext, Signing } from '../context.ts';
import { requireExecutor } from '../open-run.ts';

/** Unless `[ledger] head` says otherwise: a weekend. Milliseconds. */
const HEAD_LIFETIME = 3 * 86_400_000;

function instantText(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * Looks at the ledger, and signs that its branch is where it is now: the branch `pullthrough-head`, one commit without
 * parents that replaces the last one. Where another run was first, its head is as good. Throws what `openView`,
 * `requireExecutor` and `push` throw.
 */
export async function publishHead(
  context: ExecutorContext,
  { signer, author }: Signing,
  lifetime: number = HEAD_LIFETIME,
): Promise<Head> {
  const { ledger, now } = context;
  const { commit, trust } = await openView(context);
  await requireExecutor(trust, signer.fingerprint);
  const time = Math.floor(now.getTime() / 1000) * 1000;
  const policy = trust.chain.at(-1) ?? fail('E_INTERNAL', 'a chain of policies is empty');
  const head: Head = {
    format: 1,
    commit,
    policy: { version: policy.version, sha256: policy.sha256 },
    issued: instantText(time),
    expires: instantText(time + lifetime),
  };
  const bytes = encodeHead(head);
  const signature = await signer.sign(headData(bytes));
  const made = await ledger.commit({
    parents: [],
    base: undefined,
    files: new Map([
      [HEAD_FILE, bytes],
      [headSignName(signer.fingerprint), signature],
    ]),
    message: headMessage(head.issued, bytes, signature),
    author,
    date: now,
  });
  try {
    await ledger.push([{ branch: HEAD_BRANCH, from: ledger.signedHead(), to: made }]);
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code !== 'E_MOVED') throw error;
  }
  return head;
}
