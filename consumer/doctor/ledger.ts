import { z } from 'zod';
import { openLedger } from '../../ledger/git/repository.ts';
import type { FetchLimits } from '../../ledger/git/repository.ts';
import { ledgerIdentity, memoryFile } from '../../ledger/view/memory.ts';
import { readSignedHead } from '../../ledger/view/signed-head.ts';
import { requireHeadOf } from '../../ledger/view/freshness.ts';
import { openView } from '../../ledger/view/view.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import type { Progress } from '../../io/progress.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { bad, look, ok, skip, warn } from './check.ts';
import type { Check } from './check.ts';

const DAY_MS = 86_400_000;
/** A policy that expires sooner than this gets a warning: its successor needs several people. */
const SOON_DAYS = 30;
/** Without `[trust] max-age`, a head older than this gets a warning: `mirror` signs one every run. */
const OLD_DAYS = 7;
const WAIT_MS = 60_000;

export interface LedgerLook {
  readonly url: string;
  readonly branch: string;
  readonly pin: string | undefined;
  readonly maxAge: number | undefined;
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly token: string | undefined;
  readonly withheld?: string | undefined;
  readonly limits: FetchLimits;
  readonly offline: boolean | undefined;
  readonly now: Date;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
}

export interface LedgerLooked {
  readonly checks: readonly Check[];
  readonly view: LedgerView | undefined;
}

const PIN_HINT =
  "ask the ledger's owner over another channel for the line that 'pullthrough trust show' prints, and put it into [trust] " +
  'of mirror.ini; consumers need it';

/** Reaches the ledger and judges it the way every command does, but remembers nothing about it. */
export async function checkLedger(request: LedgerLook): Promise<LedgerLooked> {
  const { url, branch, pin, stateDir, limits, now } = request;
  try {
    await using repository = await openLedger({
      ...request,
      refs: 'branch',
      signedHead: true,
      limits: { ...limits, ms: Math.min(limits.ms ?? WAIT_MS, WAIT_MS) },
    });
    const memory = memoryFile(stateDir, ledgerIdentity(repository.label, branch));
    // A diagnosis changes nothing: what a run would remember, it decides by itself.
    const view = await openView({
      ...request,
      ledger: repository,
      memory: { ...memory, update: () => Promise.resolve() },
    });
    const { commit, trust } = view;
    const judged = async (): Promise<Check> => {
      const signed = await readSignedHead(repository, trust);
      if (signed !== undefined)
        await requireHeadOf(signed.head, { trust, now, follows: (of) => view.descendsFrom(of) });
      return judgeHead(signed?.head.issued, request.maxAge, now);
    };
    return {
      view,
      checks: [
        ok('ledger', `${repository.label} is at ${commit.slice(0, 12)}, policy ${trust.version}`),
        judgePolicy(trust.version, trust.expires, now),
        // Without max-age nothing depends on it.
        await look('head', judged, request.maxAge === undefined ? 'warn' : 'fail'),
        pin === undefined
          ? warn('pin', 'none is set: trust begins at policy 1', PIN_HINT)
          : ok('pin', `sha256:${pin.slice(0, 12)}… is a policy of this ledger`),
      ],
    };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    const name = error.code === 'E_PIN' ? 'pin' : error.code === 'E_STALE' ? 'head' : 'ledger';
    const failure = bad(
      name,
      `${error.message} [${error.code}]`,
      error.hint ?? `look at ${url === '' ? 'it' : 'the ledger'}`,
    );
    const rest =
      name === 'pin'
        ? []
        : [
            pin === undefined
              ? warn('pin', 'none is set', PIN_HINT)
              : skip('pin', 'not compared: the ledger was not read'),
          ];
    return { view: undefined, checks: [failure, ...rest] };
  }
}

/** How long the policy holds. Pure. */
export function judgePolicy(version: number, expires: Date, now: Date): Check {
  const days = Math.floor((expires.getTime() - now.getTime()) / DAY_MS);
  const date = expires.toISOString().slice(0, 10);
  const hint = 'its root holders make the next one: pullthrough trust propose';
  if (expires <= now) return bad('policy', `policy ${version} expired on ${date}: nothing new is resolved`, hint);
  if (days < SOON_DAYS) return warn('policy', `policy ${version} expires on ${date}`, hint);
  return ok('policy', `policy ${version} holds until ${date}`);
}

/** How old the signed head is. Pure. */
export function judgeHead(issued: string | undefined, maxAge: number | undefined, now: Date): Check {
  if (issued === undefined) {
    return ok('head', 'no executor signed where the ledger is; only [trust] max-age asks for that');
  }
  const age =
    now.getTime() -
    z.iso
      .datetime()
      .transform((text) => Date.parse(text))
      .parse(issued);
  const hours = Math.max(0, Math.floor(age / 3_600_000));
  const text = hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
  const message = `an executor signed it ${text} ago, at ${issued}`;
  const most = maxAge ?? OLD_DAYS * DAY_MS;
  const hint = "does the executor still run? pullthrough mirror signs one each time; look at its workflow's last run";
  if (age <= most) return ok('head', message);
  return maxAge === undefined ? warn('head', message, hint) : bad('head', message, hint);
}
