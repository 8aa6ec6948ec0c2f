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
    rows: shown.map((result) => [actionCell(result), result.tool, result.tag ?? '', sizeOf(result), whyOf(result)]),
  });
  if (results.length > 0) output.line(sumText(results));
  if (results.length === 0) {
    const share = shard === undefined ? 'there is no tool' : `share ${shard.index} of ${shard.count} holds no tool`;
    output.note(shard === undefined ? `${share}: write a tool.ini by pullthrough add OWNER/REPO` : share);
  }
  if (isOnlyFailure(results)) return;
  for (const result of results) {
    if (result.error !== undefined) output.problem(toError(result.error), nameOf(result));
  }
}

function isOnlyFailure(results: readonly ReleaseResult[]): boolean {
  return results.length === 1 && results[0]?.error !== undefined;
}

/** Ends the command with the failures of a run; a lone one is thrown as it is. */
export function endReleases(results: readonly ReleaseResult[]): void {
  const failures = results.flatMap(({ error }) => (error === undefined ? [] : [toError(error)]));
  const [only] = failures;
  if (isOnlyFailure(results) && only !== undefined && only.exit !== 2) throw only;
  endSeveral(failures, results.length, 'releases');
}
