import type { SourceConfig } from './source-config.ts';
import { GitHubClient } from '../github/client.ts';
import { GITHUB_API, sourceHost } from '../io/http/api-url.ts';
import { isLoopback } from '../io/http/url.ts';
import type { Progress } from '../io/progress.ts';
import { tokenForHost } from '../io/token-hosts.ts';
import { fail } from '../ledger-schema/error.ts';
import type { Tool } from './tools.ts';

/** What messages say is missing where no variable is read: setting GITHUB_TOKEN would change nothing. */
const NO_TOKEN = 'token-from in its tool.ini';

/** Which forge the tools are from, and what its clients share. */
export interface UpstreamContext {
  /** `[source]` of mirror.ini. */
  readonly source: SourceConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--cache`, or `$XDG_CACHE_HOME/pullthrough`. */
  readonly cacheDir: string;
  readonly progress: Progress;
}

interface Upstream {
  readonly api: string;
  /** The environment variable of its token; undefined: none is sent. */
  readonly tokenName: string | undefined;
}

/** The API of a source; undefined where nothing says which. */
function upstreamOf(source: string, configured: UpstreamContext['source']): Upstream | undefined {
  if (source === configured.host) return { api: configured.api, tokenName: 'GITHUB_TOKEN' };
  // GITHUB_TOKEN is for the configured API, and goes to no other.
  return source === 'github.com' ? { api: GITHUB_API, tokenName: undefined } : undefined;
}

/**
 * Does an API belong to a source? One line in a folder must not change what a host's name means: its host is that name,
 * or `api.` before it, and the configured source is asked where it is configured. This machine is no other host's.
 */
function isOfSource(api: string, source: string, configured: UpstreamContext['source']): boolean {
  if (source === configured.host && api === configured.api) return true;
  const { hostname } = new URL(api);
  if (sourceHost(api) === source || (source !== 'github.com' && hostname === `api.${source}`)) return true;
  return isLoopback(hostname) && source !== 'github.com' && source !== configured.host;
}

function upstreamOfTool(tool: Tool, configured: UpstreamContext['source']): Upstream {
  const { api, tokenFrom } = tool.definition;
  if (api !== undefined && !isOfSource(api, tool.source, configured)) {
    fail('E_CONFIG', `the api of ${tool.label} is not that of ${tool.source}: it lies at ${new URL(api).host}`, {
      hint: `move the folder to packages/${sourceHost(api)}/, or set api and host in [source] of mirror.ini`,
    });
  }
  if (api !== undefined && (api !== configured.api || tokenFrom !== undefined)) return { api, tokenName: tokenFrom };
  return (
    upstreamOf(api === undefined ? tool.source : configured.host, configured) ??
    fail('E_CONFIG', `nothing says which API ${tool.label} is from`, {
      hint: `add api = to the [source] section of its tool.ini, as https://${tool.source}/api/v3`,
    })
  );
}

/** Throws `E_CONFIG`, before any request, for a tool whose API isn't given anywhere. */
export function checkUpstreams(tools: readonly Tool[], configured: UpstreamContext['source']): void {
  for (const tool of tools) upstreamOfTool(tool, configured);
}

/** One client for each API and credential, so that all tools share its limits, connections and kept answers. */
export class Upstreams {
  readonly #context: UpstreamContext;
  readonly #clients = new Map<string, GitHubClient>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  /** The client for a tool's source. Throws `E_CONFIG` where neither its tool.ini nor mirror.ini says which API. */
  of(tool: Tool): GitHubClient {
    return this.#client(upstreamOfTool(tool, this.#context.source));
  }

  /** The client for a source without a tool.ini; undefined where nothing says which API. */
  ofSource(source: string): GitHubClient | undefined {
    const upstream = upstreamOf(source, this.#context.source);
    return upstream === undefined ? undefined : this.#client(upstream);
  }

  #client({ api, tokenName }: Upstream): GitHubClient {
    const key = `${api}\n${tokenName ?? ''}`;
    const { env, cacheDir, progress } = this.#context;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const set = tokenName === undefined ? undefined : env[tokenName];
    // A tool.ini names both a variable and a host: which host gets a token is for the environment to say.
    const { token, withheld } = tokenForHost(env, tokenName ?? '', set, api);
    // Anyone who names a variable counts on it: without its token, what is private looks as if it were gone.
    if (tokenName !== undefined && tokenName !== 'GITHUB_TOKEN' && !token) {
      progress.warn(withheld ?? `${tokenName}, which token-from names, is not set: ${api} is asked without a token`);
    }
    const client = new GitHubClient({ api, token, withheld, tokenName: tokenName ?? NO_TOKEN, cacheDir, progress });
    this.#clients.set(key, client);
    return client;
  }
}
