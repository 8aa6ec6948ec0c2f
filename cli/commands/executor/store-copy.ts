import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { copyStore, requireTwo } from '../../../store/copy.ts';
import { openStore } from '../../../store/open.ts';
import type { Store } from '../../../store/store.ts';
import type { Cell } from '../../screens/table.ts';
import { bytesText, countText } from '../../screens/units.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { parseStoreUrl } from '../../wiring/settings/store-url.ts';

/** `store copy FROM TO`: needs no mirror.ini, for both places are named. Exit 3 where an object is damaged. */
export const storeCopy: Handler<ValuesOf<'executor', 'store copy'>> = async (args, options, context) => {
  const { output, progress, signal } = context;
  const [from, to] = await Promise.all(args.map((url, at) => open(at === 0 ? 'FROM' : 'TO', url, context)));
  if (from === undefined || to === undefined) fail('E_INTERNAL', 'the command line was not checked');
  requireTwo(from, to);
  const report = await copyStore({ from, to, concurrency: options.concurrency, progress, signal });
  const { objects, copied, present, repaired, bytes, damaged } = report;
  output.results({ from: from.label, to: to.label, objects, copied, present, repaired, bytes, damaged });
  output.table({
    title: `damaged in ${from.label}, and not copied`,
    head: ['SHA-256', 'size', 'what'],
    rows: damaged.map(({ sha256, size, what }): Cell[] => [{ text: sha256, tone: 'bad' }, size, what]),
  });
  const done = `${countText(copied, 'object')} copied, ${bytesText(bytes)}; ${present} ${present === 1 ? 'was' : 'were'} there`;
  if (damaged.length > 0) {
    output.note(done);
    fail('E_STORE_DAMAGED', `${countText(damaged.length, 'object')} damaged in ${from.label}`, {
      hint: 'pullthrough mirror --restock fetches again what upstream still has',
    });
  }
  output.line(done, 'good');
};

async function open(which: string, text: string, { cwd, env, progress }: CommandContext): Promise<Store> {
  try {
    return await openStore(parseStoreUrl(text, cwd), { baseDir: cwd, env, progress });
  } catch (cause) {
    if (!(cause instanceof PullthroughError) || cause.code !== 'E_CONFIG') throw cause;
    return fail('E_USAGE', `${which}: ${cause.message}`, {
      hint: 'write a folder as file:./store, or s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION',
      cause,
    });
  }
}
