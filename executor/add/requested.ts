import { settleRequest } from '../../proposals/requests.ts';
import type { Request } from '../../proposals/requests.ts';
import { toolKey } from '../../upstream/tools.ts';
import type { Tool } from '../../upstream/tools.ts';
import type { ExecutorContext } from '../context.ts';
import type { ReleaseResult } from '../result.ts';

/** The tools that have a tool.ini here, each selecting the tags that were asked for and nothing else. Pure. */
export function requestedTools(tools: readonly Tool[], requests: readonly Request[]): Tool[] {
  return tools.flatMap((tool) => {
    const tags = requests.flatMap(({ tag, ...id }) =>
      tag !== undefined && toolKey(id) === toolKey(tool) ? [tag] : [],
    );
    if (tags.length === 0) return [];
    return [{ ...tool, definition: { ...tool.definition, select: { kind: 'tags', tags: [...new Set(tags)] } } }];
  });
}

/** Marks as taken up each request that is proposed or recorded by now. */
export async function settleRequests(
  context: ExecutorContext,
  tools: readonly Tool[],
  requests: readonly Request[],
  results: readonly ReleaseResult[],
): Promise<void> {
  for (const request of requests) {
    const tool = tools.find((one) => toolKey(one) === toolKey(request));
    const done = results.find(
      (result) =>
        result.tool === tool?.label &&
        (result.action === 'proposed' || result.action === 'held') &&
        (request.tag === undefined || result.tag === request.tag),
    );
    if (tool !== undefined && done !== undefined) await settleRequest(context, request, `taken up, ${done.reason}`);
  }
}
