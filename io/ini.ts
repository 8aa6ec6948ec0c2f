import { unsafe } from 'ini';
import { brief } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { nearest } from './nearest.ts';

/**
 * Turns a value's text (never empty, without control characters) into what the program uses. Refuses by
 * `fail('E_CONFIG', sentence, { hint })`, or any other code: readIni puts the file, line and key before the sentence.
 */
export type IniParser<T> = (text: string) => T;

/** Sections, their keys and what reads each. A key whose name ends in `[]` may be repeated and gives an array. */
export type IniSchema = Readonly<Record<string, Readonly<Record<string, IniParser<unknown>>>>>;

/** What a file says: for each key its value, undefined where the file has none, and an array for each `key[]`. */
export type IniValues<S extends IniSchema> = {
  readonly [Section in keyof S]: {
    readonly [Key in keyof S[Section]]: Key extends `${string}[]`
      ? readonly ReturnType<S[Section][Key]>[]
      : ReturnType<S[Section][Key]> | undefined;
  };
};

export interface IniFile<S extends IniSchema> {
  readonly values: IniValues<S>;
  /** `mirror.ini:3: [trust] pin`, for a message about a value; without the line where the file has no such key. */
  where<Section extends keyof S & string>(section: Section, key: keyof S[Section] & string): string;
}

/** The most characters of a file; ours have some dozen lines. */
export const INI_LENGTH = 1024 * 1024;
const LINE_LENGTH = 16 * 1024;
const LINES = 20_000;

interface Line {
  readonly number: number;
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** Does a comment begin in the middle of a word, where a person may not have meant one? */
function cutsWord(raw: string): boolean {
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === '\\') i++;
    else if (raw[i] === ';' || raw[i] === '#') return /^\S[;#]\S/.test(raw.slice(Math.max(0, i - 1), i + 2)) && i > 0;
  }
  return false;
}

/**
 * The value as the ini package reads it: unquoted, unescaped, without its comment. Refuses what it would have to guess.
 */
function readValue(raw: string, at: string): string {
  const first = raw[0];
  if (first === '"' || first === "'") {
    const inner = raw.length > 1 && raw.endsWith(first) ? raw.slice(1, -1) : undefined;
    const value: unknown = first === '"' ? unsafe(raw) : inner;
    if (inner === undefined || typeof value !== 'string' || value === raw || (first === "'" && inner.includes("'"))) {
      fail('E_CONFIG', `${at} has a quoted value that does not end as it should`, {
        hint: 'quote the whole value, and put a comment on a line of its own',
      });
    }
    return value;
  }
  if (cutsWord(raw)) {
    fail('E_CONFIG', `${at} has a ';' or '#' in the middle of a word, which begins a comment`, {
      hint: "write '\\;' or '\\#' where it belongs to the value, or put a space before the comment",
    });
  }
  return unsafe(raw);
}

function checkValue(value: string, at: string): void {
  if (value === '') fail('E_CONFIG', `${at} has no value`, { hint: 'remove the line to get the default' });
  if (/[\0-\x1f\x7f]/.test(value)) fail('E_CONFIG', `${at} has a control character in its value`);
}

function checkSection(name: string, file: string, line: number, schema: IniSchema): void {
  if (Object.hasOwn(schema, name)) return;
  const near = nearest(name, Object.keys(schema));
  const all = Object.keys(schema).map((section) => `[${section}]`);
  fail('E_CONFIG', `${file}:${line}: unknown section [${brief(name)}]`, {
    hint: near === undefined ? `the sections are ${all.join(', ')}` : `did you mean [${near}]?`,
  });
}

/** Where a key that its section doesn't know was probably meant to go. */
function keyHint(section: string, key: string, schema: IniSchema): string {
  const here = Object.keys(schema[section] ?? {});
  const brackets = here.find((known) => known === `${key}[]` || `${known}[]` === key);
  if (brackets !== undefined) return `write ${brackets}`;
  const elsewhere = Object.keys(schema).find((name) => Object.hasOwn(schema[name] ?? {}, key));
  if (elsewhere !== undefined) return `${key} belongs below [${elsewhere}]`;
  const near = nearest(key, here);
  return near === undefined ? `the keys of [${section}] are ${here.join(', ')}` : `did you mean ${near}?`;
}

/** Keys that are refused for a reason of their own, by `section.key`. */
export type RefusedKeys = Readonly<Record<string, { readonly why: string; readonly hint: string }>>;

interface Known {
  readonly schema: IniSchema;
  readonly refused: RefusedKeys;
}

function checkKey(section: string | undefined, key: string, at: string, { schema, refused }: Known): string {
  if (section === undefined) {
    const home = Object.keys(schema).find((name) => Object.hasOwn(schema[name] ?? {}, key));
    fail('E_CONFIG', `${at} ${brief(key)} comes before any section`, {
      hint: home === undefined ? 'begin with a line such as [section]' : `put it below [${home}]`,
    });
  }
  if (!Object.hasOwn(schema[section] ?? {}, key)) {
    const name = `${section}.${key.replace(/\[\]$/, '')}`;
    const refusal = Object.hasOwn(refused, name) ? refused[name] : undefined;
    if (refusal !== undefined) fail('E_CONFIG', `${at} ${key} in [${section}]: ${refusal.why}`, { hint: refusal.hint });
    fail('E_CONFIG', `${at} unknown key ${brief(key)} in [${section}]`, { hint: keyHint(section, key, schema) });
  }
  return section;
}

/** The lines that say something, each checked for its form and its names; the file is the attacker's until then. */
function* readLines(text: string, file: string, keys: Known): Iterable<Line> {
  const { schema } = keys;
  let section: string | undefined;
  for (const [index, whole] of text.split(/\r\n|\n|\r/, LINES + 1).entries()) {
    const number = index + 1;
    if (number > LINES) fail('E_CONFIG', `${file} has more than ${LINES} lines`);
    if (whole.length > LINE_LENGTH)
      fail('E_CONFIG', `${file}:${number}: more than ${LINE_LENGTH} characters in a line`);
    const line = whole.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    const header = /^\[([^\]]*)\]\s*(?:[;#].*)?$/s.exec(line);
    if (header !== null) {
      section = (header[1] ?? '').trim();
      checkSection(section, file, number, schema);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1) {
      const what = /^[a-z-]+(?:\[\])?$/i.test(line)
        ? `${brief(line)} has no '='`
        : 'not a [section], key = value or comment';
      fail('E_CONFIG', `${file}:${number}: ${what}`, { hint: 'write key = value; a comment begins with ; or #' });
    }
    const key = line.slice(0, equals).trim();
    const known = checkKey(section, key, `${file}:${number}:`, keys);
    const at = `${file}:${number}: ${key} in [${known}]`;
    const value = readValue(line.slice(equals + 1).trim(), at);
    checkValue(value, at);
    yield { number, section: known, key, value };
  }
}

function parseValue(line: Line, file: string, schema: IniSchema): unknown {
  try {
    return schema[line.section]?.[line.key]?.(line.value);
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_CONFIG', `${file}:${line.number}: ${line.key} in [${line.section}]: ${cause.message}`, {
      hint: cause.hint,
      cause,
    });
  }
}

/**
 * Reads an ini file as cli.md's "Configuration" says, strictly: comments, quotes and escapes are the ini package's, but
 * no line is lost, nothing is converted or nested, no key is overwritten. `file` is the name for messages. Every
 * refusal is `E_CONFIG` with the file, the line and the key, and for an unknown name the nearest known one, or why it is
 * `refused`.
 */
export function readIni<S extends IniSchema>(
  text: string,
  file: string,
  schema: S,
  refused: RefusedKeys = {},
): IniFile<S> {
  if (text.length > INI_LENGTH) fail('E_CONFIG', `${file} has more than ${INI_LENGTH} characters`);
  const values: Record<string, Record<string, unknown>> = {};
  for (const [section, keys] of Object.entries(schema)) {
    values[section] = {};
    for (const key of Object.keys(keys)) values[section][key] = key.endsWith('[]') ? [] : undefined;
  }
  const lines = new Map<string, number>();
  for (const line of readLines(text.replace(/^\uFEFF/, ''), file, { schema, refused })) {
    const name = `[${line.section}] ${line.key}`;
    const earlier = lines.get(name);
    const section = values[line.section] ?? {};
    const value = parseValue(line, file, schema);
    const list = section[line.key];
    if (Array.isArray(list)) {
      list.push(value);
    } else if (earlier === undefined) {
      section[line.key] = value;
    } else {
      fail('E_CONFIG', `${file}:${line.number}: ${line.key} in [${line.section}] is in line ${earlier} already`, {
        hint: 'keep one of the two',
      });
    }
    lines.set(name, earlier ?? line.number);
  }
  const where = (section: string, key: string): string => {
    const line = lines.get(`[${section}] ${key}`);
    return line === undefined ? `${file}: [${section}] ${key}` : `${file}:${line}: [${section}] ${key}`;
  };
  // Each value was made by its key's own parser, which is what the type says.
  return { values: values as IniValues<S>, where };
}

/** A value as it stands. */
export const text: IniParser<string> = (value) => value;

/** `true` or `false`. */
export const boolean: IniParser<boolean> = (value) => {
  if (value !== 'true' && value !== 'false') fail('E_CONFIG', `${brief(value)} is neither true nor false`);
  return value === 'true';
};

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): IniParser<T> {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const near = nearest(value, words);
    return fail('E_CONFIG', `${brief(value)} is not ${words.join(' or ')}`, {
      hint: near === undefined ? undefined : `did you mean ${near}?`,
    });
  };
}
