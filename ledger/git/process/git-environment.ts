import type { Environment } from '../../../io/environment.ts';

/** One entry of git's configuration for one process; handed over by the environment, never by argv. */
export type GitConfig = readonly (readonly [key: string, value: string])[];

/**
 * Which of the caller's `GIT_*` variables reach git: how the user's transports work, and where the user's own
 * configuration lies. Everything else (GIT_DIR, GIT_INDEX_FILE, GIT_OBJECT_DIRECTORY, GIT_TRACE…, GIT_SSL_NO_VERIFY)
 * would point git to another repository, or print secrets.
 */
const KEPT = new Set([
  'GIT_ASKPASS',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_CONFIG_SYSTEM',
  'GIT_EXEC_PATH',
  'GIT_HTTP_PROXY_AUTHMETHOD',
  'GIT_PROXY_SSL_CAINFO',
  'GIT_PROXY_SSL_CERT',
  'GIT_PROXY_SSL_CERT_PASSWORD_PROTECTED',
  'GIT_PROXY_SSL_KEY',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_CERT_PASSWORD_PROTECTED',
  'GIT_SSL_KEY',
]);

/** No editor or pager has business here. */
const DROPPED = new Set(['EDITOR', 'VISUAL', 'PAGER', 'PREFIX', 'LANGUAGE']);

/** In force for every git process; each comes after the user's own configuration and overrides it. */
const ALWAYS: GitConfig = [
  ['core.hooksPath', '/dev/null'],
  ['core.attributesFile', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.quotePath', 'false'],
  ['fetch.fsckObjects', 'true'],
  ['fetch.recurseSubmodules', 'false'],
  ['fetch.writeCommitGraph', 'false'],
  ['submodule.recurse', 'false'],
  ['transfer.fsckObjects', 'true'],
  ['gc.autoDetach', 'true'],
  ['push.followTags', 'false'],
  ['push.gpgSign', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['protocol.version', '2'],
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '30'],
  // Larger files are read in pieces, no matter who made them so large.
  ['core.bigFileThreshold', '1m'],
];

/** The user's own GIT_CONFIG_COUNT entries, as far as they are well-formed. */
function configOf(env: Environment): GitConfig {
  const count = Math.min(Number.parseInt(env.GIT_CONFIG_COUNT ?? '0', 10) || 0, 1000);
  const entries: [string, string][] = [];
  for (let index = 0; index < count; index++) {
    const key = env[`GIT_CONFIG_KEY_${index}`];
    const value = env[`GIT_CONFIG_VALUE_${index}`];
    if (key !== undefined && value !== undefined) entries.push([key, value]);
  }
  return entries;
}

/**
 * The environment of a git process that works on `gitDir` and nothing else: no hooks, no replaced objects, no prompt,
 * messages in English (they are read), transports limited to `protocols`, and `config` in force over the user's own.
 */
export function gitEnvironment(options: {
  readonly env: Environment;
  readonly gitDir?: string | undefined;
  readonly config?: GitConfig | undefined;
  readonly protocols?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, string>> | undefined;
}): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.env)) {
    if (value === undefined || DROPPED.has(name)) continue;
    if (!name.toUpperCase().startsWith('GIT_') || KEPT.has(name)) result[name] = value;
  }
  const config = [...configOf(options.env), ...ALWAYS, ...(options.config ?? [])];
  for (const [index, [key, value]] of config.entries()) {
    result[`GIT_CONFIG_KEY_${index}`] = key;
    result[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  result.GIT_CONFIG_COUNT = String(config.length);
  result.GIT_ALLOW_PROTOCOL = (options.protocols ?? []).join(':') || 'none';
  // A few bytes can claim to expand to very many: more than any object of a ledger needs means that the host is
  // attacking.
  result.GIT_ALLOC_LIMIT = '256m';
  result.GIT_ATTR_NOSYSTEM = '1';
  // What is missing is fetched here, many objects at once. Git's own way, one git in another, has no end where a host answers
  // with a page.
  result.GIT_NO_LAZY_FETCH = '1';
  result.GIT_NO_REPLACE_OBJECTS = '1';
  result.GIT_OPTIONAL_LOCKS = '0';
  result.GIT_TERMINAL_PROMPT = '0';
  result.LC_ALL = 'C';
  if (options.gitDir !== undefined) result.GIT_DIR = options.gitDir;
  return { ...result, ...options.extra };
}
