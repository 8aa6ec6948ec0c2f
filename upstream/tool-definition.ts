import picomatch from 'picomatch';
import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { parseRange } from '../ledger-schema/versions/version-range.ts';
import { apiUrl } from '../io/http/api-url.ts';
import { keyFileOf, parseRequirement } from '../evidence/require.ts';
import type { Requirement } from '../evidence/require.ts';
import type { Keep } from '../evidence/collect.ts';
import { boolean, oneOf, readIni, text } from '../io/ini.ts';
import { duration } from '../io/ini-values.ts';
import type { IniFile, IniParser, IniSchema, RefusedKeys } from '../io/ini.ts';
import { nearest } from '../io/nearest.ts';
import { checkAssetUrl } from './asset-url.ts';

/** Which releases a tool wants; cli.md, "Configuration", `select`. */
export type Selection =
  | { readonly kind: 'latest' }
  | { readonly kind: 'all' }
  | { readonly kind: 'newest'; readonly count: number }
  | { readonly kind: 'range'; readonly range: string }
  | { readonly kind: 'tags'; readonly tags: readonly string[] };

export type { Requirement } from '../evidence/require.ts';

/** A tool.ini, read; an empty one means the latest release with every asset. */
export interface ToolDefinition {
  readonly select: Selection;
  readonly prerelease: boolean;
  /** Milliseconds. */
  readonly minAge: number;
  readonly tagPrefix: string;
  /** Globs over asset names; none: every asset. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Templates with {tag} and {version}. */
  readonly urls: readonly string[];
  /** Another forge for this tool: the API's base without a slash at the end. */
  readonly api: string | undefined;
  /** The environment variable that holds that forge's token. */
  readonly tokenFrom: string | undefined;
  readonly evidence: readonly Requirement[];
  /** What of the evidence that verifies is recorded. */
  readonly keep: Keep;
  /** Globs over the tags that upstream doesn't have any more, as somebody looked and saw: `watch` only notes them. */
  readonly gone: readonly string[];
  /** Exactly these names, whatever include[] and exclude[] say: what an old checklist lists. No tool.ini has it. */
  readonly only?: ReadonlySet<string> | undefined;
}

const SELECT_HINT = 'write latest, all, latest:5, a semver range such as ^1.2, or tag:v1.2.3,v1.2.4';

const selection: IniParser<Selection> = (value) => {
  if (value === 'latest' || value === 'all') return { kind: value };
  if (value.startsWith('latest:')) {
    const count = /^latest:([1-9][0-9]{0,3})$/.exec(value)?.[1];
    if (count === undefined) fail('E_CONFIG', `${brief(value)} does not say how many`, { hint: SELECT_HINT });
    return { kind: 'newest', count: Number(count) };
  }
  if (value.startsWith('tag:')) return { kind: 'tags', tags: tagList(value.slice('tag:'.length)) };
  if (parseRange(value) === undefined) {
    const near = nearest(value, ['latest', 'all']);
    const hint = near === undefined ? SELECT_HINT : `did you mean ${near}? ${SELECT_HINT}`;
    fail('E_CONFIG', `${brief(value)} selects nothing that is known`, { hint });
  }
  return { kind: 'range', range: value };
};

function tagList(value: string): string[] {
  const tags = value.split(',').map((tag) => tag.trim());
  if (tags.includes('')) fail('E_CONFIG', 'a tag is empty', { hint: SELECT_HINT });
  return [...new Set(tags)];
}

const glob: IniParser<string> = (value) => {
  if (value.length > 255) fail('E_CONFIG', 'the glob has more than 255 characters');
  try {
    compileGlob(value);
  } catch (cause) {
    fail('E_CONFIG', `${brief(value)} is not a glob`, { cause });
  }
  return value;
};

function compileGlob(value: string): (name: string) => boolean {
  // As a shell's `case` matches: no path semantics, a leading dot is nothing special, and `!` does not negate.
  return picomatch(value, { bash: true, posix: true, dot: true, nonegate: true, windows: false });
}

/** A matcher of whole asset names. */
export function globMatcher(globs: readonly string[]): (name: string) => boolean {
  const matchers = globs.map(compileGlob);
  return (name) => matchers.some((matches) => matches(name));
}

/** `keys`: names of the files that lie beside the tool.ini. */
function requirement(keys: ReadonlySet<string>): IniParser<Requirement> {
  return (value) => {
    const word = parseRequirement(value, glob);
    const key = keyFileOf(word);
    if (key === undefined || keys.has(key)) return word;
    return fail('E_CONFIG', `the key of ${brief(value)} is not there`, {
      hint: `put it beside the tool.ini, as keys/${key}`,
    });
  };
}

const assetUrl: IniParser<string> = (value) => {
  checkAssetUrl(value);
  return value;
};

const variable: IniParser<string> = (value) => {
  // Any other variable could hold a secret that is not for this forge: a checkout must not be able to send it there.
  if (!/^PULLTHROUGH_TOKEN_[A-Za-z0-9_]+$/.test(value) || value === 'PULLTHROUGH_TOKEN_HOSTS') {
    fail('E_CONFIG', 'it is not the name of a variable whose name begins with PULLTHROUGH_TOKEN_', {
      hint: 'name the variable that holds the token, as PULLTHROUGH_TOKEN_GHE; never write the token itself',
    });
  }
  return value;
};

/** The keys that a tool.ini may have. `keys`: the public keys beside it. */
export const toolSchema = (keys: ReadonlySet<string>) =>
  ({
    release: { select: selection, prerelease: boolean, 'min-age': duration, 'tag-prefix': text },
    assets: { 'include[]': glob, 'exclude[]': glob, 'url[]': assetUrl },
    source: { api: apiUrl, 'token-from': variable },
    evidence: { 'require[]': requirement(keys), keep: oneOf('all', 'required', 'none') },
    watch: { 'gone[]': glob },
  }) as const satisfies IniSchema;

/** See docs/decisions/0012-a-cooldown-that-people-can-shorten.md. */
const REFUSED: RefusedKeys = {
  'release.hurry': {
    why: 'version 1 of the ledger format has no place for it, so neither the gate nor a consumer could ask for the acks',
    hint: 'remove it, and set a shorter min-age for a tool that cannot wait, with more reviewers in the policy (reviewers.threshold)',
  },
};

/**
 * Reads a tool.ini. `file` is its name for messages, `keys` the names in the folder `keys` beside it. Throws `E_CONFIG`.
 */
export function parseToolDefinition(
  content: string,
  file: string,
  keys: ReadonlySet<string> = new Set(),
): ToolDefinition {
  const ini = readIni(content, file, toolSchema(keys), REFUSED);
  const { release, assets, source, evidence, watch } = ini.values;
  const definition: ToolDefinition = {
    select: release.select ?? { kind: 'latest' },
    prerelease: release.prerelease ?? false,
    minAge: release['min-age'] ?? 0,
    tagPrefix: release['tag-prefix'] ?? '',
    include: assets['include[]'],
    exclude: assets['exclude[]'],
    urls: assets['url[]'],
    api: source.api,
    tokenFrom: source['token-from'],
    evidence: evidence['require[]'],
    keep: evidence.keep ?? 'all',
    gone: watch['gone[]'],
  };
  checkTogether(definition, ini);
  return definition;
}

/** What two keys say together. */
function checkTogether(
  { select, tagPrefix, api, tokenFrom }: ToolDefinition,
  ini: IniFile<ReturnType<typeof toolSchema>>,
): void {
  const other = select.kind === 'tags' ? select.tags.find((tag) => !tag.startsWith(tagPrefix)) : undefined;
  if (other !== undefined) {
    fail('E_CONFIG', `${ini.where('release', 'select')}: the tag ${brief(other)} does not begin with the tag-prefix`, {
      hint: 'name whole tags',
    });
  }
  if (tokenFrom !== undefined && api === undefined) {
    fail('E_CONFIG', `${ini.where('source', 'token-from')}: there is no api that the token is for`, {
      hint: 'add api = to the [source] section',
    });
  }
}
