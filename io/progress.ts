/** What a long step tells anyone who watches; cli/ draws it, libraries stay silent. All amounts are bytes. */
export interface Progress {
  /** A file begins: what it is, and its size. */
  start(label: string, total: number): ProgressTask;
  /** A line for people: lower-case, without a full stop; shown escaped. */
  note(message: string): void;
  /** Something to look at that doesn't stop anything. In Actions it is an annotation. */
  warn(message: string): void;
}

export interface ProgressTask {
  advance(bytes: number): void;
  done(): void;
}

/** Says nothing. */
export const SILENT: Progress = {
  start: () => ({ advance: () => undefined, done: () => undefined }),
  note: () => undefined,
  warn: () => undefined,
};
