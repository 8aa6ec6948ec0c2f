import { brief } from '../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { encodeSegment, isHostName } from '../ledger-schema/names/path.ts';
import { parseChoice } from './choose-tag.ts';
import type { Choice } from './choose-tag.ts';

/** A tool as a person names it, in any case; which record directory it is, the ledger says. */
export interface ToolName {
  /** The forge's host name, lower-case. */
  readonly source: string;
  readonly owner: string;
  readonly repo: string;
}

/** `TOOL@…`: at least one of `tag` and `choice`; the very tag is looked for first. */
export interface ToolRequest extends ToolName {
  /** As it was typed. */
  readonly text: string;
  /** What follows the first `@`. */
  readonly wanted: string;
  readonly tag?: string | undefined;
  readonly choice?: Choice | undefined;
}

const HOW = 'name a tool as owner/repo@TAG, as jqlang/jq@jq-1.7.1, jqlang/jq@latest or "jqlang/jq@^1.7"';

/** A path and not a tool: cli.md, "Consumer". */
export function isFileArgument(argument: string): boolean {
  return argument.startsWith('.') || argument.startsWith('/') || /^[A-Za-z]:[\\/]/.test(argument);
}

/** Reads `owner/repo` (of `host`) or `HOST/owner/repo`. Throws `E_USAGE`. */
export function parseToolName(text: string, host: string): ToolName {
  const parts = text.length > 1024 ? [] : text.split('/');
  if (parts.length < 2 || parts.length > 3 || parts.some((part) => !/^[^\s\p{Cc}]+$/u.test(part))) {
    fail('E_USAGE', `not a tool: ${brief(text)}`, { hint: HOW });
  }
  const [owner = '', repo = ''] = parts.slice(-2);
  const source = (parts.length === 3 ? (parts[0] ?? '') : host).toLowerCase();
  if (!isHostName(source)) fail('E_USAGE', `not a host name: ${brief(source)}`, { hint: HOW });
  for (const part of [owner, repo]) requireSegment(part, text);
  return { source, owner, repo };
}

/** What can't be in a ledger path is a typing mistake, not a fault in a ledger. Throws `E_USAGE`. */
function requireSegment(part: string, text: string): void {
  try {
    encodeSegment(part);
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_USAGE', `no tool has such a name or tag: ${brief(text)}`, { hint: HOW, cause });
  }
}

/** Reads `TOOL@…`, which splits at the first `@`. Throws `E_USAGE`. */
export function parseToolRequest(text: string, host: string): ToolRequest {
  const at = text.indexOf('@');
  if (at < 0) fail('E_USAGE', `no tag is named: ${brief(text)}`, { hint: HOW });
  const wanted = text.slice(at + 1);
  if (wanted === '' || wanted.length > 1024) fail('E_USAGE', `no tag is named: ${brief(text)}`, { hint: HOW });
  const tool = parseToolName(text.slice(0, at), host);
  const { tag, choice } = parseWanted(wanted);
  if (tag !== undefined && choice === undefined) requireSegment(tag, text);
  return { ...tool, text, wanted, tag, choice };
}

/**
 * `tag:X` is the tag X and nothing else, `latest` always a choice. Anything else is a tag where a record has it, and a
 * choice where it is a range.
 */
function parseWanted(wanted: string): { tag?: string; choice?: Choice } {
  if (wanted.startsWith('tag:')) {
    const tag = wanted.slice(4);
    return tag === '' ? fail('E_USAGE', 'there is no tag after tag:', { hint: HOW }) : { tag };
  }
  const choice = parseChoice(wanted);
  if (choice === undefined) return { tag: wanted };
  return choice.range === undefined ? { choice } : { tag: wanted, choice };
}

/** `github.com/jqlang/jq`: the form that lock files and messages use. */
export function toolText(tool: { readonly source: string; readonly repository: string }): string {
  return `${tool.source}/${tool.repository}`;
}
