import { fail } from '../../../ledger-schema/error.ts';
import type { Objects } from './objects.ts';

/** One commit as the ledger's history tells it. Names and the message are whatever their writer chose. */
export interface LogEntry {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly email: string;
  /** The author's date as written in the commit; its maker chose it. */
  readonly date: Date;
  readonly message: string;
}

interface Commit extends LogEntry {
  readonly tree: string;
  /** The committer's date in seconds; it only orders the walk. */
  readonly time: number;
}

/** Brings commits that are missing here, and more of their history; says whether it is worth looking again. */
export type FetchHistory = (missing: readonly string[]) => Promise<boolean>;

const COMMIT_LIMIT = 1024 * 1024;
/** A log of at most this many commits doesn't depend on their dates, which their makers choose. */
const EXACT_LOG = 500;
const LEFT = 1;
const RIGHT = 2;
const BOTH = LEFT | RIGHT;
const STALE = 4;

type Flags = ReadonlyMap<string, number>;

interface Painted {
  readonly flags: Flags;
  readonly commits: ReadonlyMap<string, Commit>;
  /** Commits that one side alone reaches and that aren't here: behind them could be the answer. */
  readonly undecided: readonly string[];
}

/**
 * Questions about ancestry, answered from raw commit objects and their real parents. git's own answer in a shallow
 * clone treats the boundary as the beginning of history; here a missing parent leaves the question undecided until it
 * is fetched.
 */
export class History {
  readonly #objects: Objects;
  readonly #fetch: FetchHistory | undefined;
  readonly #known = new Map<string, Commit>();

  constructor(objects: Objects, fetch?: FetchHistory) {
    this.#objects = objects;
    this.#fetch = fetch;
  }

  /** The oid of a commit's tree. */
  async treeOf(commit: string): Promise<string> {
    const found = (await this.#commit(commit)) ?? ((await this.#fetch?.([commit])) && (await this.#commit(commit)));
    return found ? found.tree : fail('E_GIT', `commit ${commit} is not in the repository`);
  }

  /** A commit's message: whatever its writer chose. */
  async messageOf(commit: string): Promise<string> {
    await this.treeOf(commit);
    return (await this.#commit(commit))?.message ?? '';
  }

  /** Is `old` the commit `later` or an ancestor of it? */
  async isAncestor(old: string, later: string): Promise<boolean> {
    const reached = (flags: Flags): boolean => ((flags.get(old) ?? 0) & RIGHT) !== 0;
    let asked = this.#fetch === undefined;
    for (;;) {
      const { flags, undecided } = await this.#paint(old, later, reached);
      if (reached(flags)) return true;
      // No commit between the two is an ancestor of `old`, so what `old` has behind it changes nothing.
      if (!undecided.some((oid) => flags.get(oid) === RIGHT)) return false;
      if (!asked && !(await this.#commit(old))) {
        // A host that has `later` has all its ancestors.
        await this.#fetch?.([old]);
        if (!(await this.#commit(old))) return false;
      } else await this.#fetchMore(undecided);
      asked = true;
    }
  }

  /** The newest commit that both sides have; undefined where their histories have nothing in common. */
  async mergeBase(a: string, b: string): Promise<string | undefined> {
    return (await this.mergeBases(a, b))[0];
  }

  /**
   * Every commit that both sides have and that is not an ancestor of another of them, the newest first. Several where
   * branches were merged crosswise: which of them is the newest is for the makers of their dates to choose.
   */
  async mergeBases(a: string, b: string): Promise<string[]> {
    if (a === b) return [a];
    const { flags, commits } = await this.#decided(a, b);
    const found = [...flags].filter(([, flag]) => flag === BOTH).map(([oid]) => oid);
    const best: string[] = [];
    for (const oid of found) {
      const others = await Promise.all(
        found.map(async (other) => oid !== other && (await this.isAncestor(oid, other))),
      );
      if (!others.includes(true)) best.push(oid);
    }
    const time = (oid: string): number => commits.get(oid)?.time ?? -Infinity;
    return best.sort((x, y) => time(y) - time(x) || (x < y ? -1 : 1));
  }

  /** What `to` has and `from` hasn't, children before their parents; with `from` undefined all of it. */
  async log(from: string | undefined, to: string): Promise<LogEntry[]> {
    if (from === to) return [];
    const { flags, commits } = await this.#decided(from, to);
    const wanted = new Map([...commits].filter(([oid]) => ((flags.get(oid) ?? 0) & BOTH) === RIGHT));
    if (from !== undefined && wanted.size <= EXACT_LOG) {
      // With dates that run backwards the walk can end before it has painted an old commit from both sides.
      for (const oid of [...wanted.keys()]) if (await this.isAncestor(oid, from)) wanted.delete(oid);
    }
    const children = new Map<string, number>([...wanted.keys()].map((oid) => [oid, 0]));
    for (const { parents } of wanted.values()) {
      for (const parent of parents) children.set(parent, (children.get(parent) ?? 0) + 1);
    }
    const result: LogEntry[] = [];
    const ready = [...wanted.values()].filter(({ commit }) => children.get(commit) === 0);
    for (let next = ready.pop(); next; next = ready.pop()) {
      const { commit, parents, author, email, date, message } = next;
      result.push({ commit, parents, author, email, date, message });
      for (const parent of parents) {
        const left = (children.get(parent) ?? 0) - 1;
        children.set(parent, left);
        const entry = wanted.get(parent);
        if (left === 0 && entry) insert(ready, entry);
      }
    }
    return result;
  }

  /** Paints until nothing that is missing could change the answer. */
  async #decided(left: string | undefined, right: string): Promise<Painted> {
    for (;;) {
      const painted = await this.#paint(left, right);
      if (painted.undecided.length === 0) return painted;
      await this.#fetchMore(painted.undecided);
    }
  }

  async #fetchMore(undecided: readonly string[]): Promise<void> {
    if (this.#fetch && (await this.#fetch(undecided))) return;
    fail('E_GIT', `the history behind commit ${undecided[0] ?? ''} is needed and is not here`, {
      hint: 'the clone is shallow: run git fetch --unshallow',
    });
  }

  /**
   * Walks both histories, newest first, and paints what each side reaches. A commit that both reach is a candidate; what
   * lies behind one is stale. It ends when only stale commits older than all others are left to visit.
   */
  async #paint(left: string | undefined, right: string, enough?: (flags: Flags) => boolean): Promise<Painted> {
    const flags = new Map<string, number>();
    const commits = new Map<string, Commit>();
    const absent = new Set<string>();
    const queue: Commit[] = [];
    let oldest = Infinity;
    const visit = async (oid: string, flag: number): Promise<void> => {
      const before = flags.get(oid) ?? 0;
      if ((before | flag) === before) return;
      flags.set(oid, before | flag);
      const commit = await this.#commit(oid);
      if (!commit) absent.add(oid);
      else if (!queue.includes(commit)) insert(queue, commit);
      if (commit) commits.set(oid, commit);
    };
    const isStale = ({ commit }: Commit): boolean => ((flags.get(commit) ?? 0) & STALE) !== 0;
    if (left !== undefined) await visit(left, LEFT);
    await visit(right, RIGHT);
    for (let next = queue.pop(); next && !enough?.(flags); next = queue.pop()) {
      if (isStale(next) && next.time < oldest && queue.every(isStale)) break;
      const flag = flags.get(next.commit) ?? 0;
      if ((flag & STALE) === 0) oldest = Math.min(oldest, next.time);
      for (const parent of next.parents) await visit(parent, (flag & BOTH) === BOTH ? flag | STALE : flag);
    }
    const undecided = [...absent].filter((oid) => ((flags.get(oid) ?? 0) & BOTH) !== BOTH);
    return { flags, commits, undecided };
  }

  async #commit(oid: string): Promise<Commit | undefined> {
    const known = this.#known.get(oid);
    if (known) return known;
    const bytes = await this.#objects.here(oid, 'commit', COMMIT_LIMIT);
    if (!bytes) return undefined;
    const commit = parseCommit(oid, bytes);
    this.#known.set(oid, commit);
    return commit;
  }
}

/** Keeps a queue sorted by date, the newest at the end. */
function insert(queue: Commit[], commit: Commit): void {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((queue[middle]?.time ?? 0) <= commit.time) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, commit);
}

const IDENT = String.raw`[^<>\n]* <[^<>\n]*> (?:0|[1-9][0-9]{0,18}|[ +]+[0-9]{1,19}) [+-][0-9]{4}`;
/** How a commit must begin, or git refuses to fetch it (git fsck); a ledger that holds another would be nobody's to read. */
const FETCHABLE = new RegExp(
  String.raw`^tree [0-9a-f]{40,64}\n(?:parent [0-9a-f]{40,64}\n)*author ${IDENT}\ncommitter ${IDENT}\n`,
);

function parseCommit(oid: string, bytes: Uint8Array): Commit {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (bytes.includes(0) || !FETCHABLE.test(text)) return fail('E_GIT', `commit ${oid} is broken`);
  const end = text.indexOf('\n\n');
  const lines = (end < 0 ? text : text.slice(0, end)).split('\n');
  const values = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
  const [tree] = values('tree');
  if (tree === undefined || !/^[0-9a-f]{40,64}$/.test(tree)) return fail('E_GIT', `commit ${oid} is broken`);
  const author = /^(.*?) ?<(.*)> (-?\d{1,12}) [+-]\d+$/.exec(values('author')[0] ?? '');
  const committed = /> (-?\d{1,12}) [+-]\d+$/.exec(values('committer')[0] ?? '');
  return {
    commit: oid,
    tree,
    // As git: what stands behind the author is no parent.
    parents: lines
      .slice(
        1,
        lines.findIndex((line) => line.startsWith('author ')),
      )
      .map((line) => line.slice(7)),
    author: author?.[1] ?? '',
    email: author?.[2] ?? '',
    date: new Date(Number(author?.[3] ?? 0) * 1000),
    time: Number(committed?.[1] ?? 0),
    message: end < 0 ? '' : text.slice(end + 2),
  };
}
