import { resolve } from 'node:path';
import { initExecutor } from '../../../executor/init.ts';
import { brief } from '../../../ledger-schema/bytes.ts';
import { fail } from '../../../ledger-schema/error.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { CommandContext, Handler } from '../../wiring/context.ts';
import { PIN_HINT } from '../../wiring/config.ts';
import { parseLocation } from '../../wiring/location.ts';
import { parseStoreUrl } from '../../wiring/store-url.ts';
import { VERSION } from '../../version.ts';

/** `init DIR`: asks what it needs at a terminal, takes flags elsewhere. */
export const init: Handler<ValuesOf<'executor', 'init'>> = async ([directory = ''], options, context) => {
  const path = resolve(context.cwd, directory);
  const ledger = await answer(options.ledger, 'ledger', 'the ledger: OWNER/REPO, a git URL or ./FOLDER', context);
  const store = await answer(options.store, 'store', 'the store: file:./FOLDER or s3://BUCKET/PREFIX', context);
  // Found before anything is written
  parseLocation(ledger, path);
  parseStoreUrl(store, path);
  const { pin } = options;
  if (pin !== undefined && !/^sha256:[0-9a-f]{64}$/.test(pin))
    fail('E_USAGE', `--pin: ${brief(pin)} is no pin`, { hint: PIN_HINT });
  const files = await initExecutor({ directory: path, ledger, store, pin, version: VERSION });
  const { output } = context;
  output.line(`the executor is in ${directory}`, 'good');
  for (const file of files) output.line(`  ${file}`);
  output.note('next: pullthrough key new there, its public key to the ledger, and pullthrough add OWNER/REPO');
  output.results({ directory: path, files });
};

/** What mirror.ini would read as something else: a comment, a quotation, another line. */
const CUT = /[\r\n;#]|^\s*["']|^$/;

async function answer(given: string | undefined, flag: string, what: string, context: CommandContext): Promise<string> {
  const hint = `give ${what.replace(/^[^:]*: /, '')}`;
  if (given !== undefined) {
    return CUT.test(given)
      ? fail('E_USAGE', `--${flag} has what mirror.ini can't hold: ${brief(given)}`, { hint })
      : given;
  }
  if (!context.interactive)
    fail('E_USAGE', `--${flag} is missing: ${what}`, { hint: 'give it; at a terminal it is asked for' });
  const text = await context.ask(`${what}:`);
  return CUT.test(text) ? fail('E_USAGE', `that names no ${flag}`, { hint }) : text;
}
