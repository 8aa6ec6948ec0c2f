import type { ValuesOf } from './commands/index.ts';
import type { Handler } from './context.ts';
import { EXECUTOR_AUTHOR, prepareExecutor, toolsOf, withExecutor } from './executor-context.ts';
import { endReleases, showReleases } from './release-screen.ts';
import { openSigner } from './signing.ts';
import { fail } from '../ledger-schema/error.ts';
import { mirror, plan } from '../executor/mirror.ts';

/** `plan [TOOL...]` */
export const planCommand: Handler<ValuesOf<'executor', 'plan'>> = async (names, options, context) => {
  const prepared = await prepareExecutor(options, context);
  const tools = await toolsOf(prepared, names, options.shard);
  const results = await withExecutor(prepared, options, context, (executor) => plan(executor, tools));
  showReleases('Plan', results, context.output);
  endReleases(results);
};

/** `mirror [TOOL...]` */
export const mirrorCommand: Handler<ValuesOf<'executor', 'mirror'>> = async (names, options, context) => {
  if (options.restock === true) fail('E_INTERNAL', 'mirror --restock is not built', { hint: 'use a later version' });
  const dryRun = options['dry-run'] === true;
  const prepared = await prepareExecutor(options, context);
  const tools = await toolsOf(prepared, names, options.shard);
  const signer = dryRun ? undefined : await openSigner({}, context);
  try {
    const author = prepared.config.ledger.author ?? EXECUTOR_AUTHOR;
    const signing = signer === undefined ? undefined : { signer, author };
    const { concurrency } = options;
    const results = await withExecutor(prepared, options, context, (executor) =>
      mirror(executor, { tools, signing, dryRun, concurrency }),
    );
    showReleases('Releases', results, context.output);
    endReleases(results);
  } finally {
    await signer?.close?.();
  }
};
