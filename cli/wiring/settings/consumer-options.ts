import type { Consumer } from '../../../consumer/consumer.ts';
import type { ConsumerOptions } from '../../../consumer/options.ts';
import { loadConfig, requireLedger, requirePin, requirePublicStores } from './config.ts';
import type { Config, ConfigFlags } from './config.ts';
import type { CommandContext } from '../command-context.ts';
import { ledgerUrl } from './ledger-url.ts';
import { tokenFor, tokenFrom } from '../secrets.ts';
import { stateOf } from './state.ts';

export interface ConsumerFlags extends ConfigFlags {
  readonly offline?: true | undefined;
}

export interface ConsumerNeeds {
  /** The command reads files' bytes, so it needs a store. */
  readonly bytes?: boolean;
}

/**
 * What a consumer is opened with, from mirror.ini and the flags. Throws `E_CONFIG`, `E_USAGE`, `E_NO_LEDGER`, `E_NO_PIN`,
 * `E_NO_STORE`.
 */
export async function consumerOptions(
  flags: ConsumerFlags,
  context: CommandContext,
  { bytes = false }: ConsumerNeeds = {},
): Promise<ConsumerOptions> {
  const config = await loadConfig(flags, context.cwd);
  const location = requireLedger(config, { flag: true });
  const pin = requirePin(config);
  if (bytes) requirePublicStores(config);
  const { env, progress } = context;
  tokenFrom(env, 'LEDGER_TOKEN');
  const ledger = await ledgerUrl(location, { api: config.ledger.api, env, progress });
  return {
    ...storeOptions(config, flags, context),
    ledger,
    branch: config.ledger.branch,
    pin,
    host: config.source.host,
    ...tokenFor(env, 'LEDGER_TOKEN', ledger),
    evidence: { require: config.evidence.require, trustedRoots: config.evidence.trustedRoots },
    stateDir: stateOf(flags, context),
    limits: config.ledger.limits,
    maxAge: config.maxAge,
  };
}

/** What reading bytes needs: no ledger and no pin. */
export function storeOptions(config: Config, flags: ConsumerFlags, context: CommandContext) {
  const { env, now, progress, signal, cwd } = context;
  return { stores: config.store.publicUrls, offline: flags.offline, env, now, progress, signal, baseDir: cwd };
}

/** Runs an action with a consumer, and closes it. */
export async function withConsumer<T>(
  flags: ConsumerFlags,
  context: CommandContext,
  action: (consumer: Consumer) => Promise<T>,
  needs?: ConsumerNeeds,
): Promise<T> {
  const options = await consumerOptions(flags, context, needs);
  await using consumer = await openConsumer(options);
  return action(consumer);
}

/** In a function with `await using`, TypeScript doesn't rewrite the path of an import(), so it stands alone. */
async function openConsumer(options: ConsumerOptions): Promise<Consumer> {
  return (await import('../../../consumer/consumer.ts')).Consumer.open(options);
}
