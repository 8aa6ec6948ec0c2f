import { foldAscii } from '../../ledger-schema/index.ts';
import type { Head } from '../../ledger-schema/head.ts';
import type { Progress } from '../../io/progress.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import type { SiteFolder } from './disk/folder.ts';
import { digestOf } from './index-files.ts';
import type { LedgerTool } from './ledger-tools.ts';
import { keyStates } from './machine/events.ts';
import type { JudgeContext } from './releases/judge.ts';
import type { SiteContext } from './site-context.ts';
import type { SiteWriter } from './writer.ts';

export interface SiteRequest {
  /** The site's folder. */
  readonly site: string;
  /** The clone that the view is read from, for threads; undefined: none helps. */
  readonly directory?: string | undefined;
  readonly view: LedgerView;
  readonly head: Head | undefined;
  readonly host: string;
  readonly pin: string;
  readonly baseUrl?: string | undefined;
  /** Names of the ledger's open branches. */
  readonly branches: Iterable<string>;
  /** What the reviewer who withdrew a release wrote; `owner/repo TAG`. */
  readonly reasonOf: JudgeContext['reasonOf'];
  /** The version of the program that makes the site: another may lay out pages differently. */
  readonly program: string;
  /** More than the standard ones. */
  readonly writers?: ((site: SiteContext) => readonly SiteWriter[]) | undefined;
  readonly progress: Progress;
}

/** What helping threads are told; undefined where the ledger lies in no folder. */
export function orderOf({ directory, view }: SiteRequest, site: SiteContext, { root, fresh, leftover }: SiteFolder) {
  if (directory === undefined || leftover.files.size > 0) return undefined;
  const { head, host, sources, pin, baseUrl, hasCheck } = site;
  const { label, commit, trust } = view;
  return { head, host, sources, pin, baseUrl, hasCheck, directory, label, commit, now: trust.now, root, fresh };
}

/** Where it differs, every tool is judged and written again. */
export async function keyOfRun(
  { program, view }: SiteRequest,
  site: SiteContext,
  writers: readonly SiteWriter[],
): Promise<string> {
  const { trust, label } = view;
  const { baseUrl, host, pin, hasCheck, sources } = site;
  const parts = [
    'files 1',
    program,
    label,
    baseUrl,
    host,
    pin,
    hasCheck,
    [...sources].sort(),
    trust.sha256,
    trust.expired,
  ];
  return digestOf([...parts, await keyStates(trust), writers.map(({ key }) => key)]);
}

export function contextOf(request: SiteRequest, tools: readonly LedgerTool[], hasCheck: boolean): SiteContext {
  const { view, head, host, pin, baseUrl } = request;
  const sources = new Set(tools.filter(({ tree }) => tree !== '').map(({ source }) => foldAscii(source)));
  return { view, head, host, sources, pin, baseUrl, hasCheck };
}
