import type { Requirement } from '../upstream/tool-definition.ts';
import { externalFile } from '../upstream/asset-url.ts';
import { findTools, toolKey } from '../upstream/tools.ts';
import type { Tool } from '../upstream/tools.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import type { GitHubClient } from '../github/client.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { ReviewerContext } from './context.ts';

/** How upstreams are reached: by the reviewer's own tool definitions, if any, else by `[source]`. */
export interface ReviewTools {
  readonly upstreams: Upstreams;
  readonly definitions: ReadonlyMap<string, Tool>;
}

/** Addresses of files elsewhere by their names, as the reviewer's own tool.ini gives them. */
export type OwnUrls = ReadonlyMap<string, string>;

/** What the reviewer's side says of one tool. */
export interface ReviewTool {
  /** Undefined where nothing says which API; `why` says what is missing. */
  readonly client: GitHubClient | undefined;
  readonly why?: PullthroughError;
  /** What its tool.ini here asks for. */
  readonly evidence: readonly Requirement[];
  /** Its tool.ini, as far as it counts; undefined where there is none. */
  readonly tool: Tool | undefined;
  /** Where files lie that are not in the release, as the reviewer's own tool.ini gives it. */
  readonly urls: OwnUrls;
}

/**
 * Reads what tool.ini files are here; a reviewer needs none. Those of `--tools` are the reviewer's own. Those beside
 * mirror.ini may be the executor's, whose word is what is to be checked: of them only what they ask for counts. Throws
 * `E_CONFIG` for one that is wrong.
 */
export async function readTools(context: ReviewerContext): Promise<ReviewTools> {
  const { tools: own, root, source } = context;
  const found = await findTools({ root: own ?? root, host: source.host });
  const tools = own === undefined ? found.map(asRequirements) : found;
  return { upstreams: new Upstreams(context), definitions: new Map(tools.map((tool) => [toolKey(tool), tool])) };
}

/** The tool without the keys that say where bytes come from. */
function asRequirements(tool: Tool): Tool {
  return { ...tool, definition: { ...tool.definition, api: undefined, tokenFrom: undefined, urls: [] } };
}

/** What is known here of a record's tool. */
export function inTools(
  { upstreams, definitions }: ReviewTools,
  id: { readonly source: string; readonly repository: string; readonly tag: string },
): ReviewTool {
  const tool = definitions.get(toolKey(id));
  if (tool === undefined) return { client: upstreams.ofSource(id.source), evidence: [], urls: new Map(), tool };
  const { evidence } = tool.definition;
  const urls = urlsOf(tool, id.tag);
  try {
    return { client: upstreams.of(tool), evidence, urls, tool };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code !== 'E_CONFIG') throw error;
    return { client: undefined, why: error, evidence, urls, tool };
  }
}

function urlsOf({ definition: { urls, tagPrefix } }: Tool, tag: string): OwnUrls {
  const filled = urls.flatMap((template) => {
    try {
      const { name, url } = externalFile(template, tag, tagPrefix);
      return [[name, url] as const];
    } catch (error) {
      // A template that this tag doesn't fit gives no address.
      if (error instanceof PullthroughError) return [];
      throw error;
    }
  });
  return new Map(filled);
}
