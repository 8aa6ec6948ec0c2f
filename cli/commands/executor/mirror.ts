import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { EXECUTOR_AUTHOR, prepareExecutor, toolsOf, withExecutor } from '../../wiring/executor-context.ts';
import { endReleases, showReleases } from '../../screens/release-screen.ts';
import { executorNotifiers, notify } from '../../wiring/notify.ts';
import { openSigner } from '../../wiring/signing.ts';
import type { ExecutorContext } from '../../../executor/context.ts';
import { mirror, plan } from '../../../executor/mirror.ts';
import { publishHead } from '../../../executor/propose/publish-head.ts';
import type { ReleaseResult } from '../../../executor/result.ts';
import { foldExit } from '../../../io/exit-code.ts';
import { PullthroughError } from '../../../ledger-schema/error.ts';
import { requestedTools, settleRequests } from '../../../executor/add/requested.ts';
import { listRequests } from '../../../proposals/requests.ts';

function failureOf(error: unknown): PullthroughError {
  if (error instanceof PullthroughError) return error;
  throw error;
}

/** `plan [TOOL...]` */
export const planCommand: Handler<ValuesOf<'executor', 'plan'>> = async (names, options, context) => {
  const prepared = await prepareExecutor(options, context);
  const { concurrency } = options;
  const tools = await toolsOf(prepared, names, options.shard);
  const results = await withExecutor(prepared, options, context, (executor) => plan(executor, { tools, concurrency }));
  showReleases('Plan', results, context.output, options);
  endReleases(results);
};

/** `mirror [TOOL...]` */
export const mirrorCommand: Handler<ValuesOf<'executor', 'mirror'>> = async (names, options, context) => {
  const dryRun = options['dry-run'] === true;
  const { concurrency } = options;
  const prepared = await prepareExecutor(options, context);
  const tools = await toolsOf(prepared, names, options.shard);
  if (options.restock === true) {
    const { restock } = await import('../../../executor/upkeep/restock.ts');
    const results = await withExecutor(prepared, options, context, (executor) =>
      restock(executor, { tools, dryRun, concurrency }),
    );
    showReleases('Restock', results, context.output, options);
    endReleases(results);
    return;
  }
  const signer = dryRun ? undefined : await openSigner({}, context);
  try {
    const author = prepared.config.ledger.author ?? EXECUTOR_AUTHOR;
    const signing = signer === undefined ? undefined : { signer, author };
    let headFailure: PullthroughError | undefined;
    const mirrored = async (executor: ExecutorContext): Promise<ReleaseResult[]> => {
      const selected = await mirror(executor, { tools, signing, dryRun, concurrency });
      if (options.requested !== true) return selected;
      const requests = await listRequests(executor);
      const asked = requestedTools(tools, requests);
      const more = asked.length === 0 ? [] : await mirror(executor, { tools: asked, signing, dryRun, concurrency });
      const all = [...selected, ...more];
      if (!dryRun) await settleRequests(executor, tools, requests, all);
      return all;
    };
    const results = await withExecutor(prepared, options, context, async (executor) => {
      const all = await mirrored(executor);
      // A run that worked, if only in part, saw the ledger.
      if (signing !== undefined && [0, 4].includes(foldExit(all))) {
        headFailure = await publishHead(executor, signing, prepared.config.ledger.head).then(
          () => undefined,
          failureOf,
        );
      }
      return all;
    });
    showReleases('Releases', results, context.output, options);
    const proposed = results.filter(({ action }) => action === 'proposed');
    await notify(
      executorNotifiers(prepared.config),
      context,
      proposed.map(({ tool, tag = '', branch, pull }) => ({
        event: 'proposed',
        title: `${tool} ${tag}`,
        branch,
        pull,
      })),
    );
    endReleases(results, headFailure);
  } finally {
    await signer?.close?.();
  }
};
