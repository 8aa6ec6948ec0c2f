import { getRelease, resolveTagCommit } from '../../github/releases.ts';
import type { Release } from '../../github/types.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { decideAgain } from '../assess-tool.ts';
import type { Examined, Item } from '../assess-tool.ts';
import { fetchRelease } from './fetch-release.ts';
import type { Fetched } from './fetch-release.ts';
import type { Decision } from '../plan.ts';
import type { Run } from '../open-run.ts';
import type { Transfer } from '../../upstream/transfer.ts';

/** How often a release is fetched again from the start because it changed meanwhile. */
const TRIES = 3;

/** What can come of a file that upstream replaced or took away between the list and the download. */
const PERHAPS_CHANGED = new Set([
  'E_UPSTREAM_NOT_FOUND',
  'E_DIGEST_MISMATCH',
  'E_SIZE',
  'E_TRUNCATED',
  'E_UPSTREAM_CHANGED',
]);

/** A release whose bytes are all in the store. */
export interface FetchedAttempt {
  readonly kind: 'fetched';
  readonly fetched: Fetched;
  readonly release: Release;
  readonly decision: Extract<Decision, { action: 'propose' }>;
  /** What the tag points to, peeled. */
  readonly commit: string;
}

/** What came of a fetch, or why none is needed. */
export type Attempt =
  FetchedAttempt | { readonly kind: 'decided'; readonly decision: Exclude<Decision, { action: 'propose' }> };

/**
 * Fetches a release, then reads it and its tag once more: where a file was added, replaced or taken away or the tag moved
 * meanwhile, everything begins again. After a 404 or a mismatch the same look tells a change from a lie. Throws
 * `E_UPSTREAM_CHANGED` where it never settles, and where it has another tag now.
 */
export async function fetchSettled(
  run: Pick<Run, 'pulls' | 'now' | 'checkpoint'>,
  { tool, client }: Examined,
  { release: first, standing, decision: begun }: Item,
  transfer: Transfer,
): Promise<Attempt> {
  let release = first;
  let decision = begun;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    if (decision.action !== 'propose') return { kind: 'decided', decision };
    let fetched: Fetched | undefined;
    let failure: PullthroughError | undefined;
    let commit = '';
    try {
      commit = await resolveTagCommit(client, tool.repository, release.tag);
      fetched = await fetchRelease(run, transfer, release, decision.files, tool.definition.evidence);
      await run.checkpoint('fetched');
    } catch (error) {
      if (!(error instanceof PullthroughError) || !PERHAPS_CHANGED.has(error.code)) throw error;
      failure = error;
    }
    const now = await getRelease(client, tool.repository, release.id);
    // The name may be somebody else's by now: what they serve under it is not a lie of this release's.
    if (now === undefined) throw gone(release, failure);
    if (now.tag !== first.tag) throw retagged(first, now);
    if (sameFiles(release, now)) {
      if (fetched !== undefined && (await resolveTagCommit(client, tool.repository, now.tag)) === commit) {
        return { kind: 'fetched', fetched, release: now, decision, commit };
      }
      if (failure !== undefined && failure.code !== 'E_UPSTREAM_CHANGED') throw failure;
    }
    release = now;
    decision = release.draft
      ? { action: 'waiting', reason: 'it is a draft now' }
      : decideAgain(run, tool, release, standing);
  }
  return fail('E_UPSTREAM_CHANGED', `${first.tag} kept changing while it was fetched`, {
    hint: 'run again when upstream is done',
  });
}

function gone({ tag }: Release, cause: unknown): PullthroughError {
  return new PullthroughError('E_UPSTREAM_NOT_FOUND', `the release ${tag} was removed while it was fetched`, { cause });
}

/** A record names one tag, and this release no longer has it. */
function retagged({ tag }: Release, now: Release): PullthroughError {
  return new PullthroughError('E_UPSTREAM_CHANGED', `the release ${tag} was given the tag ${now.tag} meanwhile`, {
    hint: 'run again: it is another release now',
  });
}

/** Are all files as they were: names, sizes, digests, dates? */
function sameFiles(before: Release, now: Release): boolean {
  const files = ({ tag, assets }: Release): string =>
    JSON.stringify([
      tag,
      ...assets
        .map(({ id, name, size, state, sha256, updatedAt }) => [
          id,
          name,
          size,
          state,
          sha256 ?? '',
          updatedAt.getTime(),
        ])
        .sort(([a], [b]) => Number(a) - Number(b)),
    ]);
  return files(before) === files(now);
}
