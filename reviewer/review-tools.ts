import type { Requirement } from '../upstream/tool-definition.ts';
import { findTools, toolKey } from '../upstream/tools.ts';
import type { Tool } from '../upstream/tools.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import type { GitHubClient } from '../github/client.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { ReviewerContext } from './context.ts';

/** How upstreams are reached: by the tool definitions that are here, if any, else by `[source]`. */
export interface ReviewTools {
  readonly upstreams: Upstreams;
  readonly definitions: ReadonlyMap<string, Tool>;
}

/** Reads what tool.ini files are here; a reviewer needs none. Throws `E_CONFIG` for one that is wrong. */
export async function readTools(context: ReviewerContext): Promise<ReviewTools> {
  const tools = await findTools({ root: context.root, host: context.source.host });
  return { upstreams: new Upstreams(context), definitions: new Map(tools.map((tool) => [toolKey(tool), tool])) };
}

/** The client for a record's source, undefined where nothing says which API; and the evidence that its tool.ini asks for. */
export function inTools(
  { upstreams, definitions }: ReviewTools,
  id: { readonly source: string; readonly repository: string },
): {
  readonly client: GitHubClient | undefined;
  readonly evidence: readonly Requirement[];
  readonly tool: Tool | undefined;
} {
  const tool = definitions.get(toolKey(id));
  if (tool === undefined) return { client: upstreams.ofSource(id.source), evidence: [], tool };
  const { evidence } = tool.definition;
  try {
    return { client: upstreams.of(tool), evidence, tool };
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_CONFIG') return { client: undefined, evidence, tool };
    throw error;
  }
}
