import { html } from '../pages/html.ts';
import type { Markup } from '../pages/html.ts';

export interface CheckSection {
  /** Links from the page: the site's folder, and the policies. */
  readonly root: string;
  readonly trust: string;
  /** The release that a page is about; undefined: the file's bytes say which one it is. */
  readonly release?:
    | {
        /** The link to its files. */
        readonly record: string;
        /** The record's directory in the ledger. */
        readonly path: string;
      }
    | undefined;
  /** The pin that the site was made with. */
  readonly pin: string;
}

/** Where a visitor's browser checks a file by itself. Without JavaScript it isn't shown. */
export function checkSection({ root, trust, release, pin }: CheckSection): Markup {
  const about =
    release === undefined
      ? html`Your browser hashes a file of yours, finds the releases that list it, and verifies their signatures by
        itself.`
      : html`Your browser hashes a file of yours and verifies the signatures of this release by itself.`;
  return html`<section
    class="check"
    id="check"
    aria-labelledby="check-title"
    hidden
    data-root="${root}"
    data-trust="${trust}"
    data-record="${release?.record ?? ''}"
    data-path="${release?.path ?? ''}"
    data-pin="sha256:${pin}"
  >
    <h2 id="check-title">Check it here</h2>
    <p>${about} Nothing is uploaded.</p>
    <div class="fields">
      <label class="pin"
        >Pin<input
          type="text"
          name="pin"
          id="pin"
          autocomplete="off"
          spellcheck="false"
          placeholder="sha256:…"
          aria-describedby="pin-hint"
      /></label>
    </div>
    <p class="faint" id="pin-hint">
      The SHA-256 of a policy, from the ledger’s owner over a separate channel. Left empty, this site’s own pin is used:
      a site that lies would lie about that too.
    </p>
    <div class="drop" id="drop">
      <label for="file">Drop a file here, or choose one</label>
      <input type="file" id="file" />
    </div>
    <div class="answer" id="answer" role="status" aria-live="polite"></div>
  </section> `;
}

/** What the pages of a site allow themselves: its own style and program, and nothing from anyone else. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; " +
  "base-uri 'none'";
