import type { ProgressTask } from '../../io/progress.ts';
import { bytesText, timeText } from './units.ts';

/** How often a long transfer says where it is, in milliseconds. */
const EVERY = 30_000;

/** Progress in a pipe or a log: one line when a file is done, and one every 30 s before that. */
export function startLine(label: string, total: number, write: (line: string) => void, clock = Date.now): ProgressTask {
  const begun = clock();
  let spoken = begun;
  let value = 0;
  return {
    advance(bytes) {
      value += bytes;
      const now = clock();
      if (now - spoken < EVERY) return;
      spoken = now;
      const rate = (value * 1000) / (now - begun);
      const left = rate > 0 && total > value ? `, ${timeText((total - value) / rate)} left` : '';
      write(`${label}: ${bytesText(value)} of ${bytesText(total)}, ${bytesText(Math.round(rate))}/s${left}`);
    },
    done() {
      // A transfer that was not needed or ended early: the result or an error says so.
      if (value < total) return;
      write(`${label}: ${bytesText(value)} in ${timeText((clock() - begun) / 1000)}`);
    },
  };
}
