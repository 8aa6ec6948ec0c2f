import { join } from 'node:path';
import { SILENT } from '../../io/progress.ts';
import type { Progress } from '../../io/progress.ts';
import type { Demand } from '../evidence/demand.ts';
import type { Mirror } from '../download/fetch-file.ts';
import { accessLog, logAccess } from './access-log.ts';
import type { LogFormat } from './access-log.ts';
import { ByDigest } from './api/by-digest.ts';
import { FileCache } from './bytes/cache.ts';
import { answerFailures, failureAnswer } from './error-answers.ts';
import { FileSender } from './bytes/files.ts';
import { Shortcuts } from './bytes/shortcuts.ts';
import { Follower } from './follow.ts';
import type { FollowOptions } from './follow.ts';
import { HostPatience } from './host-patience.ts';
import { answerFirst, countRequests, cutIdleClients, listen, newApp, stopAnswering } from './http-app.ts';
import { LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import type { LinkStyle } from './api/links.ts';
import { Metrics } from './metrics.ts';
import type { Alias } from './other-names.ts';
import { addOperations } from './api/operations.ts';
import type { Explainer } from './explain-refusal.ts';
import { addAttestations } from './api/attestations.ts';
import { addRoutes } from './routes.ts';

export interface ServeOptions {
  readonly look: FollowOptions['look'];
  readonly mirrors: readonly Mirror[];
  /** The folder of verified files. */
  readonly cacheDir: string;
  /** Bytes of it; 10 GiB by default. */
  readonly cacheBytes?: number | undefined;
  /** Bytes of small files (2 MiB at most) that are kept in memory; 24 MiB by default. */
  readonly memoryBytes?: number | undefined;
  /** The source of a tool that is named without a host. */
  readonly host: string;
  readonly baseUrl?: string | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  readonly progress?: Progress | undefined;
  /** Milliseconds between two looks at the ledger; a minute by default. */
  readonly interval?: number | undefined;
  readonly now?: (() => number) | undefined;
  /** How the API's answers name files; by GitHub's own addresses by default. */
  readonly links?: LinkStyle | undefined;
  /** Other names of tools. */
  readonly aliases?: readonly Alias[] | undefined;
  /** What every release must meet beyond its acks; throws `E_EVIDENCE` where it doesn't, and it isn't served. */
  readonly demand?: Demand | undefined;
  /** An access log; none by default. */
  readonly log?: { readonly format: LogFormat; readonly write: (line: string) => void } | undefined;
  /** Tells more about a refusal. */
  readonly explainer?: Explainer | undefined;
  /** `[trust] max-age`: how old the newest signed head may be, in milliseconds. */
  readonly maxAge?: number | undefined;
  /** How long it waits for what. */
  readonly timeouts?: Partial<Limits> | undefined;
}

export interface Gateway {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Looks at the ledger now. */
  look(): Promise<void>;
  /** Takes no new request, lets those that are being answered end, and then closes what is left. */
  stop(): Promise<void>;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/**
 * An HTTP gateway with GitHub's own paths, for acknowledged bytes alone. Throws what establishing trust throws, `E_IO`
 * for a cache that can't be used or an address that is taken.
 */
export async function serve(options: ServeOptions): Promise<Gateway> {
  const { host, baseUrl, explainer, log, links = 'github', progress = SILENT } = options;
  const limits: Limits = { ...LIMITS, ...options.timeouts };
  const cache = await openCache(options, limits, progress);
  const follower = await followLedger(options, limits, progress).catch((error: unknown) =>
    failAfter(cache.close(), error),
  );
  const catalog = () => follower.catalog;
  const files = fileSender(cache, options, limits);
  const byDigest = new ByDigest(catalog);
  const fileBySha256 = (sha256: string) => byDigest.find(sha256);
  const metrics = new Metrics();
  const answer = failureAnswer({ baseUrl, host, follower, progress });

  const app = newApp(limits, answer);
  cutIdleClients(app, limits);
  countRequests(app, metrics);
  answerFailures(app, answer);
  const note = log && accessLog(log.format, log.write);
  if (note !== undefined) logAccess(app, note);
  const { now = Date.now } = options;
  const shortcuts = new Shortcuts({ files, catalog, now, limits, metrics, log: note });
  answerFirst(app, (request, response) => shortcuts.answer(request, response));
  addRoutes(app, { catalog, files, shortcuts, limits, host, baseUrl, links, explainer, fileBySha256 });
  addAttestations(app, { catalog, cache, host, limits });
  addOperations(app, { follower, cache, files, metrics });

  const close = async (): Promise<void> => {
    await follower.stop();
    await cache.close();
  };
  const url = await listen(app, options.listen).catch((error: unknown) => failAfter(close(), error));
  return {
    url,
    look: () => follower.look(),
    async stop() {
      shortcuts.stop();
      await stopAnswering(app, limits);
      await close();
    },
  };
}

function openCache(options: ServeOptions, { pace }: Limits, progress: Progress): Promise<FileCache> {
  const { cacheDir, cacheBytes = 10 * GIB, mirrors } = options;
  return FileCache.open({ folder: join(cacheDir, 'files'), maxBytes: cacheBytes, mirrors, progress, pace });
}

function followLedger(options: ServeOptions, { ledger }: Limits, progress: Progress): Promise<Follower> {
  const { look, aliases, demand, maxAge, interval = 60_000, now = Date.now } = options;
  const patience = new HostPatience(ledger);
  return Follower.start({ look, aliases, demand, maxAge, progress, interval, now, patience });
}

function fileSender(cache: FileCache, options: ServeOptions, limits: Limits): FileSender {
  const { memoryBytes = 24 * MIB, mirrors } = options;
  return new FileSender({ cache, memoryBytes, smallBytes: 2 * MIB, limits, stores: mirrors.length });
}

async function failAfter(closing: Promise<void>, error: unknown): Promise<never> {
  await closing;
  throw error;
}
