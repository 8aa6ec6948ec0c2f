import { closeIssue, findIssues, upsertIssue } from '../github/pulls.ts';
import { codeSpan, escapeTerminal } from '../io/escape.ts';
import type { Identity } from '../ledger/git/repository.ts';
import { brief, sha256Hex, utf8 } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { recordPath, repositoryPath } from '../ledger-schema/names/path.ts';
import { branchKind, requestBranch } from '../ledger-schema/names/branches.ts';
import { typed } from '../io/shell.ts';
import type { ProposalContext } from './context.ts';

/** A tool, or one release of it, that somebody would like to have. */
export interface Wanted {
  readonly source: string;
  /** `owner/repo`. */
  readonly repository: string;
  readonly tag?: string | undefined;
}

/** A request that nobody took up yet. What it says is anybody's word. */
export interface Request extends Wanted {
  readonly reason: string;
  /** An account, or the author of a commit; a claim. */
  readonly by: string | undefined;
  readonly since: Date | undefined;
  /** On plain git. */
  readonly branch?: string;
  /** On GitHub. */
  readonly issue?: { readonly number: number; readonly url: string };
}

const SUBJECT = 'Request: ';
const REASON_LENGTH = 2000;
/** The most that are looked at: each is only somebody's word. */
const MOST = 200;

/** `HOST/OWNER/REPO`, with `@TAG` where one is named. */
export function nameOfRequest({ source, repository, tag }: Wanted): string {
  return `${source}/${repository}${tag === undefined ? '' : `@${tag}`}`;
}

/**
 * Leaves a request where the executor's people see it: an issue in the ledger's repository on GitHub, else a branch that adds
 * no file. Asked twice, it is left once. Throws `E_NAME` for a name that no record can have, and what the host throws.
 */
export async function makeRequest(
  context: ProposalContext,
  wanted: Wanted,
  { reason = '', author }: { readonly reason?: string | undefined; readonly author: Identity },
): Promise<Request> {
  const path = pathOf(wanted) ?? fail('E_NAME', `no record can have that name: ${brief(nameOfRequest(wanted))}`);
  const said = escapeTerminal(reason).slice(0, REASON_LENGTH);
  const title = `${SUBJECT}${nameOfRequest(wanted)}`;
  const since = context.now;
  if (context.github !== undefined) {
    const { client, repository } = context.github;
    const take = wanted.tag === undefined ? typed`pullthrough add ${toolOf(wanted)}` : 'pullthrough mirror --requested';
    const why = said === '' ? '' : `\n\n${codeSpan(said)}`;
    const body = `Please mirror ${codeSpan(nameOfRequest(wanted))}.${why}\n\nTo take it up:\n\n\`\`\`sh\n${take}\n\`\`\``;
    const issue = await upsertIssue(client, repository, { marker: markerOf(path), title: title.slice(0, 256), body });
    return { ...wanted, reason: said, by: undefined, since, issue: { number: issue.id, url: issue.htmlUrl } };
  }
  const { ledger } = context;
  await ledger.update();
  const head = ledger.head() ?? fail('E_POLICY_MISSING', `the ledger ${ledger.label} has no branch ${context.branch}`);
  const branch = requestBranch(wanted);
  const from = ledger.branches().get(branch);
  const message = `${title}\n${said === '' ? '' : `\n${said}\n`}`;
  const to = await ledger.commit({ parents: [head], base: head, files: new Map(), message, author });
  await ledger.push([{ branch, from, to }]);
  return { ...wanted, reason: said, by: author.name, since, branch };
}

/** What is open, as of the ledger's last update, oldest first; what can't be read as a request isn't one. */
export async function listRequests(context: ProposalContext): Promise<Request[]> {
  const found = context.github === undefined ? await fromBranches(context) : await fromIssues(context);
  return found.sort((a, b) => (a.since?.getTime() ?? 0) - (b.since?.getTime() ?? 0)).slice(0, MOST);
}

/** Says that a request was taken up: closes its issue, or removes its branch. A failure to say so stops nothing. */
export async function settleRequest(context: ProposalContext, request: Request, what: string): Promise<void> {
  try {
    if (context.github !== undefined) {
      const { client, repository } = context.github;
      const marker = markerOf(pathOf(request) ?? '');
      await closeIssue(client, repository, { marker, body: `${codeSpan(nameOfRequest(request))}: ${what}.` });
      return;
    }
    const { ledger } = context;
    const from = request.branch === undefined ? undefined : ledger.branches().get(request.branch);
    if (request.branch !== undefined) await ledger.push([{ branch: request.branch, from, to: undefined }]);
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    context.progress.note(`the request for ${nameOfRequest(request)} stays open: ${error.message}`);
  }
}

async function fromBranches({ ledger }: ProposalContext): Promise<Request[]> {
  const found: Request[] = [];
  for (const [branch, commit] of ledger.branches()) {
    if (branchKind(branch) !== 'request' || found.length >= MOST) continue;
    const [entry] = await ledger.log(ledger.head(), commit);
    const [subject = '', , ...rest] = (entry?.message ?? '').split('\n');
    const wanted = parseSubject(subject);
    if (wanted === undefined || requestBranch(wanted) !== branch) continue;
    const reason = rest.join('\n').trim().slice(0, REASON_LENGTH);
    found.push({ ...wanted, reason, by: entry?.author, since: entry?.date, branch });
  }
  return found;
}

async function fromIssues({ github }: ProposalContext): Promise<Request[]> {
  if (github === undefined) return [];
  const issues = await findIssues(github.client, github.repository, SUBJECT);
  return issues.flatMap(({ title, number, htmlUrl, author, createdAt, body }) => {
    const wanted = parseSubject(title);
    if (wanted === undefined) return [];
    const reason = /\n\n(`+) ?([^]*?) ?\1\n\nTo take it up/.exec(body)?.[2] ?? '';
    return [{ ...wanted, reason, by: author, since: createdAt, issue: { number, url: htmlUrl } }];
  });
}

/** Anybody may have written it: only a record's name in its one form makes a request. */
function parseSubject(subject: string): Wanted | undefined {
  const [, source = '', repository = '', tag] =
    /^Request: ([a-z0-9.-]{1,253})\/([^/@\s]{1,100}\/[^/@\s]{1,100})(?:@(\S{1,255}))?$/.exec(subject.trim()) ?? [];
  const wanted = { source, repository, ...(tag === undefined ? {} : { tag }) };
  return pathOf(wanted) === undefined ? undefined : wanted;
}

function pathOf({ source, repository, tag }: Wanted): string | undefined {
  try {
    return tag === undefined ? repositoryPath({ source, repository }) : recordPath({ source, repository, tag });
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

function markerOf(path: string): string {
  return `pullthrough:request:${sha256Hex(utf8(path)).slice(0, 32)}`;
}

/** As `add` takes it. */
function toolOf({ source, repository }: Wanted): string {
  return source === 'github.com' ? repository : `${source}/${repository}`;
}
