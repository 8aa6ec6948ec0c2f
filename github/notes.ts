import { z } from 'zod';
import { fail } from '../ledger-schema/error.ts';
import type { GitHubClient } from './client.ts';
import { splitRepository } from './names.ts';
import { commentSchema, issueSchema } from './schemas.ts';
import type { CommentAnswer, IssueAnswer } from './schemas.ts';
import { viewer } from './viewer.ts';

const commentListSchema = z.array(commentSchema);
const issueListSchema = z.array(issueSchema);
const MARKER = /^[a-z0-9][a-z0-9:._-]{0,99}$/;

/** Anyone who may write to the repository: a marker is believed only from them, since anybody can write one. */
const INSIDERS = new Set(['OWNER', 'MEMBER', 'COLLABORATOR']);

/** A comment or issue that is there now, and what was done for it. */
export interface Note {
  /** A comment's id, or an issue's number. */
  readonly id: number;
  readonly htmlUrl: string;
  /** `left`: it is a colleague's, and this account may not edit it. */
  readonly change: 'created' | 'updated' | 'unchanged' | 'closed' | 'left';
}

/**
 * Makes one comment on a pull request (or issue) say `body`: the one with this marker is edited, whichever person with
 * write access made it, so that several people leave one comment; else a new one is written. A stranger's doesn't
 * count. Where the API doesn't say who we are, one that says exactly the same is ours. Docs: "Issue comments".
 *
 * @param marker lower-case letters, digits and `:._-`; it is hidden at the comment's beginning
 */
export async function upsertComment(
  client: GitHubClient,
  repository: string,
  number: number,
  marker: string,
  body: string,
): Promise<Note> {
  const names = splitRepository(repository);
  const text = marked(marker, body);
  const find = () => findNote(client, marker, text, listComments(client, repository, number));
  const existing = await find();
  if (existing !== undefined) {
    if (isSame(existing.body, text)) return toNote(existing, 'unchanged');
    const parameters = { ...names, comment_id: existing.id, body: text };
    const route = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}';
    const edited = await edit(client, route, parameters, existing, commentSchema);
    return edited === undefined ? toNote(existing, 'left') : toNote(edited, 'updated');
  }
  const parameters = { ...names, issue_number: number, body: text };
  const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
  return toNote(await client.once(() => write(client, route, parameters, commentSchema), find), 'created');
}

/**
 * Makes one open issue say `body`, found again as {@link upsertComment} finds its comment; a closed one is left alone
 * and another is opened. Labels are set when it is opened. Docs: "Issues".
 */
export async function upsertIssue(
  client: GitHubClient,
  repository: string,
  { marker, title, body, labels = [] }: { marker: string; title: string; body: string; labels?: readonly string[] },
): Promise<Note> {
  const names = splitRepository(repository);
  const text = marked(marker, body);
  const find = () => findNote(client, marker, text, listIssues(client, repository));
  const existing = await find();
  if (existing !== undefined) {
    if (isSame(existing.body, text) && existing.title === title) return toIssueNote(existing, 'unchanged');
    const edited = await editIssue(client, names, existing, { title, body: text });
    return edited === undefined ? toIssueNote(existing, 'left') : toIssueNote(edited, 'updated');
  }
  const parameters = { ...names, title, body: text, labels };
  const route = 'POST /repos/{owner}/{repo}/issues';
  return toIssueNote(await client.once(() => write(client, route, parameters, issueSchema), find), 'created');
}

/** Closes the open issue of this marker, which then says `body`; undefined where none is open. Docs: "Issues". */
export async function closeIssue(
  client: GitHubClient,
  repository: string,
  { marker, body }: { marker: string; body: string },
): Promise<Note | undefined> {
  const text = marked(marker, body);
  const existing = await findNote(client, marker, text, listIssues(client, repository));
  if (existing === undefined) return undefined;
  const change = { body: text, state: 'closed', state_reason: 'completed' };
  const closed = await editIssue(client, splitRepository(repository), existing, change);
  return closed === undefined ? toIssueNote(existing, 'left') : toIssueNote(closed, 'closed');
}

async function editIssue(
  client: GitHubClient,
  names: ReturnType<typeof splitRepository>,
  issue: IssueAnswer,
  change: object,
): Promise<IssueAnswer | undefined> {
  const parameters = { ...names, issue_number: issue.number, ...change };
  return edit(client, 'PATCH /repos/{owner}/{repo}/issues/{issue_number}', parameters, issue, issueSchema);
}

async function* listComments(client: GitHubClient, repository: string, number: number): AsyncGenerator<CommentAnswer> {
  const parameters = { ...splitRepository(repository), issue_number: number };
  const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
  for await (const page of client.pages(route, parameters, commentListSchema)) {
    if (page === undefined) fail('E_UPSTREAM_NOT_FOUND', `${repository} has no #${String(number)}`);
    yield* page.value;
  }
}

/** An open issue, as somebody wrote it: every word of it is hostile. */
export interface OpenIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly htmlUrl: string;
  readonly author: string | undefined;
  /** May its author write to the repository? */
  readonly insider: boolean;
  readonly createdAt: Date | undefined;
}

/** Open issues whose title begins with `beginning`, oldest first; a thousand at most are looked at. Docs: "Issues". */
export async function findIssues(client: GitHubClient, repository: string, beginning: string): Promise<OpenIssue[]> {
  const found: OpenIssue[] = [];
  let seen = 0;
  for await (const issue of listIssues(client, repository)) {
    if (++seen > 1000) break;
    if (!issue.title.startsWith(beginning)) continue;
    const { number, title, html_url: htmlUrl, user: author, author_association: role, created_at: createdAt } = issue;
    const insider = INSIDERS.has(role ?? '');
    found.push({ number, title, body: issue.body ?? '', htmlUrl, author, insider, createdAt });
  }
  return found;
}

async function* listIssues(client: GitHubClient, repository: string): AsyncGenerator<IssueAnswer> {
  const parameters = { ...splitRepository(repository), state: 'open', sort: 'created', direction: 'asc' };
  for await (const page of client.pages('GET /repos/{owner}/{repo}/issues', parameters, issueListSchema)) {
    if (page === undefined) fail('E_UPSTREAM_NOT_FOUND', `${repository} has no issues, or not for this token`);
    yield* page.value.filter((issue) => issue.pull_request === undefined);
  }
}

/** The first one that carries the marker and is ours or a colleague's, or that says the same already. */
async function findNote<T extends CommentAnswer>(
  client: GitHubClient,
  marker: string,
  text: string,
  notes: AsyncIterable<T>,
): Promise<T | undefined> {
  const login = await viewer(client);
  for await (const note of notes) {
    if (note.body?.trimStart().startsWith(markerLine(marker)) !== true) continue;
    if (INSIDERS.has(note.author_association ?? '')) return note;
    if (login === undefined ? isSame(note.body, text) : note.user === login) return note;
  }
  return undefined;
}

function marked(marker: string, body: string): string {
  if (!MARKER.test(marker)) fail('E_INTERNAL', `not a marker: ${marker}`);
  return `${markerLine(marker)}\n${body}`;
}

function markerLine(marker: string): string {
  return `<!-- ${marker} -->`;
}

/** GitHub keeps some texts with CRLF, and drops the last newline. */
function isSame(theirs: string | undefined, ours: string): boolean {
  return theirs?.replaceAll('\r\n', '\n').trimEnd() === ours.replaceAll('\r\n', '\n').trimEnd();
}

/** Undefined where it is a colleague's and we may not. An edit says the whole outcome, and may be sent twice. */
async function edit<T extends CommentAnswer>(
  client: GitHubClient,
  route: string,
  parameters: object,
  note: T,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const refusals = note.user === (await viewer(client)) ? [] : [403, 404];
  const answer = await client.change(route, { ...parameters }, schema, { repeatable: true, refusals });
  return 'value' in answer ? answer.value : undefined;
}

/** Something new, which may not be sent twice. */
async function write<T>(client: GitHubClient, route: string, parameters: object, schema: z.ZodType<T>): Promise<T> {
  const answer = await client.change(route, { ...parameters }, schema, { repeatable: false });
  return 'value' in answer ? answer.value : fail('E_INTERNAL', 'a refusal that nobody asked for');
}

function toNote({ id, html_url }: CommentAnswer, change: Note['change']): Note {
  return { id, htmlUrl: html_url, change };
}

function toIssueNote({ number, html_url }: IssueAnswer, change: Note['change']): Note {
  return { id: number, htmlUrl: html_url, change };
}
