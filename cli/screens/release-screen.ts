import { PullthroughError } from '../../ledger-schema/error.ts';
import type { Share } from '../spec/spec.ts';
import type { Action, ReleaseResult } from '../../executor/result.ts';
import type { ErrorReport } from '../../io/error-report.ts';
import type { Output } from './output.ts';
import { endSeveral } from './several.ts';
import type { Tone } from './style.ts';
import type { Cell } from './table.ts';
import { bytesText } from './units.ts';

const TONES: Readonly<Partial<Record<Action, Tone>>> = {
  propose: 'strong',
  proposed: 'good',
  restock: 'strong',
  restocked: 'good',
  waiting: 'warning',
  failed: 'bad',
};

function toError({ code, message, hint }: ErrorReport): PullthroughError {
  return new PullthroughError(code, message, { hint });
}

const nameOf = ({ tool, tag }: ReleaseResult): string => (tag === undefined ? tool : `${tool}@${tag}`);

function sizeOf({ files }: ReleaseResult): string {
  if (files === undefined) return '';
  const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const unknown = files.some(({ size }) => size === undefined);
  const hosts = [...new Set(files.flatMap(({ url, host }) => (url === undefined ? [] : [host ?? new URL(url).host])))];
  const from = hosts.length === 0 ? '' : `, from ${hosts.join(', ')}`;
  return `${files.length} file${files.length === 1 ? '' : 's'}, ${unknown ? 'at least ' : ''}${bytesText(total)}${from}`;
}

function actionCell({ action }: ReleaseResult): Cell {
  const tone = TONES[action];
  return tone === undefined ? action : { text: action, tone };
}

export interface ShowOptions {
  readonly shard?: Share | undefined;
  /** Show held releases as well: they are most of what a run looks at. */
  readonly all?: boolean | undefined;
}

/** The order in which the sum lists them. */
const WORDS: readonly (readonly [Action, string])[] = [
  ['propose', 'to propose'],
  ['proposed', 'proposed'],
  ['restock', 'to restock'],
  ['restocked', 'restocked'],
  ['waiting', 'waiting'],
  ['closed', 'closed'],
  ['nothing', 'with nothing to take'],
  ['failed', 'failed'],
  ['held', 'held'],
];

/** `2 proposed, 1 waiting, 300 held`. */
export function sumText(results: readonly ReleaseResult[]): string {
  const parts = WORDS.flatMap(([action, words]) => {
    const count = results.filter((result) => result.action === action).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  return parts.join(', ');
}

/** A failure is said once, below the table. */
function whyOf(result: ReleaseResult): string {
  if (result.error !== undefined) return result.error.code;
  return result.pull === undefined ? result.reason : `${result.reason} (${result.pull.url})`;
}

/**
 * What a run did, or would do: a line for each release that isn't as it was, a sum, then each failure. Held releases are
 * only in the sum, unless `all` is set.
 */
export function showReleases(
  title: string,
  results: readonly ReleaseResult[],
  output: Output,
  { shard, all }: ShowOptions = {},
): void {
  output.results({ releases: results });
  for (const result of results) {
    for (const warning of result.warnings) output.warn(`${nameOf(result)}: ${warning}`);
    for (const finding of result.findings ?? []) output.finding(finding, nameOf(result));
  }
  const shown = all === true ? results : results.filter(({ action }) => action !== 'held');
  output.table({
    title,
    head: ['action', 'tool', 'tag', 'files', 'why'],
    names: [1],
    rows: shown.map((result) => [actionCell(result), result.tool, result.tag ?? '', sizeOf(result), whyOf(result)]),
  });
  if (results.length > 0) output.line(sumText(results));
  if (results.length === 0) {
    const share = shard === undefined ? 'there is no tool' : `share ${shard.index} of ${shard.count} holds no tool`;
    output.note(shard === undefined ? `${share}: write a tool.ini by pullthrough add OWNER/REPO` : share);
  }
  if (onlyFailure(results) !== undefined) return;
  for (const { error, names } of differentFailures(results)) output.problem(toError(error), someNames(names));
}

const sameFailure = (a: ErrorReport, b: ErrorReport): boolean => a.code === b.code && a.message === b.message;

/** Each failure once, with what it befell: a ledger that refuses the token refuses it for every release. */
function differentFailures(results: readonly ReleaseResult[]): { error: ErrorReport; names: string[] }[] {
  const different: { error: ErrorReport; names: string[] }[] = [];
  for (const result of results) {
    const { error } = result;
    if (error === undefined) continue;
    const known = different.find((one) => sameFailure(one.error, error));
    if (known === undefined) different.push({ error, names: [nameOf(result)] });
    else known.names.push(nameOf(result));
  }
  return different;
}

const NAMES_SHOWN = 3;

function someNames(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return more > 0 ? `${names.slice(0, NAMES_SHOWN).join(', ')} and ${more} more` : names.join(', ');
}

/** The one failure that all releases of a run ended with; it is said as the command's own. */
function onlyFailure(results: readonly ReleaseResult[]): PullthroughError | undefined {
  const [first, ...others] = differentFailures(results);
  if (first === undefined || others.length > 0 || first.names.length < results.length) return undefined;
  const error = toError(first.error);
  return error.exit === 2 && results.length > 1 ? undefined : error;
}

/** One that befell a single release says which. */
function ofRelease(error: PullthroughError, [result, ...others]: readonly ReleaseResult[]): PullthroughError {
  const { code, message, hint } = error;
  if (result === undefined || others.length > 0 || message.includes(result.tool)) return error;
  return new PullthroughError(code, `${nameOf(result)}: ${message}`, { hint, cause: error });
}

/**
 * Ends the command with the failures of a run; where all ended with one, that is thrown. `then`: what failed after
 * the releases; it ends the command unless a release failed with the same.
 */
export function endReleases(results: readonly ReleaseResult[], then?: PullthroughError): void {
  const failures = results.flatMap(({ error }) => (error === undefined ? [] : [toError(error)]));
  if (then !== undefined && !failures.some((failure) => sameFailure(failure, then))) throw then;
  const only = onlyFailure(results);
  if (only !== undefined && only.exit !== 2) throw ofRelease(only, results);
  endSeveral(failures, results.length, 'releases');
}
