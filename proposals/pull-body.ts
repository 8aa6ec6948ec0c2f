import type { Release } from '../github/types.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { sortFindings } from '../inspect/finding.ts';
import type { Finding } from '../inspect/finding.ts';
import { codeSpan, escapeTerminal } from '../io/escape.ts';
import type { Checklist } from '../ledger-schema/checklist.ts';
import type { FetchedFile } from '../ledger/new-record.ts';
import { typed } from '../io/shell.ts';
import { instantText } from '../ledger-schema/fields.ts';

/** The most characters of a pull request's body and title that GitHub takes. */
export const BODY_LENGTH = 65_536;
const TITLE_LENGTH = 256;
/** Marks a body whose table of files was cut short. */
export const TABLE_CUT = 'the others are in checklist.sha256';
/** How many names, checks and jumps are listed; fewer where upstream's texts are so long that the body would burst. */
const LISTED = [30, 5, 0];

export interface BodyInput {
  readonly checklist: Checklist;
  readonly files: readonly FetchedFile[];
  /** What upstream said and was compared with the bytes, a line each. */
  readonly checks: readonly string[];
  /** Undefined: upstream no longer has it. */
  readonly release: Pick<Release, 'htmlUrl' | 'author' | 'publishedAt' | 'immutable'> | undefined;
  /** What is known without the bytes; a review finds out more. */
  readonly findings: readonly Finding[];
  readonly branch: string;
}

/** `owner/repo TAG`. */
export function proposalTitle(record: { readonly repository: string; readonly tag: string }): string {
  return escapeTerminal(`${record.repository} ${record.tag}`).slice(0, TITLE_LENGTH);
}

/**
 * The body of a proposal's pull request, in Markdown: the files, what upstream said and was checked, what was found, and
 * what to type. Every text from outside stands in a code span. Where the table would be too long it ends early and says
 * so. Pure.
 */
export function proposalBody(input: BodyInput): string {
  const head = `${headline(input)}\n\n`;
  const tails = LISTED.map((most) => {
    return `\n${upstreamSection(input, most)}\n\n${findingsSection(input, most)}\n\n${reviewSection(input)}\n`;
  });
  const tail = tails.find(({ length }) => length < BODY_LENGTH / 2) ?? '';
  return head + fileTable(input.files, BODY_LENGTH - head.length - tail.length) + tail;
}

function headline({ checklist }: BodyInput): string {
  const { repository, tag, source, commit } = checklist;
  return `${codeSpan(repository)} ${codeSpan(tag)} of ${codeSpan(source)}, commit ${codeSpan(commit)}`;
}

function fileTable(files: readonly FetchedFile[], room: number): string {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const head = `| file | bytes | sha256 |\n| --- | ---: | --- |\n`;
  const end = `\n${files.length} ${files.length === 1 ? 'file' : 'files'}, ${count(total)} byte${total === 1 ? '' : 's'}.`;
  const cut = (shown: number): string =>
    ` The table shows ${shown} of them: ${TABLE_CUT}, and the review command shows all.`;
  let table = head;
  let shown = 0;
  for (const file of files) {
    const by = file.host === undefined ? '' : `, which led to ${codeSpan(file.host)}`;
    const where = file.url === undefined ? '' : ` from ${codeSpan(file.url)}${by}`;
    const row = `| ${codeSpan(file.name)}${where} | ${count(file.size)} | ${codeSpan(file.sha256)} |\n`;
    if (table.length + row.length + end.length + cut(files.length).length + 1 > room) break;
    table += row;
    shown += 1;
  }
  return `${table}${end}${shown < files.length ? cut(shown) : ''}\n`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** A text from outside, short enough for a list. */
function span(text: string): string {
  return codeSpan(brief(text));
}

function upstreamSection({ release, checks }: BodyInput, most: number): string {
  const lines = [releaseLine(release), ...checks.slice(0, most).map(span)];
  if (checks.length > most) lines.push(`and ${checks.length - most} more checks: the commit's message has them all`);
  return `### What upstream says\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

function releaseLine(release: BodyInput['release']): string {
  if (release === undefined) return 'It has no release of this tag any more.';
  const author = release.author === undefined ? '' : ` by ${span(release.author)}`;
  const date = release.publishedAt;
  const published = date === undefined ? '' : `, published ${instantText(date)}${author}`;
  const immutable = release.immutable === undefined ? '' : release.immutable ? ', immutable' : ', not immutable';
  return `${span(release.htmlUrl)}${published}${immutable}`;
}

/** As `review` prints them: the level, the name, and one sentence. */
function findingsSection({ findings }: BodyInput, most: number): string {
  const lines = sortFindings(findings)
    .slice(0, most)
    .map(
      ({ level, name, message }) => `${level === 'note' ? level : `**${level}**`} \`${name}\`: ${codeSpan(message)}`,
    );
  if (findings.length > most) lines.push(`and ${findings.length - most} more findings: the review command shows all`);
  const text = lines.length === 0 ? 'None.' : lines.map((line) => `- ${line}`).join('\n');
  return `### Findings\n\n${text}`;
}

function reviewSection({ branch }: BodyInput): string {
  const lines = [typed`pullthrough review ${branch}`, typed`pullthrough ack ${branch}`];
  return `### How to review it\n\n\`\`\`sh\n${lines.join('\n')}\n\`\`\`\n\nBoth fetch every file again and compare it; \`ack\` then signs.`;
}
