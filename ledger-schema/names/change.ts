import { fail, isRefusal } from '../error.ts';
import { REGULAR, TREE } from '../files.ts';
import type { Finding } from '../files.ts';
import { RECORD_DEPTH, parseLedgerPath } from './layout.ts';
import type { LedgerPath } from './layout.ts';
import { findCollision, foldAscii } from './path.ts';
import { brief } from '../bytes.ts';

/** What a path is on one side of a change. */
export interface Side {
  readonly mode: string;
  readonly oid: string;
}

/** One leaf that differs between two trees; undefined where the path isn't there. */
export interface ChangedEntry {
  readonly path: string;
  readonly before: Side | undefined;
  readonly after: Side | undefined;
}

/** A file that a change adds, and what it is in the format. */
export interface AddedFile {
  readonly path: string;
  readonly oid: string;
  readonly kind: LedgerPath;
}

export interface Change {
  /** `none`: it touches neither `packages/` nor `trust/`. */
  readonly scope: 'records' | 'trust' | 'none';
  readonly added: readonly AddedFile[];
  readonly problems: readonly Finding[];
}

function root(path: string): 'packages' | 'trust' | undefined {
  const first = path.split('/', 1)[0];
  return first === 'packages' || first === 'trust' ? first : undefined;
}

/** Runs a check and turns its refusal into a finding about a path. */
export function collect<T>(problems: Finding[], path: string, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    problems.push(toFinding(error, path));
    return undefined;
  }
}

/** As {@link collect}, for checks that read. */
export async function collectAsync<T>(
  problems: Finding[],
  path: string,
  check: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    problems.push(toFinding(error, path));
    return undefined;
  }
}

/** A refusal as a finding; what couldn't be read is thrown on. */
export function toFinding(error: unknown, path: string): Finding {
  if (!isRefusal(error)) throw error;
  return { code: error.code, path, message: error.message };
}

/** Checks one leaf under `packages/` or `trust/`: a regular file, at a path of the format. Throws `E_MODE`, `E_PATH`. */
export function checkLeaf(path: string, mode: string): LedgerPath {
  if (mode === TREE && path.split('/').length >= RECORD_DEPTH) {
    fail('E_PATH', `${brief(path)} is a folder where the format has none`);
  }
  if (mode === TREE) fail('E_MODE', `${brief(path)} is an empty folder; only files are allowed`);
  if (mode !== REGULAR) fail('E_MODE', `${brief(path)} has mode ${mode}; only regular files (${REGULAR}) are allowed`);
  return parseLedgerPath(path);
}

/**
 * Append-only, and what a change may touch; ledger-format.md, principles 3 and 6, and "Layout". `now` says what the
 * current base has at a path: anything identical that is already there is not part of the change.
 */
export function readChange(entries: readonly ChangedEntry[], now: (path: string) => Side | undefined): Change {
  const problems: Finding[] = [];
  const added: AddedFile[] = [];
  const roots = new Set<'packages' | 'trust' | undefined>();
  for (const { path, before, after } of entries) {
    const present = now(path);
    if (present?.oid === after?.oid && present?.mode === after?.mode) continue;
    roots.add(root(path));
    if (root(path) === undefined) continue;
    collect(problems, path, () => {
      const old = before ?? present;
      if (after === undefined) fail('E_APPEND_ONLY', `${brief(path)} is removed; what is merged stays`);
      if (old !== undefined) fail('E_APPEND_ONLY', `${brief(path)} is changed; what is merged is never edited`);
      added.push({ path, oid: after.oid, kind: checkLeaf(path, after.mode) });
    });
  }
  const scope = roots.has('packages') ? 'records' : roots.has('trust') ? 'trust' : 'none';
  if (scope !== 'none' && roots.size > 1) {
    const and =
      roots.has('packages') && roots.has('trust')
        ? 'packages/ and trust/'
        : `${scope === 'trust' ? 'trust/' : 'packages/'} and something else`;
    problems.push({
      code: 'E_CHANGE',
      path: '',
      message: `the change touches ${and}; one change touches one of them alone`,
    });
  }
  return { scope, added, problems };
}

/** A path whose name is in its folder twice, which different readers read differently. */
export function twiceFinding(path: string): Finding {
  return { code: 'E_COLLISION', path, message: `${brief(path)} is in its folder twice` };
}

/**
 * Two names in one directory that are equal after ASCII case folding, as a finding: a new one, and another that is new
 * or already there. An existing collision is not the fault of a change beside it.
 */
export function collisionIn(
  directory: string,
  present: ReadonlySet<string>,
  come: Iterable<string>,
): Finding | undefined {
  const added = [...come].filter((name) => !present.has(name));
  const folded = present.size === 0 ? undefined : new Set(added.map(foldAscii));
  const pair = findCollision([...[...present].filter((name) => folded?.has(foldAscii(name))), ...added]);
  if (pair === undefined) return undefined;
  const path = `${directory}/${pair[1]}`;
  return { code: 'E_COLLISION', path, message: `${brief(path)} differs from ${brief(pair[0])} in case only` };
}
