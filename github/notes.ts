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

/** A comment or issue that is there now, and what was done for it. */
export interface Note {
  /** A comment's id, or an issue's number. */
  readonly id: number;
  readonly htmlUrl: string;
  readonly change: 'created' | 'updated' | 'unchanged';
}

/**
 * Makes one comment on a pull request (or issue) say `body`: our own one with this marker is edited, else a new one is
 * written. Ours is what the client's own account wrote; where the API doesn't say who that is, nothing is edited, and
 * only a comment that says the very same is left as it is. Docs: "Issue comments".
 *
 * @param marker lower-case letters, digits and `:._-`; it stands hidden at the comment's beginning
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
  const find = () => ownNote(client, marker, text, listComments(client, repository, number));
  const existing = await find();
  if (existing !== undefined) {
    if (isSame(existing.body, text)) return toNote(existing, 'unchanged');
    const parameters = { ...names, comment_id: existing.id, body: text };
    const route = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}';
    return toNote(await write(client, route, parameters, commentSchema), 'updated');
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
  const find = () => ownNote(client, marker, text, listIssues(client, repository));
  const existing = await find();
  if (existing !== undefined) {
    if (isSame(existing.body, text) && existing.title === title) return toIssueNote(existing, 'unchanged');
    const parameters = { ...names, issue_number: existing.number, title, body: text };
    const route = 'PATCH /repos/{owner}/{repo}/issues/{issue_number}';
    return toIssueNote(await write(client, route, parameters, issueSchema), 'updated');
  }
  const parameters = { ...names, title, body: text, labels };
  const route = 'POST /repos/{owner}/{repo}/issues';
  return toIssueNote(await client.once(() => write(client, route, parameters, issueSchema), find), 'created');
}

async function* listComments(client: GitHubClient, repository: string, number: number): AsyncGenerator<CommentAnswer> {
  const parameters = { ...splitRepository(repository), issue_number: number };
  const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
  for await (const page of client.pages(route, parameters, commentListSchema)) {
    if (page === undefined) fail('E_UPSTREAM_NOT_FOUND', `${repository} has no #${String(number)}`);
    yield* page.value;
  }
}

async function* listIssues(client: GitHubClient, repository: string): AsyncGenerator<IssueAnswer> {
  const parameters = { ...splitRepository(repository), state: 'open', sort: 'created', direction: 'asc' };
  for await (const page of client.pages('GET /repos/{owner}/{repo}/issues', parameters, issueListSchema)) {
    if (page === undefined) fail('E_UPSTREAM_NOT_FOUND', `${repository} has no issues, or not for this token`);
    yield* page.value.filter((issue) => issue.pull_request === undefined);
  }
}

/** The first one that carries the marker and may be edited, or that says the same already. */
async function ownNote<T extends CommentAnswer>(
  client: GitHubClient,
  marker: string,
  text: string,
  notes: AsyncIterable<T>,
): Promise<T | undefined> {
  const login = await viewer(client);
  for await (const note of notes) {
    if (note.body?.trimStart().startsWith(markerLine(marker)) !== true) continue;
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

/** An edit says the whole outcome and may be sent twice; what makes something new may not. */
async function write<T>(client: GitHubClient, route: string, parameters: object, schema: z.ZodType<T>): Promise<T> {
  const answer = await client.change(route, { ...parameters }, schema, { repeatable: route.startsWith('PATCH ') });
  return 'value' in answer ? answer.value : fail('E_INTERNAL', 'a refusal that nobody asked for');
}

function toNote({ id, html_url }: CommentAnswer, change: Note['change']): Note {
  return { id, htmlUrl: html_url, change };
}

function toIssueNote({ number, html_url }: IssueAnswer, change: Note['change']): Note {
  return { id: number, htmlUrl: html_url, change };
}
