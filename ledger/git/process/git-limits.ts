/** Ends a git that says nothing on stdout and stderr for this long. HTTP has its own, shorter limit. */
const SILENCE_MS = 120_000;
/** A ledger with 100,000 open branches lists them in 10 MB. */
export const STDOUT_BYTES = 64 * 1024 * 1024;
/** Progress is a few lines a second at most; what a host has to say is shorter. */
export const STDERR_BYTES = 4 * 1024 * 1024;
/** How often {@link Limited.grown} is asked. */
const LOOK_MS = 250;

/** What ends a git beside its silence and what it says. */
export interface Limited {
  /** Milliseconds from its start to its end, however much it says. */
  readonly wallMs?: number | undefined;
  /** Asked again and again while it runs; a text is the reason to end it. */
  readonly grown?: (() => Promise<string | undefined>) | undefined;
}

/** Notices a git that goes on for too long, says too much, or nothing, and tells once. */
export class GitLimits {
  /** Why it was ended, as "it took longer than 600 s". */
  stopped: string | undefined;
  readonly #stop: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #silence: NodeJS.Timeout;

  constructor(stop: () => void, { wallMs, grown }: Limited = {}) {
    this.#stop = stop;
    this.#silence = setTimeout(() => this.#end(`it said nothing for ${SILENCE_MS / 1000} s`), SILENCE_MS);
    if (wallMs !== undefined) {
      this.#timers.push(setTimeout(() => this.#end(`it took longer than ${Math.ceil(wallMs / 1000)} s`), wallMs));
    }
    if (grown !== undefined) {
      const look = setInterval(() => void grown().then((reason) => reason !== undefined && this.#end(reason)), LOOK_MS);
      this.#timers.push(look);
    }
  }

  /** Counts what git says on one of its streams. */
  listen(stream: NodeJS.ReadableStream, most: number): void {
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      this.#silence.refresh();
      length += chunk.length;
      if (length > most) this.#end(`it said more than ${most / 1024 / 1024} MiB`);
    });
  }

  clear(): void {
    clearTimeout(this.#silence);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #end(reason: string): void {
    if (this.stopped !== undefined) return;
    this.stopped = reason;
    this.#stop();
  }
}
