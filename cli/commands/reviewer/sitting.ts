import type { Output } from '../../screens/output.ts';

/** How long the rest of an interrupted run may take to clean up before it is said what was signed; milliseconds. */
const PATIENCE = 300;

/** What was signed in a run over several proposals, and what was not, so that it can be shown however the run ends. */
export class Sitting {
  readonly #titles: readonly string[];
  readonly #signed: string[] = [];
  readonly #reasons = new Map<string, string>();
  #pushing: string | undefined;
  #shown = false;

  constructor(titles: readonly string[]) {
    this.#titles = titles;
  }

  /** Its ack is on its way: until it is signed nobody knows. */
  pushing(title: string): void {
    this.#pushing = title;
  }

  signed(title: string): void {
    this.#pushing = undefined;
    if (!this.#signed.includes(title)) this.#signed.push(title);
  }

  /** `why` is a word or two. */
  notSigned(title: string, why: string): void {
    this.#pushing = undefined;
    this.#reasons.set(title, why);
  }

  /** Shows it when the run is interrupted, also where the run itself takes its time to end. */
  showWhenInterrupted(signal: AbortSignal, output: Output): void {
    const show = (): void => void setTimeout(() => this.show(output, true), PATIENCE).unref();
    signal.addEventListener('abort', show, { once: true });
  }

  /** Once. One proposal alone needs no list, unless the run was interrupted. */
  show(output: Output, interrupted: boolean): void {
    if (this.#shown || this.#titles.length < (interrupted ? 1 : 2)) return;
    this.#shown = true;
    for (const title of this.#signed) output.line(`signed      ${title}`, 'good');
    for (const title of this.#titles) {
      if (this.#signed.includes(title)) continue;
      if (interrupted && title === this.#pushing) {
        output.line(`not known   ${title} (interrupted while the ack was pushed; run it again to see)`, 'warning');
      } else output.line(`not signed  ${title} (${this.#reasons.get(title) ?? 'not reached'})`);
    }
  }
}
