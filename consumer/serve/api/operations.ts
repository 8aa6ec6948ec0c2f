import type { FastifyInstance } from 'fastify';
import { plainJson } from '../../../io/escape.ts';
import type { FileCache } from '../bytes/cache.ts';
import type { FileSender } from '../bytes/files.ts';
import type { Follower } from '../follow.ts';
import { STYLE } from '../../pages/style.ts';
import type { Metrics } from '../metrics.ts';

/** What is reported about the gateway itself. */
export interface Operations {
  readonly follower: Follower;
  readonly cache: FileCache;
  readonly files: FileSender;
  readonly metrics: Metrics;
}

/** `/healthz`, `/metrics`, and the style of the pages. */
export function addOperations(app: FastifyInstance, { follower, cache, files, metrics }: Operations): void {
  const config = { name: 'operations' };
  app.get('/-/style.css', { config }, async (_, reply) =>
    reply.headers({ 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=3600' }).send(STYLE),
  );
  // A ledger that is down is not a reason to take away a gateway that serves what it verified.
  app.get('/healthz', { config }, async (_, reply) => {
    const { seen, failure } = follower.state;
    const { view, expired, stale } = follower.catalog;
    const state = {
      status: 'ok',
      ledger: {
        commit: view.commit,
        seen: seen === undefined ? null : new Date(seen).toISOString(),
        head: view.head?.issued ?? null,
        stale,
        failure: failure?.code ?? null,
      },
      policy: { version: view.trust.version, expires: view.trust.policy.expires, expired },
    };
    return reply.headers({ 'content-type': 'application/json', 'cache-control': 'no-store' }).send(plainJson(state));
  });
  app.get('/metrics', { config }, async (_, reply) => {
    const { hits, misses, failures, bytes, files: count, fetching } = cache.counts;
    const { seen, failure } = follower.state;
    const { trust } = follower.catalog.view;
    const page = metrics.text([
      { name: 'cache_hits_total', help: 'Files that were in the cache.', type: 'counter', value: hits },
      { name: 'cache_misses_total', help: 'Files that were not in the cache.', type: 'counter', value: misses },
      { name: 'fetch_failures_total', help: 'Files that no store gave.', type: 'counter', value: failures },
      { name: 'cache_bytes', help: 'Bytes of the files in the cache.', value: bytes },
      { name: 'cache_files', help: 'Files in the cache.', value: count },
      { name: 'memory_bytes', help: 'Bytes of small files in memory.', value: files.memoryBytes },
      { name: 'fetching', help: 'Files being fetched.', value: fetching },
      {
        name: 'ledger_up',
        help: 'Could the ledger be followed at the last look?',
        value: failure === undefined ? 1 : 0,
      },
      {
        name: 'ledger_seen_timestamp_seconds',
        help: 'When the ledger was seen last.',
        value: Math.floor((seen ?? 0) / 1000),
      },
      { name: 'policy_version', help: 'The number of the policy.', value: trust.version },
      {
        name: 'policy_expires_timestamp_seconds',
        help: 'When the policy expires.',
        value: trust.expires.getTime() / 1000,
      },
      { name: 'resident_bytes', help: 'Memory of the process.', value: process.memoryUsage.rss() },
    ]);
    return reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(page);
  });
}
