import { openGateway } from '../../../consumer/serve/gateway.ts';
import type { GatewayOptions } from '../../../consumer/serve/gateway.ts';
import type { ConsumerOptions } from '../../../consumer/options.ts';
import type { Gateway } from '../../../consumer/serve/serve.ts';
import { SILENT } from '../../../io/progress.ts';
import type { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../../kit/readers.ts';
import type { StoreServer } from '../../kit/store-server.ts';

/** A gateway on loopback with a ledger and a store of its own, whose clock and whose ledger a test moves. */
export interface TestGateway extends Gateway {
  readonly warnings: string[];
  readonly home: string;
  /** Milliseconds since 1970. */
  now: number;
}

export interface StartOptions extends Partial<GatewayOptions>, Pick<ConsumerOptions, 'evidence'> {
  readonly home?: string;
  /** Without it the ledger was read on that machine before. */
  readonly neverRead?: boolean;
}

export async function startGateway(
  ledger: TestLedger,
  stores: readonly StoreServer[],
  options: StartOptions = {},
): Promise<TestGateway> {
  const home = options.home ?? (await temporaryFolder());
  if (options.home === undefined && !options.neverRead) await ledger.seed(`${home}/cache`);
  const warnings: string[] = [];
  const clock = { now: NOW.getTime() };
  const consumer = {
    ledger: ledger.directory,
    pin: ledger.pin(1),
    stores: stores.map(({ url }) => url),
    evidence: options.evidence,
    cacheDir: `${home}/cache`,
    stateDir: `${home}/state`,
    progress: { ...SILENT, warn: (message: string) => warnings.push(message) },
  };
  const gateway = await openGateway(consumer, {
    listen: { host: '127.0.0.1', port: 0 },
    interval: 3_600_000,
    clock: () => clock.now,
    ...options,
  });
  return {
    ...gateway,
    warnings,
    home,
    get now() {
      return clock.now;
    },
    set now(value) {
      clock.now = value;
    },
  };
}

/** The value of a metric. */
export async function metric(gateway: Gateway, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`^pullthrough_${name} (.*)$`, 'm').exec(text)?.[1]);
}
