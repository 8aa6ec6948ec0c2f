import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { HEAD_BRANCH } from '../../ledger-schema/names/branches.ts';
import type { PullthroughError } from '../../ledger-schema/error.ts';
import type { Clone } from './clone.ts';
import type { ObjectFormat } from './objects/pack.ts';
import type { GitConfig } from './process/git-environment.ts';
import type { GitResult } from './process/git.ts';
import { REMOTE, remoteError } from './remote.ts';

/**
 * How many generations of commits are fetched with a tip that is new here: a few kilobytes, and enough for most
 * questions.
 */
const DEPTH = 32;
/** How many objects one request asks for. */
const OBJECTS_PER_REQUEST = 20_000;

/** The commit of the configured branch, and that of a branch that was asked for; kept so that git has something in common. */
const HEAD_REF = 'refs/pullthrough/head';
/** The commit of the branch `pullthrough-head`. */
const SIGNED_REF = 'refs/pullthrough/signed-head';
const ASKED_REF = 'refs/pullthrough/asked';

/**
 * The clone is partial: no tree and no blob comes by itself (`tree:0`). A host that doesn't know filters sends them all,
 * and nothing is missing afterwards.
 */
const FILTERED: GitConfig = [
  [`remote.${REMOTE}.promisor`, 'true'],
  [`remote.${REMOTE}.partialclonefilter`, 'tree:0'],
];
const WHOLE: GitConfig = [[`remote.${REMOTE}.promisor`, 'true']];
/** Trees with all that lies in them, but for files that hardly any record has. */
const BELOW: GitConfig = [...WHOLE, [`remote.${REMOTE}.partialclonefilter`, 'blob:limit=64k']];
/** git repacks by itself, in the background, once there are many packs; the fetch of the ledger's head may start it. */
const NO_MAINTENANCE: GitConfig = [['maintenance.auto', 'false']];
/** An object asked for by its id is known to be missing: there is nothing to negotiate. */
const NO_NEGOTIATION: GitConfig = [['fetch.negotiationAlgorithm', 'noop']];

const FETCH = ['fetch', '--verbose', '--progress', '--no-tags', '--no-write-fetch-head'];

/** Everything that comes from the ledger into the clone. */
export class Fetcher {
  readonly #clone: Clone;
  readonly #fresh: boolean;
  #depth: number | undefined = DEPTH;
  #deeper = DEPTH;
  /** The host serves nothing by its id, so a filter is of no use. */
  #whole = false;

  /** `fresh`: the clone is a new one, and nothing that is wrong is its own fault. */
  constructor(clone: Clone, fresh = false) {
    this.#clone = clone;
    this.#fresh = fresh;
  }

  /** Every branch of the ledger, as it is now: name to commit. */
  async listBranches(): Promise<Map<string, string>> {
    const result = await this.#clone.network(['ls-remote', '--heads', REMOTE]);
    if (result.exitCode !== 0) throw this.error(result, 'list the branches of the ledger');
    const branches = listedBranches(result.stdout);
    for (const { length } of branches.values()) {
      const format = length === 40 ? 'sha1' : 'sha256';
      if (format !== this.#clone.format) throw new OtherObjectFormat(format);
    }
    return branches;
  }

  /**
   * Fetches the configured branch and gives its commit; undefined where the ledger has no such branch. `known` is what an
   * earlier fetch of it gave. Under the lock.
   */
  async head(branch: string, known: string | undefined, signed: boolean): Promise<string | undefined> {
    // No depth where something is here already: everything in between is fetched. A pattern, since a name that isn't
    // there would end the fetch.
    const more = signed ? [`+refs/heads/${HEAD_BRANCH}*:${SIGNED_REF}*`] : [];
    const found = await this.#ref(`refs/heads/${branch}`, HEAD_REF, known === undefined, this.#first(known), more);
    return found ? this.readHead() : undefined;
  }

  /**
   * A host without such a branch must be a git host at all: git takes an empty answer, such as a captive portal's, for
   * a repository without branches. Throws `E_LEDGER_UNREACHABLE`.
   */
  async requireGit(): Promise<void> {
    if (this.#clone.remote.kind !== 'http') return;
    const result = await this.#clone.network(['ls-remote', REMOTE], { extra: { GIT_TRACE_PACKET: '1' } });
    if (result.exitCode !== 0) throw this.error(result, 'list the branches of the ledger');
    if (result.stdout !== '' || /packet: .*</.test(result.stderr)) return;
    throw this.error({ ...result, stderr: 'fatal: not valid: is this a git repository?' }, 'fetch the ledger');
  }

  /** The commit of the signed head as of the last fetch. */
  async readSigned(): Promise<string | undefined> {
    return this.#read(SIGNED_REF);
  }

  /** The commit of the configured branch as of the last fetch. */
  async readHead(): Promise<string | undefined> {
    return this.#read(HEAD_REF);
  }

  async writeHead(commit: string): Promise<void> {
    const result = await this.#clone.local(['update-ref', HEAD_REF, commit]);
    if (result.exitCode !== 0) throw this.error(result, 'remember the ledger’s newest commit');
  }

  /** Fetches one ref, as `refs/heads/x`, and gives its commit; undefined where there is none. Under the lock. */
  async ref(name: string): Promise<string | undefined> {
    return (await this.#ref(name, ASKED_REF, true)) ? this.#read(ASKED_REF) : undefined;
  }

  /**
   * Fetches commits that are tips of branches, each with some of its history. Where `head` is among them, it is remembered;
   * `known` is what was remembered before. Under the lock.
   */
  async tips(commits: readonly string[], head: string | undefined, known: string | undefined): Promise<GitResult> {
    const wanted = lines(commits.map((commit) => (commit === head ? `+${commit}:${HEAD_REF}` : commit)));
    return this.#fetch([...FETCH, ...this.#depthArgs(true), '--stdin', REMOTE], wanted, this.#first(known));
  }

  /**
   * Brings objects by their ids, trees with what lies `below` them if asked; those that the host doesn't have stay
   * missing. `tips` are fetched instead where it serves none by id.
   */
  async objects(oids: readonly string[], tips: readonly string[], below?: 'below'): Promise<void> {
    for (let from = 0; from < oids.length; from += OBJECTS_PER_REQUEST) {
      const config = [...(below ? BELOW : this.#filter()), ...NO_MAINTENANCE, ...NO_NEGOTIATION];
      const input = lines(oids.slice(from, from + OBJECTS_PER_REQUEST));
      const result = await this.#network([...FETCH, '--stdin', REMOTE], { input, config });
      if (result.exitCode === 0 || sentSome(result.stderr)) continue;
      if (!isUnknown(result)) throw this.error(result, 'fetch objects of the ledger', true);
      if (this.#whole) return;
      this.#whole = true;
      const whole = await this.#clone.locked(() =>
        this.#fetch([...FETCH, '--refetch', `--depth=${DEPTH}`, '--stdin', REMOTE], lines(tips), WHOLE),
      );
      if (whole.exitCode !== 0) throw this.error(whole, 'fetch the whole ledger');
      return;
    }
  }

  /**
   * Brings commits and their history, four times as many generations each time. Where the host gives no commit by its
   * id, all history of `tips`. Under the lock.
   */
  async history(commits: readonly string[], tips: readonly string[]): Promise<void> {
    this.#deeper = Math.min(this.#deeper * 4, 1_000_000);
    const wanted = new Set(commits);
    while (wanted.size > 0) {
      const args = [...FETCH, `--depth=${this.#deeper}`, '--stdin', REMOTE];
      const result = await this.#fetch(args, lines([...wanted]), FILTERED);
      if (result.exitCode === 0) return;
      // A host with the other kind of object ids takes it for the name of a ref.
      const unknown = /(?:not our ref|couldn't find remote ref) ([0-9a-f]{40,64})/.exec(result.stderr)?.[1];
      if (unknown !== undefined && wanted.delete(unknown)) continue;
      if (!isUnknown(result)) throw this.error(result, 'fetch the history of the ledger');
      const all = [...FETCH, '--depth=2147483647', '--stdin', REMOTE];
      const whole = await this.#fetch(all, lines(tips), FILTERED);
      if (whole.exitCode !== 0) throw this.error(whole, 'fetch the history of the ledger');
      return;
    }
  }

  #filter(): GitConfig {
    return this.#whole ? WHOLE : FILTERED;
  }

  /** How the ledger's head is fetched: a clone that is new has nothing to repack. */
  #first(known: string | undefined): GitConfig {
    return known === undefined ? [...this.#filter(), ...NO_MAINTENANCE] : this.#filter();
  }

  #depthArgs(wanted: boolean): string[] {
    return wanted && this.#depth !== undefined ? [`--depth=${this.#depth}`] : [];
  }

  async #ref(
    ref: string,
    destination: string,
    shallow: boolean,
    config = this.#filter(),
    more: readonly string[] = [],
  ): Promise<boolean> {
    const args = [...FETCH, ...this.#depthArgs(shallow), REMOTE, `+${ref}:${destination}`, ...more];
    const result = await this.#fetch(args, undefined, config);
    if (result.exitCode === 0) return true;
    if (/couldn't find remote ref/.test(result.stderr)) return false;
    throw this.error(result, 'fetch the ledger');
  }

  /** A fetch that puts up with a plain web server, which knows no depth, and with the other kind of object ids. */
  async #fetch(args: readonly string[], input: string | undefined, config: GitConfig): Promise<GitResult> {
    const result = await this.#network(args, { input, config });
    if (result.exitCode === 0) return result;
    if (/does not support shallow/.test(result.stderr) && this.#depth !== undefined) {
      this.#depth = undefined;
      return this.#fetch(
        args.filter((arg) => !arg.startsWith('--depth=')),
        input,
        config,
      );
    }
    const format = /mismatched algorithms: client \w+; server (\w+)/.exec(result.stderr)?.[1];
    if (format === 'sha1' || format === 'sha256') throw new OtherObjectFormat(format);
    return result;
  }

  /** Objects are fetched without a lock; git itself notices when another fetch changed what it started from. */
  async #network(args: readonly string[], options: { input?: string; config: GitConfig }): Promise<GitResult> {
    for (let attempt = 1; ; attempt++) {
      const result = await this.#clone.network(args, options);
      if (attempt === 3 || !/shallow file has changed|did not send all necessary objects/.test(result.stderr))
        return result;
    }
  }

  async #read(ref: string): Promise<string | undefined> {
    // As git stores it, unless it was packed with others: starting git takes as long as reading everything for a
    // record.
    const stored = await readFile(join(this.#clone.directory, ref), 'latin1').catch(() => '');
    if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})\n$/.test(stored)) return stored.trim();
    const { exitCode, stdout } = await this.#clone.local(['rev-parse', '--verify', `${ref}^{commit}`]);
    const commit = stdout.trim();
    return exitCode === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
  }

  /** What git said when it talked to the ledger and failed. */
  error(result: GitResult, action: string, objects = false): PullthroughError {
    const { remote, directory } = this.#clone;
    return remoteError(result, action, { remote, clone: directory, fresh: this.#fresh, objects });
  }
}

/** The branches that `git ls-remote` printed: name to commit. */
export function listedBranches(printed: string): Map<string, string> {
  const found = printed.matchAll(/^([0-9a-f]{40,64})\trefs\/heads\/(.+)$/gm);
  return new Map(Array.from(found, ([, commit = '', branch = '']) => [branch, commit]));
}

/** The ledger's objects have ids of another kind: its clone must be made for them. */
export class OtherObjectFormat extends Error {
  readonly format: ObjectFormat;

  constructor(format: ObjectFormat) {
    super(`the ledger's object ids are ${format}`);
    this.format = format;
  }
}

/** Does the host not have it, or not give it by its id? */
export function isUnknown(result: GitResult): boolean {
  return /not our ref|unadvertised object|no such remote ref/.test(result.stderr);
}

function lines(values: readonly string[]): string {
  if (values.length === 0) return fail('E_INTERNAL', 'git was to fetch nothing');
  return `${values.join('\n')}\n`;
}

/** git misses something that it asked for by its id; whatever came is here. */
export function sentSome(stderr: string): boolean {
  return /did not send all necessary objects/.test(stderr);
}
