import { parentPort, workerData } from 'node:worker_threads';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { WorkerOrder } from './check-pool.ts';
import { checkRecords } from './check-records.ts';
import { ledgerFiles } from '../files.ts';
import { openLocalRepository } from '../git/local.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

// Establishes trust once, then answers each list of records with what it found, until it is ended.
const order = workerData as WorkerOrder;
const repository = await openLocalRepository(order.directory);
const snapshot = repository.snapshot(order.commit);
const trust = await establishTrust(ledgerFiles(snapshot), { pin: order.pin, now: order.now, verifier: NODE_VERIFIER });
let before = Promise.resolve();
parentPort?.on('message', (paths: readonly string[]) => {
  // One after the other, as the pool counts on. Thrown in a promise of its own, an error ends this thread, and it is told.
  before = before.then(async () => parentPort?.postMessage(await checkRecords(snapshot, trust, paths)));
});
