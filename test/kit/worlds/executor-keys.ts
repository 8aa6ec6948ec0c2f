import { newKey } from '../../../ledger/signing/signer.ts';
import { readKeyFile } from '../../../ledger-schema/openpgp/openpgp.ts';

async function makeKey(holder: string) {
  const made = await newKey({ userId: `${holder} <${holder}@acme.example>` });
  return { holder, ...made, key: await readKeyFile(made.public) };
}

export type Key = Awaited<ReturnType<typeof makeKey>>;

/** Made once a worker. */
let keys: Promise<{ bot: Key; ada: Key; stranger: Key }> | undefined;

export function people() {
  keys ??= Promise.all(['mirror-bot', 'ada', 'stranger'].map(makeKey)).then(([bot, ada, stranger]) => ({
    bot: bot as Key,
    ada: ada as Key,
    stranger: stranger as Key,
  }));
  return keys;
}
