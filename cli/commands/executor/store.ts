import { readExpected } from '../../../executor/upkeep/read-expected.ts';
import { collectGarbage } from '../../../executor/upkeep/gc.ts';
import { fail } from '../../../ledger-schema/error.ts';
import { checkStore } from '../../../store/check.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { prepareExecutor, withExecutor } from '../../wiring/executor-context.ts';
import type { Cell } from '../../screens/table.ts';
import { bytesText, countText } from '../../screens/units.ts';
import { instantText } from '../../../ledger-schema/fields.ts';

/** `store check`: exit 3 where bytes are damaged or missing. */
export const storeCheck: Handler<ValuesOf<'executor', 'store check'>> = async (_, options, context) => {
  const { output, now, progress } = context;
  const sample = options.sample && { part: options.sample.index, of: options.sample.count };
  const prepared = await prepareExecutor(options, context);
  const report = await withExecutor(prepared, options, context, async (executor) =>
    checkStore(executor.store, { expected: await readExpected(executor), sample, now, progress }),
  );
  const { objects, hashed, bytes, damaged, missing } = report;
  output.results({ objects, hashed, bytes, damaged, missing });
  output.table({
    title: 'objects that are not as they should be',
    head: ['state', 'SHA-256', 'size', 'what'],
    rows: [
      ...missing.map((found): Cell[] => [{ text: 'missing', tone: 'bad' }, found.sha256, found.size, found.what]),
      ...damaged.map((found): Cell[] => [{ text: 'damaged', tone: 'bad' }, found.sha256, found.size, found.what]),
    ],
  });
  if (damaged.length + missing.length > 0) {
    fail('E_STORE_DAMAGED', `${countText(damaged.length, 'object')} damaged, ${missing.length} missing`, {
      hint: 'pullthrough mirror --restock fetches them again',
    });
  }
  output.line(`the store is in order: ${hashed} of ${objects} objects hashed, ${bytesText(bytes)}`, 'good');
};

/** `store gc`: lists what nothing names; `--delete` removes it. */
export const storeGc: Handler<ValuesOf<'executor', 'store gc'>> = async (_, options, context) => {
  const { output } = context;
  const prepared = await prepareExecutor(options, context);
  const garbage = await withExecutor(prepared, options, context, (executor) =>
    collectGarbage(executor, { remove: options.delete === true, most: options.yes }),
  );
  const { objects, bytes, leftovers, kept, young, removed, tooMany } = garbage;
  output.results({ objects, bytes, leftovers, kept, young, removed, tooMany });
  output.table({
    title: removed ? 'removed' : 'named by no record and no proposal',
    head: ['SHA-256', 'size', 'modified'],
    rows: objects.map(({ sha256, size, modified }): Cell[] => [sha256, size, instantText(modified)]),
  });
  for (const name of leftovers) output.line(name);
  const what = `${countText(objects.length, 'object')} (${bytesText(bytes)}) and ${countText(leftovers.length, 'leftover')}`;
  if (options.delete === true && tooMany) {
    const all = countText(objects.length + kept + young, 'object');
    fail(
      'E_CONFIRM',
      `no record and no proposal names ${objects.length} of ${all}: more than a tenth; none was removed`,
      {
        hint: 'look at the list above, and whether it is the right ledger; to remove them: add --yes',
      },
    );
  }
  output.note(removed ? `removed ${what}` : `${what} would be removed with --delete; ${kept} are kept`);
};
