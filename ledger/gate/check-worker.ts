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
parentPort?.on('message', (paths: readonly string[]) => {
  // Thrown in a promise of its own, an error ends this thread, and the pool is told.
  void checkRecords(snapshot, trust, paths).then((checked) => parentPort?.postMessage(checked));
});
