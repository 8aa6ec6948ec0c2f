import { FINDINGS, blocking, isFindingName, namesOf } from '../../../inspect/finding.ts';
import type { Finding } from '../../../inspect/finding.ts';
import { nearest } from '../../../io/nearest.ts';
import { typed } from '../../../io/shell.ts';
import { brief } from '../../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';

/** How a run of `ack` answers; `review` never asks. */
export interface AckFlags {
  readonly change: string | undefined;
  readonly yes: boolean;
  /** Names of findings that are taken without a question. */
  readonly accepted: ReadonlySet<string>;
  /** Every file gets a line of its own. */
  readonly all: boolean;
  /** A person can be asked. */
  readonly asks: boolean;
}

/** Reads `--accept NAME,…`. Throws `E_USAGE` for an unknown finding, and for one that nobody can sign past. */
export function parseAccepted(text: string | undefined): ReadonlySet<string> {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!isFindingName(name)) {
      const near = nearest(name, Object.keys(FINDINGS));
      fail('E_USAGE', `--accept: ${name === '' ? 'a name is empty' : `${brief(name)} is not the name of a finding`}`, {
        hint: `${near === undefined ? '' : `did you mean ${near}? `}docs/findings.md lists them`,
      });
    }
    if (FINDINGS[name][0] === 'stop') {
      fail('E_USAGE', `--accept: ${name} is never signed, even when it is accepted`, {
        hint: 'close the proposal, or find out why it is so',
      });
    }
  }
  return new Set(names);
}

/**
 * `sign`: nothing wants a person, or it was accepted. `ask`: a person is asked, about `open` findings where there are
 * some. Throws `E_FINDINGS` where findings want a person and nobody can be asked.
 */
export function decide(
  findings: readonly Finding[],
  flags: AckFlags,
  about: { readonly title: string; readonly branch: string },
): { readonly answer: 'sign' | 'ask'; readonly open: readonly Finding[] } {
  const open = blocking(findings, flags.accepted);
  const asks = flags.asks && !flags.yes;
  if (open.some(({ level }) => level === 'stop') || (open.length > 0 && !asks)) throw notSigned(open, about);
  return { answer: asks && (open.length > 0 || flags.change === undefined) ? 'ask' : 'sign', open };
}

/** Why a proposal was not signed, with the findings' names. */
function notSigned(open: readonly Finding[], { title, branch }: { title: string; branch: string }): PullthroughError {
  const stops = open.filter(({ level }) => level === 'stop');
  const names = namesOf(open);
  if (stops.length > 0) {
    return new PullthroughError('E_FINDINGS', `${title} was not signed: ${namesOf(stops).join(', ')}`, {
      hint: 'nobody can sign past that; docs/findings.md says what to do',
    });
  }
  const want = names.length === 1 ? 'a finding wants' : `${names.length} findings want`;
  return new PullthroughError('E_FINDINGS', `${title} was not signed: ${want} a person: ${names.join(', ')}`, {
    hint: `look at each; to sign all the same: ${typed`pullthrough ack ${branch} --accept ${names.join(',')}`}`,
  });
}
