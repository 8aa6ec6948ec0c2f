import type { Release } from '../github/types.ts';
import { codeSpan, escapeTerminal } from '../io/escape.ts';
import type { Comparison } from './previous.ts';
import type { FetchedFile, UnsignedRecord } from './record.ts';

/** The most characters of a pull request's body and title that GitHub takes. */
export const BODY_LENGTH = 65_536;
const TITLE_LENGTH = 256;
/** A list of names in a sentence ends here. */
const NAMED = 30;

export interface BodyInput {
  readonly record: UnsignedRecord;
  readonly files: readonly FetchedFile[];
  /** What upstream said and was compared with the bytes, a line each. */
  readonly checks: readonly string[];
  readonly release: Pick<Release, 'htmlUrl' | 'author' | 'publishedAt' | 'immutable'>;
  /** Upstream's files that the record leaves out. */
  readonly left: readonly string[];
  /** Undefined: it is the tool's first record. */
  readonly comparison: Comparison | undefined;
  readonly branch: string;
}

/** `owner/repo TAG`. */
export function proposalTitle(record: { readonly repository: string; readonly tag: string }): string {
  return escapeTerminal(`${record.repository} ${record.tag}`).slice(0, TITLE_LENGTH);
}

/**
 * The body of a proposal's pull request, in Markdown: the files, what upstream said and was checked, what is new, and
 * what to type. Every text from outside stands in a code span. Where the table would be too long it ends early and says
 * so. Pure.
 */
export function proposalBody(input: BodyInput): string {
  const head = `${headline(input)}\n\n`;
  const tail = `\n${upstreamSection(input)}\n\n${comparisonSection(input)}\n\n${reviewSection(input)}\n`;
  return head + fileTable(input.files, BODY_LENGTH - head.length - tail.length) + tail;
}

function headline({ record: { checklist } }: BodyInput): string {
  const { repository, tag, source, commit } = checklist;
  return `${codeSpan(repository)} ${codeSpan(tag)} of ${codeSpan(source)}, commit ${codeSpan(commit)}`;
}

function fileTable(files: readonly FetchedFile[], room: number): string {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const head = `| file | bytes | sha256 |\n| --- | ---: | --- |\n`;
  const end = `\n${files.length} ${files.length === 1 ? 'file' : 'files'}, ${count(total)} bytes.`;
  const cut = (shown: number): string =>
    ` The table shows ${shown} of them: the others are in checklist.sha256, and the review command shows all.`;
  let table = head;
  let shown = 0;
  for (const file of files) {
    const where = file.url === undefined ? '' : ` from ${codeSpan(file.url)}`;
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

function names(list: readonly string[]): string {
  const shown = list.slice(0, NAMED).map(codeSpan).join(', ');
  return list.length > NAMED ? `${shown} and ${list.length - NAMED} more` : shown;
}

function upstreamSection({ release, checks, left }: BodyInput): string {
  const author = release.author === undefined ? '' : ` by ${codeSpan(release.author)}`;
  const published =
    release.publishedAt === undefined ? '' : `, published ${release.publishedAt.toISOString()}${author}`;
  const immutable = release.immutable === undefined ? '' : release.immutable ? ', immutable' : ', not immutable';
  const lines = [`- ${codeSpan(release.htmlUrl)}${published}${immutable}`];
  lines.push(...checks.map((line) => `- ${codeSpan(line)}`));
  if (left.length > 0) lines.push(`- Upstream has ${left.length} more, left out: ${names(left)}`);
  return `### What upstream says\n\n${lines.join('\n')}`;
}

function comparisonSection({ comparison }: BodyInput): string {
  if (comparison === undefined) return '### What is new\n\nThe ledger has no earlier record to compare with.';
  const { tag, added, missing, jumps } = comparison;
  const lines = [
    ...(added.length > 0 ? [`- new files: ${names(added)}`] : []),
    ...(missing.length > 0 ? [`- no longer there: ${names(missing)}`] : []),
    ...jumps
      .slice(0, NAMED)
      .map((jump) => `- ${codeSpan(jump.name)}: ${count(jump.before)} to ${count(jump.now)} bytes`),
  ];
  const text = lines.length === 0 ? 'The same files, of about the same sizes.' : lines.join('\n');
  return `### What is new against ${codeSpan(tag)}\n\n${text}`;
}

function reviewSection({ branch }: BodyInput): string {
  // The branch's name is the record's path: percent-encoded, without anything that a shell or Markdown reads.
  const lines = [`pullthrough review ${branch}`, `pullthrough ack ${branch}`];
  return `### How to review it\n\n\`\`\`sh\n${lines.join('\n')}\n\`\`\`\n\nBoth fetch every file again and compare it; \`ack\` then signs.`;
}
