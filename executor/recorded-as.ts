import { getRepository } from '../github/releases.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { RepositoryId } from '../ledger/record-index.ts';
import type { Run } from './open-run.ts';
import type { Tool } from '../upstream/tools.ts';

/**
 * The repository that a tool's records and proposals lie under: its own name, or where nothing lies under that, the one the
 * API gives: the first record of a repository that was renamed earlier is named so. Costs a request in that case
 * alone. Throws as `getRepository` does, but not where there is no repository.
 */
export async function recordedAs(
  run: Pick<Run, 'holdings' | 'proposals' | 'upstreams'>,
  tool: Tool,
): Promise<RepositoryId> {
  if ((await run.holdings.find(tool)) !== undefined) return tool;
  for (const path of run.proposals.paths(tool)) if ((await run.proposals.valid(path)) !== undefined) return tool;
  try {
    const { fullName } = await getRepository(run.upstreams.of(tool), tool.repository);
    return { source: tool.source, repository: fullName };
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_UPSTREAM_NOT_FOUND') return tool;
    throw error;
  }
}
