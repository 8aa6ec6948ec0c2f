import type { Progress } from '../io/progress.ts';

type Task = ReturnType<Progress['start']>;

/** Progress of something that goes on behind a question: nothing of it is shown until `show`, and then all at once. */
export interface HeldProgress {
  readonly progress: Progress;
  show(): void;
}

export function holdProgress(real: Progress): HeldProgress {
  let shown = false;
  const waiting = new Set<() => void>();
  const orLater = (action: () => void): void => {
    if (shown) action();
    else waiting.add(action);
  };
  const progress: Progress = {
    note: (message) => orLater(() => real.note(message)),
    warn: (message) => orLater(() => real.warn(message)),
    start(label, size) {
      if (shown) return real.start(label, size);
      let [task, done, ended]: [Task | undefined, number, boolean] = [undefined, 0, false];
      waiting.add(() => {
        if (ended) return;
        task = real.start(label, size);
        task.advance(done);
      });
      return {
        advance(bytes) {
          done += bytes;
          task?.advance(bytes);
        },
        done() {
          ended = true;
          task?.done();
        },
      };
    },
  };
  return {
    progress,
    show() {
      shown = true;
      for (const action of waiting) action();
      waiting.clear();
    },
  };
}
