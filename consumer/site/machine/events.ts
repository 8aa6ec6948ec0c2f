import { PullthroughError, componentProblem } from '../../../ledger-schema/index.ts';
import type { Trust } from '../../../ledger-schema/index.ts';
import { dayText, peopleText } from '../../pages/words.ts';
import { isoText } from '../releases/judge.ts';
import type { KnownTool } from '../model.ts';

/** Something that readers of the feeds are told. */
export interface SiteEvent {
  readonly kind: 'acknowledged' | 'withdrawn' | 'expiring';
  /** The part of its name that stays the same: part of its entry's id. */
  readonly name: string;
  /** ISO 8601 */
  readonly at: string;
  readonly title: string;
  readonly text: string;
  readonly by: string;
  /** The page that tells more, below the site's folder. */
  readonly page: string;
}

/** Entries of a feed. */
const MOST = 50;
const DAY_MS = 86_400_000;
/** How long before it expires something is reported as expiring. */
const AHEAD_MS = 30 * DAY_MS;

/** The newest events of a site, while its tools pass by. */
export class Events {
  #newest: SiteEvent[] = [];
  /** What is older than this isn't among the newest. */
  #from = '';

  /** The newest first. */
  get newest(): readonly SiteEvent[] {
    return [...this.#newest].sort(newestFirst).slice(0, MOST);
  }

  add(event: SiteEvent): void {
    this.#newest.push(event);
    if (this.#newest.length < 20 * MOST) return;
    this.#newest = [...this.newest];
    this.#from = this.#newest.at(-1)?.at ?? '';
  }

  addTool({ repository, path, folder, releases }: KnownTool): void {
    for (const { tag, state, at, by, why, slug } of releases) {
      if (at === undefined || at < this.#from || (state !== 'acknowledged' && state !== 'withdrawn')) continue;
      const people = peopleText(by);
      const text = `${repository} ${tag} was ${state} by ${people}${why === undefined ? '' : `: ${why}`}.`;
      const page = slug === undefined ? `${folder}/index.html` : `${folder}/releases/${slug}.html`;
      const title = `${state}: ${repository} ${tag}`;
      this.add({ kind: state, name: `${path}/${encodeURIComponent(tag)}`, at, title, text, by: people, page });
    }
  }
}

function newestFirst(a: SiteEvent, b: SiteEvent): number {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** What expires within thirty days, or has: the policy, and keys that it lists. */
export async function expiring(trust: Trust): Promise<SiteEvent[]> {
  const { version, expires, holders } = trust.policy;
  const found = [{ what: `policy ${version}`, name: `policy/${version}`, by: 'the policy', when: trust.expires }];
  for (const [holder, keys] of Object.entries(holders)) {
    for (const listed of keys) {
      const when = await keyExpiry(trust, listed);
      if (when === undefined) continue;
      found.push({
        what: `a key of ${holder}, ${listed.fingerprint},`,
        name: `key/${listed.fingerprint}`,
        by: holder,
        when,
      });
    }
  }
  return found
    .filter(({ when }) => when.getTime() - trust.now.getTime() < AHEAD_MS)
    .map(({ what, name, by, when }) => {
      const text = `${what} expires on ${dayText(isoText(when))}; ask the roots for a new policy before policy ${version} ends on ${dayText(expires)}.`;
      const title = `expiring: ${what.replace(/,$/, '')}`;
      const at = isoText(new Date(when.getTime() - AHEAD_MS));
      return { kind: 'expiring', name: `${name}/${isoText(when)}`, at, title, text, by, page: 'index.html' };
    });
}

type Listed = Parameters<Trust['keyring']['key']>[0];

async function keyExpiry(trust: Trust, listed: Listed): Promise<Date | undefined> {
  try {
    const { components } = await trust.keyring.key(listed);
    const times = components.flatMap(({ binding }) => (binding.signs ? (binding.expires ?? Infinity) : []));
    const last = Math.max(...times);
    return Number.isFinite(last) ? new Date(last * 1000) : undefined;
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

/** Which keys of the policy can sign now: besides policy and record, that is all that a verdict depends on. */
export async function keyStates(trust: Trust): Promise<string[]> {
  const states: string[] = [];
  for (const keys of Object.values(trust.policy.holders)) {
    for (const listed of keys) {
      try {
        const key = await trust.keyring.key(listed);
        const judgement = { now: trust.now, revocation: true, expiry: true };
        states.push(
          ...key.components.map((each) => `${each.fingerprint} ${componentProblem(key, each, judgement) ?? 'good'}`),
        );
      } catch (error) {
        if (!(error instanceof PullthroughError)) throw error;
        states.push(`${listed.fingerprint} ${error.code}`);
      }
    }
  }
  return states;
}
