import { stat } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { brief } from '../../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import type { CommandContext } from '../../wiring/command-context.ts';
import { PIN_HINT } from '../../wiring/settings/config.ts';
import { parseLocation } from '../../wiring/settings/location.ts';
import { parseStoreUrl } from '../../wiring/settings/store-url.ts';

/** One thing that `init` needs, from its flag or from a question. */
export interface Wanted {
  readonly flag: string;
  /** What is asked for. */
  readonly what: string;
  /** Shown once before the question. */
  readonly about?: readonly string[];
  /** What mirror.ini gets for it. Throws with exit 2 for what can't be taken. `asked`: a person typed it just now. */
  readonly read: (text: string, asked: boolean) => string | undefined | Promise<string | undefined>;
  /** An empty answer is taken; the question is not repeated. */
  readonly optional?: true;
}

/** Text that mirror.ini would read as something else: a comment, a quotation, another line. */
const CUT = /[\r\n;#]|^\s*["']|^$/;

/** What the flag gives, or a person answers; a wrong answer is reported and asked for again. Throws `E_USAGE`, `E_CONFIG`. */
export async function answerTo(
  wanted: Wanted,
  given: string | undefined,
  context: CommandContext,
): Promise<string | undefined> {
  const { flag, what, about, read, optional } = wanted;
  if (given !== undefined) return checked(flag, await read(requireHeld(flag, given), false));
  if (!context.interactive) {
    if (optional) return undefined;
    fail('E_USAGE', `--${flag} is missing: ${what}`, { hint: 'give it; at a terminal it is asked for' });
  }
  for (let first = true; ; first = false) {
    const text = await context.ask(`${what}:`, first ? about : undefined);
    if (text === '' && optional) return undefined;
    try {
      return checked(flag, await read(requireHeld(flag, text), true));
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.exit !== 2) throw error;
      context.output.problem(error);
    }
  }
}

function requireHeld(flag: string, text: string): string {
  if (!CUT.test(text)) return text;
  const what = text === '' ? 'is empty' : `has what mirror.ini can't hold: ${brief(text)}`;
  return fail('E_USAGE', `--${flag} ${what}`, { hint: 'leave out line ends, ; # and quotes at the beginning' });
}

const checked = (flag: string, text: string | undefined): string | undefined =>
  text === undefined ? undefined : requireHeld(flag, text);

/**
 * Rewrites a path that was typed here to be relative to mirror.ini's folder, so that it names the same place. An absolute
 * one stays as it is.
 */
function fromFolder(path: string, typed: string, folder: string): string {
  if (isAbsolute(typed) || /^(?:file:)?~/.test(typed)) return typed;
  const there = relative(folder, path).split(sep).join('/');
  return isAbsolute(there) || there.startsWith('..') ? there : `./${there}`;
}

/** `[ledger] repository` of the new folder. */
export function ledgerAnswer(folder: string, context: CommandContext): Wanted {
  return {
    flag: 'ledger',
    what: 'the ledger: OWNER/REPO, a git URL or ./FOLDER',
    read: async (text, asked) => {
      const location = parseLocation(text, context.cwd);
      if (location.kind !== 'directory') return text;
      const found = await stat(location.path).catch(() => undefined);
      if (found?.isDirectory() !== true) {
        if (asked)
          fail('E_USAGE', `there is no folder ${location.path}`, { hint: 'pullthrough ledger init makes one' });
        context.output.warn(`there is no ledger at ${location.path} yet`);
      }
      return fromFolder(location.path, text.replace(/^file:/i, ''), folder);
    },
  };
}

/** `[store] url` of the new folder. A bare word is taken for a slip. */
export function storeAnswer(folder: string, context: CommandContext): Wanted {
  return {
    flag: 'store',
    what: 'the store: file:./FOLDER (below the new folder), a path from here, or s3://BUCKET/PREFIX',
    read: (text, asked) => {
      if (asked && !/^(?:file:|s3:|[./~]|[A-Za-z]:[\\/])/i.test(text)) {
        fail('E_USAGE', `not a store: ${brief(text)}`, { hint: 'write file:./store, ./FOLDER or s3://BUCKET/PREFIX' });
      }
      if (/^[a-z][a-z0-9+.-]+:/i.test(text)) {
        parseStoreUrl(text, folder);
        return text;
      }
      return `file:${fromFolder(parseStoreUrl(text, context.cwd).slice('file:'.length), text, folder)}`;
    },
  };
}

/** Where a pin comes from: shown before the question, and where none was given. */
export const PIN_SOURCE =
  "the pin is the digest of one of the ledger's policies: pullthrough ledger init printed it, pullthrough trust show prints " +
  "it again, and the ledger's owner tells it over a separate channel";

/** `[trust] pin` of the new folder. */
export const PIN_ANSWER: Wanted = {
  flag: 'pin',
  what: 'the pin: sha256:HEX (empty: fill it in later)',
  about: [PIN_SOURCE],
  optional: true,
  read: (text) => {
    const digits = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1];
    if (digits === undefined) fail('E_USAGE', `--pin: ${brief(text)} is not a valid pin`, { hint: PIN_HINT });
    return `sha256:${digits}`;
  },
};
