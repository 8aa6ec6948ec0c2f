import { fail, PullthroughError } from '../../../ledger-schema/error.ts';
import { LONGEST_WAIT_MS, refusalText, statusError } from '../answer-error.ts';
import type { Problem } from '../answer-error.ts';
import { Body } from '../../body/body.ts';
import { isFinal } from '../network-error.ts';
import type { DownloadRequest } from './download-request.ts';
import { changed, Delivered } from './delivered.ts';
import { Pace } from './pace.ts';
import { backoff, pause, RETRY, STALL_MS } from '../retry.ts';
import { get } from '../transport.ts';
import type { HttpResponse } from '../http-response.ts';
import { publicOnly } from '../public-only.ts';
import { redirectTarget, requireSafeUrl, shownFile } from '../url.ts';

export { hashing } from '../../files/hash.ts';
export type { HashAlgorithm, Hashing } from '../../files/hash.ts';

export type { DownloadRequest, LimitKeeper } from './download-request.ts';

const MOST_REDIRECTS = 10;
/** A try that brought this much counts as progress: the next failure is a first one again. */
const PROGRESS = 1 << 20;

/**
 * The bytes at a URL, exactly once and in order, however often the connection breaks: what is missing is asked for by
 * Range with If-Range (RFC 9110, 13.1.5 and 14.2), or read again and skipped where a server can't do that but still has
 * the same file. Nothing is asked for before the first byte is. The bytes are unverified; the caller hashes them.
 *
 * `E_UPSTREAM_CHANGED`: the file there now is not the one that the download began with; see {@link startingOver}.
 * `E_SIZE`,
 * `E_TRUNCATED`, `E_TIMEOUT`, `E_NETWORK`, `E_HTTP`, `E_RATE_LIMIT`, `E_CREDENTIAL`, 404 and 410:
 * `E_UPSTREAM_NOT_FOUND`; `E_CONFIG` for a URL that is refused.
 */
export function openDownload(request: DownloadRequest): Body {
  return new Body(download(request));
}

async function* download(request: DownloadRequest): AsyncGenerator<Uint8Array, void, undefined> {
  const rules = request.retry ?? RETRY;
  const delivered = new Delivered(request);
  let waited = 0;
  for (let attempt = 1; ; attempt++) {
    const before = delivered.bytes;
    let problem: Problem | undefined;
    const pace = new Pace(shownFile(request.url, request.what), request.pace, request.signal);
    try {
      const { answer, url } = await follow(request, delivered, pace);
      const withCredential = request.authorization?.origin === url.origin;
      const said = await pace.waitFor(refusalText(answer));
      problem = statusError(answer, url, { withCredential, said, what: request.what });
      if (problem) {
        answer.abandon();
        if (answer.status === 416 && delivered.isBegun) throw changed(url, request.what);
        if (problem.limit === undefined || request.limits?.origin !== url.origin) throw problem.error;
        const { limit } = problem;
        problem = undefined;
        request.limits.close(limit);
        attempt -= 1;
        continue;
      }
      request.onSource?.(url);
      yield* delivered.take(answer, url, pace);
      return;
    } catch (error) {
      if (!(error instanceof PullthroughError) || request.signal?.aborted || pace.trickles) throw error;
      if (delivered.bytes - before >= PROGRESS) attempt = 1;
      if (attempt >= rules.tries || !(problem?.again ?? isWorthAnotherTry(error))) throw error;
      waited += problem?.waitMs ?? 0;
      if (waited > LONGEST_WAIT_MS) throw error;
      await pause(problem?.waitMs ?? backoff(attempt + 1, rules), request.signal);
    } finally {
      pace.stop();
    }
  }
}

function isWorthAnotherTry(error: PullthroughError): boolean {
  if (error.code === 'E_NETWORK') return !isFinal(error);
  return error.code === 'E_TIMEOUT' || error.code === 'E_TRUNCATED';
}

/** Sends the request, following redirects by hand: the Authorization header goes to its own origin alone. */
async function follow(
  request: DownloadRequest,
  delivered: Delivered,
  pace: Pace,
): Promise<{ answer: HttpResponse; url: URL }> {
  let url = requireSafeUrl(request.url);
  const guard = request.privateHosts && publicOnly(url, request.privateHosts);
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const { authorization, limits } = request;
    guard?.check(url);
    if (limits?.origin === url.origin) await limits.pass();
    const headers = {
      'user-agent': 'pullthrough',
      accept: request.accept ?? '*/*',
      'accept-encoding': 'identity',
      ...delivered.headers(),
      ...(authorization?.origin === url.origin ? { authorization: authorization.value } : {}),
    };
    const { stallMs = STALL_MS } = request;
    const answer = await pace.waitFor(
      get(url, {
        headers,
        stallMs,
        where: shownFile(url, request.what),
        signal: pace.signal,
        lookup: guard?.lookupFor(url),
      }),
    );
    if (![301, 302, 303, 307, 308].includes(answer.status)) return { answer, url };
    answer.abandon();
    url = redirectTarget(url, answer.header('location'));
  }
  return fail('E_HTTP', `${shownFile(request.url, request.what)} redirects more than ${MOST_REDIRECTS} times`);
}
