import { join } from 'node:path';
import { SILENT } from '../../io/progress.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import { demandOf } from '../evidence/demand.ts';
import type { ConsumerOptions } from '../options.ts';
import { cacheDirectory, stateDirectory } from '../../io/files/folders.ts';
import { ledgerIdentity, memoryFile } from '../../ledger/view/memory.ts';
import { openMirrors } from '../download/mirrors.ts';
import { pinOf } from '../pin.ts';
import { ledgerExplainer } from './pages/explainer.ts';
import { serve } from './serve.ts';
import type { Gateway, ServeOptions } from './serve.ts';
import { openView } from '../../ledger/view/view.ts';

export type GatewayOptions = Pick<
  ServeOptions,
  'listen' | 'baseUrl' | 'cacheBytes' | 'memoryBytes' | 'interval' | 'timeouts' | 'links' | 'aliases' | 'log'
> & {
  /** The folder of verified files. Default: in the user's cache. */
  readonly cacheDir?: string | undefined;
  /** The clock, in milliseconds since 1970. Default: the system's. */
  readonly clock?: (() => number) | undefined;
};

/** The gateway for what a consumer is opened with. Throws what {@link serve} and opening ledger and stores throw. */
export async function openGateway(consumer: ConsumerOptions, options: GatewayOptions): Promise<Gateway> {
  const {
    env = process.env,
    branch = 'main',
    progress = SILENT,
    baseDir = process.cwd(),
    stores = [],
    token,
    withheld,
  } = consumer;
  const pin = pinOf(consumer.pin);
  const cacheDir = consumer.cacheDir ?? cacheDirectory(env);
  const { limits, maxAge } = consumer;
  const open = {
    url: consumer.ledger,
    branch,
    cacheDir,
    token,
    withheld,
    limits,
    signedHead: maxAge !== undefined,
    refs: 'branch',
    env,
  } as const;
  const ledger = await openLedger(open);
  const copy = await openLedger({ ...open, offline: true });
  const memory = memoryFile(consumer.stateDir ?? stateDirectory(env), ledgerIdentity(ledger.label, branch));
  try {
    const gateway = await serve({
      ...options,
      look: ({ offline, now }) =>
        openView({ ledger: offline ? copy : ledger, branch, memory, pin, now, maxAge, offline, progress }),
      mirrors: await openMirrors(stores, { baseDir, env, progress }),
      cacheDir: options.cacheDir ?? join(cacheDir, 'gateway'),
      host: consumer.host ?? 'github.com',
      explainer: ledgerExplainer(ledger),
      demand: demandOf(consumer),
      maxAge,
      progress,
      now: options.clock,
    });
    return {
      ...gateway,
      stop: async () => {
        await gateway.stop();
        await Promise.all([ledger.close(), copy.close()]);
      },
    };
  } catch (error) {
    await Promise.all([ledger.close(), copy.close()]);
    throw error;
  }
}
