import { fail } from '../ledger-schema/error.ts';
import type { ExecutorContext } from './context.ts';

/**
 * Looks once, before a run's first download, whether what follows it may be written: the store, the ledger, and on GitHub a
 * pull request. Throws `E_CREDENTIAL` that names the variable, and what the store and the ledger fail with.
 */
export function writeCheck(context: Pick<ExecutorContext, 'store' | 'ledger' | 'github'>): () => Promise<void> {
  let looked: Promise<void> | undefined;
  return () => (looked ??= look(context));
}

async function look({ store, ledger, github }: Pick<ExecutorContext, 'store' | 'ledger' | 'github'>): Promise<void> {
  if (github !== undefined && github.client.authorization === undefined) {
    fail('E_CREDENTIAL', `LEDGER_TOKEN is not set, so that nothing can be proposed in ${github.repository}`, {
      hint: 'set LEDGER_TOKEN to a token that may push branches and open pull requests there',
    });
  }
  await ledger.requirePush();
  await store.requireWritable();
}
