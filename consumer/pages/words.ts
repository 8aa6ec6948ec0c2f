import { html } from './html.ts';
import type { Markup } from './html.ts';
import type { ReleaseRow, ShownState } from './model.ts';

export type Tone = 'good' | 'bad' | 'wait';

const STATES: Readonly<Record<ShownState, { readonly tone: Tone; readonly mark: string; readonly text: string }>> = {
  acknowledged: { tone: 'good', mark: '✓', text: 'Acknowledged' },
  withdrawn: { tone: 'bad', mark: '✕', text: 'Withdrawn' },
  invalid: { tone: 'bad', mark: '✕', text: 'Invalid' },
  proposed: { tone: 'wait', mark: '…', text: 'Waiting for acks' },
  open: { tone: 'wait', mark: '…', text: 'Proposed' },
};

export function toneOf(state: ShownState): Tone {
  return STATES[state].tone;
}

/** The state in words, with a mark: some readers can't see colour. */
export function stateMarkup(state: ShownState): Markup {
  const { tone, mark, text } = STATES[state];
  return html`<span class="state ${tone}"><span aria-hidden="true">${mark}</span>${text}</span>`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `3 Jan 2026`, in UTC, with the whole time for programs. */
export function dayMarkup(iso: string): Markup {
  return html`<time datetime="${iso}">${dayText(iso)}</time>`;
}

export function dayText(iso: string): string {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})/.exec(iso) ?? [];
  return `${Number(day)} ${MONTHS[Number(month) - 1] ?? ''} ${year}`;
}

/** `3 Jan 2026, 10:00 UTC` */
export function timeText(iso: string): string {
  return `${dayText(iso)}, ${iso.slice(11, 16)} UTC`;
}

/** A message of the program as a sentence of a page. */
export function sentence(message: string): string {
  const begun = /^[a-z]+[ ,']/.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message;
  return /[.!?:]$/.test(begun) ? begun : `${begun}.`;
}

/** `ada`, `ada and linus`, `ada, linus and 2 more`. */
export function peopleText(names: readonly string[]): string {
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

/** Who did what, as a row says it. */
export function bySentence({ state, by, at }: ReleaseRow): Markup {
  const on = at === undefined ? html`` : html` on ${dayMarkup(at)}`;
  switch (state) {
    case 'acknowledged':
      return html`By ${peopleText(by)}${on}.`;
    case 'withdrawn':
      return html`Withdrawn by ${peopleText(by)}: these bytes must not be used.`;
    case 'proposed':
      return by.length === 0 ? html`Nobody has acknowledged it yet.` : html`Acknowledged so far by ${peopleText(by)}.`;
    case 'open':
      return html`Proposed, and not merged yet.`;
    case 'invalid':
      return html`Its record cannot be used.`;
  }
}
