import { renamedHint } from '../../ledger/recorded-like.ts';
import { Holdings } from '../../ledger/record-index.ts';
import type { ProposalContext } from '../../proposals/context.ts';
import { getPull } from '../../github/pulls.ts';
import { readRecordFiles } from '../../ledger/files.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { parseRecordPath } from '../../ledger-schema/names/path.ts';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import type { RecordId } from '../../ledger-schema/names/path.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { RecordStatus } from '../../ledger-schema/record.ts';
import { changeName } from '../../proposals/list-changes.ts';
import type { WithView } from '../../proposals/with-view.ts';

/**
 * The merged record that CHANGE proposed, whatever became of its branch. Undefined where CHANGE is something else. Asks
 * GitHub only for a pull request's number.
 */
export async function findMergedRecord(context: WithView, change: string): Promise<RecordStatus | undefined> {
  const id = await recordOf(context, change);
  if (id === undefined) return undefined;
  const path = (await new Holdings(context.view.snapshot, Promise.resolve(context.view.trust)).find(id))?.records.get(
    id.tag,
  );
  if (path === undefined) return undefined;
  return verifyRecord(await readRecordFiles(context.view.snapshot, path), context.view.trust);
}

/** The error that CHANGE is nothing, with the names that a renamed repository may be recorded under. */
export async function withRecordedNames(
  context: WithView,
  change: string,
  error: PullthroughError,
): Promise<PullthroughError> {
  const name = changeName(context, change);
  const { code, message, hint = '' } = error;
  const renamed = name.kind === 'release' ? await renamedHint(context.view.snapshot, name) : '';
  return new PullthroughError(code, message, { hint: renamed + hint, cause: error });
}

async function recordOf(context: ProposalContext, change: string): Promise<RecordId | undefined> {
  const name = changeName(context, change);
  if (name.kind === 'release') return name;
  if (name.kind === 'branch') return recordOfBranch(name.branch);
  if (context.github === undefined) return undefined;
  const { client, repository } = context.github;
  const pull = await getPull(client, repository, name.number);
  return pull?.merged === true && pull.headRepositoryId === pull.baseRepositoryId
    ? recordOfBranch(pull.headRef)
    : undefined;
}

/** By the branch's name; one made from a digest of the path says nothing. */
function recordOfBranch(branch: string): RecordId | undefined {
  const path = `packages/${branch.replace(/^pullthrough\//, '')}`;
  try {
    return proposalBranch(path) === branch ? parseRecordPath(path) : undefined;
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}
