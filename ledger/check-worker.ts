import { parentPort, workerData } from 'node:worker_threads';
import { establishTrust } from '../ledger-schema/trust.ts';
import type { WorkerOrder } from './check-pool.ts';
import { checkRecords } from './check-records.ts';
import { ledgerFiles } from './files.ts';
import { openLocalRepository } from './local.ts';

const order = workerData as WorkerOrder;
const repository = await openLocalRepository(order.directory);
try {
  const snapshot = repository.snapshot(order.commit);
  const trust = await establishTrust(ledgerFiles(snapshot), { pin: order.pin, now: order.now });
  parentPort?.postMessage(await checkRecords(snapshot, trust, order.paths));
} finally {
  await repository.close();
}
