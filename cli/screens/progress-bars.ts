import cliProgress from 'cli-progress';
import type { ProgressTask } from '../../io/progress.ts';
import type { Stream } from './style.ts';
import { columnsOf, cutInFront } from './table.ts';
import { bytesText, timeText } from './units.ts';

export interface BarState {
  /** Bytes so far, and in all. */
  readonly value: number;
  readonly total: number;
  /** Milliseconds since the transfer began. */
  readonly elapsed: number;
}

const BAR = 20;

/** The files of one release differ at the end of their names, so a long name is cut at the front. */
function fit(label: string, columns: number): string {
  const text = cutInFront(label, columns);
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** One bar: name, bar, bytes, rate and time left, in a terminal that is `width` columns wide. */
export function barLine(label: string, { value, total, elapsed }: BarState, width: number): string {
  const share = total > 0 ? Math.min(1, value / total) : 1;
  const full = Math.round(share * BAR);
  const rate = elapsed > 0 ? (value * 1000) / elapsed : 0;
  const left = rate > 0 && total >= value ? timeText((total - value) / rate) : '-:--';
  const bar = `[${'='.repeat(full)}${' '.repeat(BAR - full)}]`;
  const size = `${bytesText(value)} / ${bytesText(total)}`.padStart(21);
  const figures = `${bar} ${size} ${bytesText(Math.round(rate)).padStart(10)}/s ${left.padStart(5)} left`;
  return `${fit(label, Math.max(8, Math.min(40, width - figures.length - 2)))} ${figures}`;
}

export interface Bars {
  /** `label` is escaped already. */
  start(label: string, total: number): ProgressTask;
  /** A line above the bars. */
  log(line: string): void;
  /** Removes the bars and gives the terminal back; transfers that begin later get bars again. */
  pause(): void;
}

const UNSEEN: ProgressTask = { advance: () => undefined, done: () => undefined };

function newMultiBar(stream: Stream): cliProgress.MultiBar {
  return new cliProgress.MultiBar({
    stream,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
    gracefulExit: false,
    format: (_, params, payload: { label: string }) => {
      const elapsed = Date.now() - params.startTime;
      return barLine(payload.label, { value: params.value, total: params.total, elapsed }, params.maxWidth);
    },
  });
}

/** Bars for the transfers under way, as many as the terminal has rows for. */
export function openBars(stream: Stream): Bars {
  let current: cliProgress.MultiBar | undefined;
  let shown = 0;
  return {
    start(label, total) {
      if (shown >= (stream.rows ?? 24) - 3) return UNSEEN;
      current ??= newMultiBar(stream);
      const mine = current;
      const bar = mine.create(total, 0, { label });
      let value = 0;
      let drawn = Date.now();
      shown++;
      return {
        advance(bytes) {
          value += bytes;
          const now = Date.now();
          if (now - drawn < 100) return;
          drawn = now;
          bar.update(value);
        },
        done() {
          if (current !== mine) return;
          shown--;
          mine.remove(bar);
        },
      };
    },
    log(line) {
      if (current === undefined) stream.write(`${line}\n`);
      else current.log(`${line}\n`);
    },
    pause() {
      const ending = current;
      current = undefined;
      shown = 0;
      if (ending === undefined) return;
      // Only an update writes its log.
      ending.update();
      ending.stop();
    },
  };
}
