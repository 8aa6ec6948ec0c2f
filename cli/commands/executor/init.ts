import { resolve } from 'node:path';
import { initExecutor } from '../../../executor/init.ts';
import { isThereAndEmpty } from '../../../io/files/new-folder.ts';
import { programSource } from '../../../io/program-source.ts';
import { fail } from '../../../ledger-schema/error.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { PIN_ANSWER, PIN_SOURCE, answerTo, ledgerAnswer, storeAnswer } from './init-answers.ts';

/** `init DIR`: asks what it needs at a terminal, takes flags elsewhere. */
export const init: Handler<ValuesOf<'executor', 'init'>> = async ([directory = ''], options, context) => {
  const path = resolve(context.cwd, directory);
  // Found before anything is asked or written
  await isThereAndEmpty(path);
  const ledger = await answerTo(ledgerAnswer(path, context), options.ledger, context);
  const store = await answerTo(storeAnswer(path, context), options.store, context);
  const pin = await answerTo(PIN_ANSWER, options.pin, context);
  if (ledger === undefined || store === undefined) fail('E_INTERNAL', 'a ledger or a store was not asked for');
  const program = programSource();
  const files = await initExecutor({ directory: path, ledger, store, pin, program });
  const { output } = context;
  output.line(`the executor is in ${directory}`, 'good');
  for (const file of files) output.line(`  ${file}`);
  if (pin === undefined) output.note(`fill in pin = in its mirror.ini: ${PIN_SOURCE}`);
  if (!program.known) {
    output.note(
      'its workflows install what PULLTHROUGH_URL and PULLTHROUGH_SHA256 name: set these variables, as its README says',
    );
  }
  output.note('next: pullthrough key new there, its public key to the ledger, and pullthrough add OWNER/REPO');
  output.results({ directory: path, files });
};
