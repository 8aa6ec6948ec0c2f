import { openView } from '../../ledger/view/view.ts';
import type { ExecutorContext } from '../context.ts';
import { expectedObjects } from './referenced-digests.ts';

/** What the ledger's records and open proposals name, and so the store must hold. Throws what `openView` throws. */
export async function readExpected(
  context: Pick<ExecutorContext, 'ledger' | 'branch' | 'memory' | 'pin' | 'now' | 'progress'>,
): Promise<{ readonly sha256: string; readonly size: number }[]> {
  const { ledger, progress } = context;
  const { commit, trust } = await openView(context);
  const objects = expectedObjects(ledger, commit, trust, (path, { message }) => {
    progress.warn(`${path} is not a valid record: ${message}`);
  });
  const expected: { sha256: string; size: number }[] = [];
  for await (const { sha256, size } of objects) expected.push({ sha256, size });
  return expected;
}
