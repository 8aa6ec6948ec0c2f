import { resolve } from 'node:path';
import { importTree } from '../../../executor/import/import.ts';
import type { Difference, ImportResult } from '../../../executor/import/import.ts';
import { readOldTree } from '../../../executor/import/old-tree.ts';
import { inShard } from '../../../upstream/tools.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { EXECUTOR_AUTHOR, prepareExecutor, toolsOf, withExecutor } from '../../wiring/executor-context.ts';
import type { Output } from '../../screens/output.ts';
import { endReleases, showReleases } from '../../screens/release-screen.ts';
import { openSigner } from '../../wiring/signing.ts';
import type { Cell } from '../../screens/table.ts';

/** `import DIR` */
export const importCommand: Handler<ValuesOf<'executor', 'import'>> = async ([directory = ''], options, context) => {
  const dryRun = options['dry-run'] === true;
  const { concurrency, shard } = options;
  const prepared = await prepareExecutor(options, context);
  const tools = await toolsOf(prepared, [], undefined);
  const all = await readOldTree(resolve(context.cwd, directory));
  const versions = shard === undefined ? all : all.filter((version) => inShard(version, shard));
  const signer = dryRun ? undefined : await openSigner({}, context);
  try {
    const author = prepared.config.ledger.author ?? EXECUTOR_AUTHOR;
    const signing = signer === undefined ? undefined : { signer, author };
    const results = await withExecutor(prepared, options, context, (executor) =>
      importTree(executor, { versions, tools, signing, dryRun, concurrency }),
    );
    showReleases('Import', results, context.output);
    showDifferences(results, context.output);
    endReleases(results);
  } finally {
    await signer?.close?.();
  }
};

function row({ directory }: ImportResult, { file, algorithm, listed, found }: Difference): Cell[] {
  return [directory, file, algorithm ?? '', listed ?? '', found ?? 'not there'];
}

function showDifferences(results: readonly ImportResult[], output: Output): void {
  output.table({
    title: 'What is not as the old lists say',
    head: ['directory', 'file', 'algorithm', 'listed', 'found'],
    rows: results.flatMap((result) => result.differences.map((difference) => row(result, difference))),
  });
}
