import type { Environment } from '../../io/environment.ts';

/** A stream that people or programs read: process.stdout, process.stderr, or a test's. */
export type Stream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

export type Tone = 'good' | 'bad' | 'warning' | 'faint' | 'strong';

/** Text that was escaped already goes in, the same in colour comes out. */
export type Paint = (text: string, tone: Tone | undefined) => string;

const CODES: Readonly<Record<Tone, readonly [on: number, off: number]>> = {
  good: [32, 39],
  bad: [31, 39],
  warning: [33, 39],
  faint: [2, 22],
  strong: [1, 22],
};

/** https://no-color.org: set to anything but an empty string. FORCE_COLOR colours a pipe too; NO_COLOR wins over it. */
export function wantsColour(stream: Stream, env: Environment): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

export function painter(stream: Stream, env: Environment): Paint {
  if (!wantsColour(stream, env)) return (text) => text;
  return (text, tone) => {
    if (tone === undefined || text === '') return text;
    const [on, off] = CODES[tone];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
