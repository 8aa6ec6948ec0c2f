import { isIP } from 'node:net';
import { basename, dirname, resolve } from 'node:path';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { brief, fromUtf8 } from '../../../ledger-schema/bytes.ts';
import type { AddedRoot } from '../../../evidence/added-root.ts';
import { isHostName } from '../../../ledger-schema/names/path.ts';
import { GITHUB_API, apiUrl, sourceHost } from '../../../io/http/api-url.ts';
import type { Alias } from '../../../consumer/serve/other-names.ts';
import { readFileBounded } from '../../../io/files/file.ts';
import { INI_LENGTH, oneOf, readIni } from '../../../io/ini.ts';
import type { IniParser, IniSchema } from '../../../io/ini.ts';
import { positiveDuration, size } from '../../../io/ini-values.ts';
import type { FetchLimits } from '../../../ledger/git/repository.ts';
import { scanCommand } from '../command-words.ts';
import { parseLocation } from './location.ts';
import type { LedgerLocation } from './location.ts';
import { notifyCommand } from '../notify.ts';
import { parsePublicUrl, parseStoreUrl } from './store-url.ts';

export interface Author {
  readonly name: string;
  readonly email: string;
}

/** What mirror.ini and the flags say, with the defaults of cli.md's "Configuration". */
export interface Config {
  /** The mirror.ini that was read. */
  readonly file: string | undefined;
  /** Absolute: where mirror.ini is, and what paths in it are relative to. */
  readonly folder: string;
  readonly ledger: {
    readonly location: LedgerLocation | undefined;
    readonly branch: string;
    readonly api: string;
    readonly merge: 'manual' | 'acknowledged';
    readonly author: Author | undefined;
    /** How long a signed head holds, in milliseconds. */
    readonly head: number | undefined;
    /** What one conversation with the ledger's host may cost. */
    readonly limits: FetchLimits;
  };
  readonly store: {
    /** `file:` with an absolute path, or `s3:`; where the executor writes. */
    readonly url: string | undefined;
    /** Where consumers read, in order. */
    readonly publicUrls: readonly string[];
  };
  readonly source: { readonly api: string; readonly host: string; readonly privateHosts: readonly string[] };
  readonly gateway: { readonly aliases: readonly Alias[] };
  /** 64 hex digits. */
  readonly pin: string | undefined;
  /** `[notify] command[]`: programs, each with its words. */
  readonly notify: readonly (readonly string[])[];
  /** `[review] scan[]`: programs, each with its words. */
  readonly scan: readonly (readonly string[])[];
  /** `[trust] max-age`, in milliseconds. */
  readonly maxAge: number | undefined;
  readonly evidence: {
    /** What a consumer wants upstream to have signed, as words. */
    readonly require: readonly string[];
    /** Roots beside those that the package carries. */
    readonly trustedRoots: readonly AddedRoot[];
  };
}

/** The flags that replace a key of mirror.ini. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly ledger?: string | undefined;
  readonly store?: string | undefined;
  readonly pin?: string | undefined;
  /** `--state`: it has no key, since it belongs to this machine. */
  readonly state?: string | undefined;
}

const branch: IniParser<string> = (value) => {
  // As git check-ref-format, and no name that looks like an option.
  const bad = /[\s~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|[/.]$|\/\.|\.lock(?:\/|$)|^@$/.test(value);
  if (bad || value.length > 200) fail('E_CONFIG', `${brief(value)} is not a branch name`);
  return value;
};

const author: IniParser<Author> = (value) => {
  const [, name, email] = /^([^<>]*[^<>\s])\s*<([^<>\s@]+@[^<>\s@]+)>$/.exec(value) ?? [];
  if (name === undefined || email === undefined) {
    fail('E_CONFIG', `${brief(value)} is not an author`, { hint: 'write Name <mail@example.org>' });
  }
  return { name, email };
};

const host: IniParser<string> = (value) => {
  if (!isHostName(value)) {
    fail('E_CONFIG', `${brief(value)} is not a lower-case host name`, {
      hint: 'write it without scheme, port and path',
    });
  }
  return value;
};

/** A name, or an address as a URL has it, without brackets. */
const privateHost: IniParser<string> = (value) => (isIP(value) === 0 ? host(value) : value.toLowerCase());

/** `NAME = TOOL`, each `owner/repo` of the configured source or `HOST/owner/repo`. */
const alias: IniParser<(host: string) => Alias> = (value) => {
  const [name, tool, ...more] = value.split('=').map((part) => part.trim().toLowerCase());
  const named = /^(?:[a-z0-9.-]+\/)?[^\s/=]+\/[^\s/=]+$/;
  if (name === undefined || tool === undefined || more.length > 0 || !named.test(name) || !named.test(tool)) {
    fail('E_CONFIG', `${brief(value)} is not an alias`, {
      hint: 'write it as NAME = TOOL: bazel-contrib/buildtools = bazelbuild/buildtools',
    });
  }
  return (source) => {
    const whole = (text: string): string => (text.split('/').length === 2 ? `${source}/${text}` : text);
    return { name: whole(name), tool: whole(tool) };
  };
};

/** A name leads to one tool. */
function aliasesOf(read: readonly ((host: string) => Alias)[], source: string, where: string): readonly Alias[] {
  const aliases = read.map((one) => one(source));
  const twice = aliases.find(({ name }, i) => aliases.findIndex((other) => other.name === name) < i);
  if (twice === undefined) return aliases;
  return fail('E_CONFIG', `${where}: ${twice.name} is given twice`, { hint: 'keep one of the two' });
}

export const PIN_HINT = 'write sha256: and the 64 lower-case hex digits that sha256sum prints for an N.policy.json';

const pin: IniParser<string> = (value) =>
  /^sha256:([0-9a-f]{64})$/.exec(value)?.[1] ?? fail('E_CONFIG', `${brief(value)} is not a pin`, { hint: PIN_HINT });

const ROOT_BYTES = 1024 * 1024;

/** `where` is the line that names it. */
async function readRoot(name: string, where: string): Promise<AddedRoot> {
  const bytes = await readFileBounded(name, ROOT_BYTES).catch((cause: unknown) => {
    if (!(cause instanceof PullthroughError)) throw cause;
    return fail('E_CONFIG', `${where}: ${cause.message}`, { hint: cause.hint, cause });
  });
  return {
    name,
    bytes: bytes ?? fail('E_CONFIG', `${where}: there is no file ${name}`, { hint: 'check its path' }),
  };
}

/**
 * The parsers get the folder that paths in the file are relative to, so that each refusal names its line. `required`: reads
 * what upstream must have signed.
 */
export function schemaOf(folder: string, required: IniParser<string> = (value) => value) {
  return {
    ledger: {
      repository: (value: string) => parseLocation(value, folder),
      branch,
      api: apiUrl,
      merge: oneOf('manual', 'acknowledged'),
      author,
      'max-fetch': size,
      'max-wait': positiveDuration,
      head: positiveDuration,
    },
    store: {
      url: (value: string) => parseStoreUrl(value, folder),
      'public-url': (value: string) => parsePublicUrl(value, folder),
      'public-url[]': (value: string) => parsePublicUrl(value, folder),
    },
    source: { api: apiUrl, host, 'allow-private[]': privateHost },
    gateway: { 'alias[]': alias },
    notify: { 'command[]': notifyCommand },
    review: { 'scan[]': scanCommand },
    trust: { pin, 'max-age': positiveDuration },
    evidence: { 'require[]': required, 'trusted-root[]': (value: string) => resolve(folder, value) },
  } as const satisfies IniSchema;
}

async function readConfigFile(path: string, asked: boolean): Promise<string | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readFileBounded(path, INI_LENGTH);
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_CONFIG', cause.message, { hint: cause.hint, cause });
  }
  if (bytes === undefined) {
    return asked ? fail('E_CONFIG', `there is no file at ${path}`, { hint: 'give its path with --config' }) : undefined;
  }
  return fromUtf8(bytes) ?? fail('E_CONFIG', `${path} is not UTF-8`, { hint: 'save it as UTF-8' });
}

/** A flag's value through a key's parser; what is wrong with it is the command line's fault. */
function flag<T>(name: string, value: string | undefined, parse: IniParser<T>): T | undefined {
  if (value === undefined) return undefined;
  try {
    if (value === '') fail('E_USAGE', 'it is empty');
    return parse(value);
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    return fail('E_USAGE', `--${name}: ${cause.message}`, { hint: cause.hint, cause });
  }
}

/** Where mirror.ini is, or would be. */
export function configPath({ config = 'mirror.ini' }: ConfigFlags, cwd: string): string {
  return resolve(cwd, config);
}

/**
 * Reads mirror.ini: the one that `--config` names, else the current directory's, else none. Flags win over it; their
 * paths are relative to `cwd`. Throws `E_CONFIG` with file, line and key, and `E_USAGE` for a flag.
 */
export async function loadConfig(flags: ConfigFlags, cwd: string): Promise<Config> {
  const path = configPath(flags, cwd);
  const content = await readConfigFile(path, flags.config !== undefined);
  const folder = content === undefined ? resolve(cwd) : dirname(path);
  const schema = schemaOf(folder, await requiredParser(content));
  const ini = readIni(content ?? '', flags.config ?? basename(path), schema);
  const { ledger, store, source, gateway, trust, evidence, notify, review } = ini.values;
  const api = source.api ?? GITHUB_API;
  const named = source.host ?? sourceHost(api);
  const storeFlag = flag('store', flags.store, (value) => parsePublicUrl(value, cwd));
  const first = store['public-url'] === undefined ? [] : [store['public-url']];
  const configured = [...first, ...store['public-url[]']];
  const written = store.url === undefined ? [] : [store.url];
  return {
    file: content === undefined ? undefined : path,
    folder,
    ledger: {
      location: flag('ledger', flags.ledger, (value) => parseLocation(value, cwd)) ?? ledger.repository,
      branch: ledger.branch ?? 'main',
      api: ledger.api ?? api,
      merge: ledger.merge ?? 'manual',
      head: ledger.head,
      limits: { bytes: ledger['max-fetch'], ms: ledger['max-wait'] },
      author: ledger.author,
    },
    store: {
      url: store.url,
      publicUrls: storeFlag !== undefined ? [storeFlag] : configured.length > 0 ? configured : written,
    },
    source: { api, host: named, privateHosts: source['allow-private[]'] },
    gateway: { aliases: aliasesOf(gateway['alias[]'], named, ini.where('gateway', 'alias[]')) },
    pin: flag('pin', flags.pin, pin) ?? trust.pin,
    notify: notify['command[]'],
    scan: review['scan[]'],
    maxAge: trust['max-age'],
    evidence: {
      require: evidence['require[]'],
      trustedRoots: await Promise.all(
        evidence['trusted-root[]'].map((root) => readRoot(root, ini.where('evidence', 'trusted-root[]'))),
      ),
    },
  };
}

/** What upstream signed is read where somebody asks for it: no other command loads that room. */
async function requiredParser(content = ''): Promise<IniParser<string> | undefined> {
  if (!content.includes('require[]')) return undefined;
  return (await import('./required-evidence.ts')).requiredEvidence;
}

/** The ledger's location. `flag`: the command takes `--ledger`. Throws `E_NO_LEDGER`. */
export function requireLedger(config: Config, { flag: takesFlag = false } = {}): LedgerLocation {
  return (
    config.ledger.location ??
    fail('E_NO_LEDGER', 'no ledger is configured', {
      hint:
        config.file === undefined
          ? `run this in the folder of a mirror.ini, or name one with --config${takesFlag ? '; or name the ledger with --ledger' : ''}`
          : `add repository = to [ledger] in ${config.file}`,
    })
  );
}

/** The pin that consumers start from. Throws `E_NO_PIN`. */
export function requirePin(config: Config, { flag: takesFlag = true } = {}): string {
  return (
    config.pin ??
    fail('E_NO_PIN', 'there is no trust pin, so nothing of the ledger can be believed', {
      hint:
        "ask the ledger's owner over another channel for the line that 'pullthrough trust show' prints; put it as " +
        `pin = sha256:... into [trust] of mirror.ini${takesFlag ? ', or give it with --pin' : ''}`,
    })
  );
}

/** The store that the executor writes to. Throws `E_NO_STORE`. */
export function requireStore(config: Config): string {
  return (
    config.store.url ??
    fail('E_NO_STORE', 'no store is configured', {
      hint: 'add url = file:./store, or s3://..., to [store] in mirror.ini',
    })
  );
}

/** The stores that consumers read, in order. Throws `E_NO_STORE`. */
export function requirePublicStores({ store }: Config): readonly string[] {
  if (store.publicUrls.length > 0) return store.publicUrls;
  return fail('E_NO_STORE', 'there is no store to read from', {
    hint: 'give --store, or url or public-url in [store] of mirror.ini',
  });
}
