import type { Output } from '../../screens/output.ts';

/** What was signed in a run over several proposals, and what was not, so that it can be shown however the run ends. */
export class Sitting {
  readonly #titles: readonly string[];
  readonly #signed: string[] = [];
  readonly #reasons = new Map<string, string>();

  constructor(titles: readonly string[]) {
    this.#titles = titles;
  }

  signed(title: string): void {
    this.#signed.push(title);
  }

  /** `why` is a word or two. */
  notSigned(title: string, why: string): void {
    this.#reasons.set(title, why);
  }

  show(output: Output): void {
    if (this.#titles.length < 2) return;
    for (const title of this.#signed) output.line(`signed      ${title}`, 'good');
    for (const title of this.#titles) {
      if (!this.#signed.includes(title))
        output.line(`not signed  ${title} (${this.#reasons.get(title) ?? 'not reached'})`);
    }
  }
}
