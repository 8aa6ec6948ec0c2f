import { stat } from 'node:fs/promises';
import { httpFetch } from '../../io/http/http.ts';
import { shownUrl } from '../../io/http/url.ts';
import type { Progress } from '../../io/progress.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { openStore, schemeOf, storeFolder } from '../../store/open.ts';
import { storeKey } from '../../store/store.ts';
import { bad, look, ok, skip, warn } from './check.ts';
import type { Check } from './check.ts';

const ANSWER_MS = 15_000;
/** The digest of no bytes: a store may have it or not, and answers either way. */
const NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface StoreLook {
  /** `[store] url`: where the executor writes. */
  readonly url: string | undefined;
  /** Where consumers read. */
  readonly publicUrls: readonly string[];
  readonly baseDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  readonly offline: boolean | undefined;
  /** Are there tool definitions here, so that `mirror` writes? */
  readonly writes: boolean;
}

/** Is each store reached, and can the first one be written? Nothing is left behind. */
export async function checkStores(request: StoreLook): Promise<Check[]> {
  const { url, publicUrls } = request;
  if (url === undefined && publicUrls.length === 0) {
    return [warn('store', 'none is configured', 'add url or public-url to [store] of mirror.ini; verify needs none')];
  }
  const checks: Promise<Check>[] = [];
  if (url !== undefined) checks.push(checkWritten(url, request));
  for (const one of publicUrls) if (one !== url) checks.push(checkRead(one, request));
  return Promise.all(checks);
}

const isFolder = (url: string): boolean => [undefined, 'file'].includes(schemeOf(url));

async function checkWritten(url: string, { baseDir, env, progress, offline, writes }: StoreLook): Promise<Check> {
  const name = 'store';
  if (isFolder(url)) {
    const folder = storeFolder(url, baseDir);
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined) {
      const message = `there is no folder ${folder} yet`;
      return writes
        ? ok(name, `${message}; the first pullthrough mirror makes it`)
        : bad(name, message, 'look at url in [store] of mirror.ini');
    }
    if (!found.isDirectory()) return bad(name, `${folder} is not a folder`, 'look at url in [store] of mirror.ini');
  } else if (offline === true) return skip(name, 'not asked: --offline');
  return look(name, async () => {
    const store = await openStore(url, { baseDir, env, progress });
    await store.has(NOTHING, 0);
    try {
      await store.requireWritable();
    } catch (error) {
      if (writes || !(error instanceof PullthroughError)) throw error;
      return ok(name, `${store.label} can be read, and not written; only mirror writes`);
    }
    return ok(name, `${store.label} can be read and written`);
  });
}

async function checkRead(url: string, { baseDir, env, progress, offline }: StoreLook): Promise<Check> {
  const name = 'public store';
  if (isFolder(url)) {
    const folder = storeFolder(url, baseDir);
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() === true) return ok(name, `${folder} can be read`);
    return bad(name, `there is no folder ${folder}`, 'look at public-url in [store] of mirror.ini, or --store');
  }
  if (offline === true) return skip(name, 'not asked: --offline');
  return look(name, async () => {
    if (schemeOf(url) === 's3') {
      const store = await openStore(url, { baseDir, env, progress });
      await store.has(NOTHING, 0);
      return ok(name, `${store.label} can be read`);
    }
    const base = new URL(url);
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    return judgeAnswer(shownUrl(base), await statusOf(new URL(storeKey(NOTHING), base)));
  });
}

async function statusOf(url: URL): Promise<number | undefined> {
  try {
    const answer = await httpFetch(url, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MS) });
    await answer.body?.cancel();
    return answer.status;
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') return undefined;
    throw error;
  }
}

/** What a store's host says of an object that need not be there. Pure. */
export function judgeAnswer(label: string, status: number | undefined): Check {
  const name = 'public store';
  const hint = 'look at public-url in [store] of mirror.ini, or --store, and at what runs there';
  if (status === undefined) return bad(name, `${label} does not answer in time`, hint);
  if (status === 401 || status === 407) return bad(name, `${label} asks for a credential (HTTP ${status})`, hint);
  if (status >= 500) return bad(name, `${label} answers HTTP ${status}`, hint);
  return ok(name, `${label} answers`);
}
