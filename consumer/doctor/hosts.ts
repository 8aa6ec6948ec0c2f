import { z } from 'zod';
import { httpFetch } from '../../io/http/http.ts';
import { shownUrl } from '../../io/http/url.ts';
import type { HostToken } from '../../io/token-hosts.ts';
import type { Progress } from '../../io/progress.ts';
import { countText } from '../../io/size-text.ts';
import { bad, look, ok, warn } from './check.ts';
import type { Check } from './check.ts';
import { instantText } from '../../ledger-schema/fields.ts';

/** Milliseconds for one answer: nobody who asks for a diagnosis wants to wait longer. */
const ANSWER_MS = 15_000;
/** How far off a clock may be: signatures and ages count in minutes. */
const SKEW = { warnMs: 60_000, failMs: 10 * 60_000 };

const rateSchema = z.object({
  rate: z.object({ limit: z.int(), remaining: z.int(), reset: z.int() }),
});
const rightsSchema = z.object({
  permissions: z.object({ push: z.boolean() }).partial().nullish(),
});

/** Compares this machine's clock with a host's. */
export async function checkClock(api: string, time: () => Date): Promise<Check> {
  return look(
    'clock',
    async () => {
      const answer = await httpFetch(api, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MS) }).catch(
        (error: unknown) => {
          if (error instanceof Error && error.name === 'TimeoutError') return undefined;
          throw error;
        },
      );
      await answer?.body?.cancel();
      return judgeClock(answer?.headers.get('date') ?? undefined, time(), new URL(api).host);
    },
    'warn',
  );
}

/** `date`: the header of an answer. Pure. */
export function judgeClock(date: string | undefined, here: Date, host: string): Check {
  const there = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(there)) {
    return warn('clock', `${host} did not say what time it is`, 'compare this clock with another one');
  }
  const off = here.getTime() - there;
  const size = Math.abs(off);
  if (size < SKEW.warnMs) return ok('clock', `within a minute of ${host}`);
  const text = `${spanText(size)} ${off > 0 ? 'ahead of' : 'behind'} ${host}`;
  const hint = 'set the clock by NTP: signatures, policies and min-age are judged by it';
  return size < SKEW.failMs ? warn('clock', text, hint) : bad('clock', text, hint);
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return countText(minutes, 'minute');
  const hours = Math.round(ms / 3_600_000);
  return hours < 48 ? countText(hours, 'hour') : countText(Math.round(ms / 86_400_000), 'day');
}

export interface TokenLook {
  readonly name: 'GITHUB_TOKEN' | 'LEDGER_TOKEN';
  /** The API that it is for. */
  readonly api: string;
  readonly access: HostToken;
  /** Does what is configured here need it? */
  readonly needed: boolean;
  /** What needs it, for the line. */
  readonly use: string;
  /** `OWNER/REPO` that it should be able to change. */
  readonly repository?: string | undefined;
  readonly progress: Progress;
}

/** Is a token accepted, and what may it do? Nothing is changed, and no token is shown. */
export async function checkToken(request: TokenLook): Promise<Check> {
  const { name, api, access, needed, use, repository, progress } = request;
  if (access.token === undefined) {
    if (access.withheld !== undefined) return warn(name, 'it is set, and not sent', access.withheld);
    return needed ? warn(name, 'it is not set', `set it: ${use}`) : ok(name, `it is not set; ${use}`);
  }
  const { GitHubClient } = await import('../../github/client.ts');
  return look(name, async () => {
    const client = new GitHubClient({ api, ...access, tokenName: name, progress, timeout: ANSWER_MS });
    const host = shownUrl(api);
    if (repository === undefined) {
      const answer = await client.get('GET /rate_limit', {}, rateSchema);
      if (answer === undefined) return ok(name, `${host} accepts it`);
      const { limit, remaining, reset } = answer.value.rate;
      const left = `${remaining} of ${limit} requests left until ${instantText(reset * 1000)}`;
      if (remaining * 10 < limit) return warn(name, `${host} accepts it; ${left}`, 'wait, or use a token of its own');
      return ok(name, `${host} accepts it; ${left}`);
    }
    const [owner = '', repo = ''] = repository.split('/');
    const answer = await client.get('GET /repos/{owner}/{repo}', { owner, repo }, rightsSchema);
    const hint = `give it 'Contents' and 'Pull requests', read and write, on ${repository}`;
    if (answer === undefined) return bad(name, `it does not see ${repository}`, hint);
    const pulls = await client.get(
      'GET /repos/{owner}/{repo}/pulls',
      { owner, repo, per_page: 1 },
      z.array(z.unknown()),
    );
    if (answer.value.permissions?.push !== true) return warn(name, `it may read ${repository}, and not write`, hint);
    if (pulls === undefined) return warn(name, `it does not see the pull requests of ${repository}`, hint);
    return ok(name, `it may write to ${repository}`);
  });
}
