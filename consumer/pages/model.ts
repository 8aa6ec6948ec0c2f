import type { EvidenceEntry, RecordedAsset, RecordState, Signed } from '../../ledger-schema/index.ts';
import type { Markup } from './html.ts';

/** A tool by its name alone. */
export interface ListedTool {
  readonly source: string;
  /** `owner/repo` */
  readonly repository: string;
}

/** `open`: a proposal that isn't merged; the other states are a record's. */
export type ShownState = RecordState | 'open';

/** A release as a row of a list. */
export interface ReleaseRow {
  readonly tag: string;
  readonly state: ShownState;
  /** When it became acknowledged: ISO 8601. */
  readonly at?: string | undefined;
  /** Who acknowledged it, or withdrew it. */
  readonly by: readonly string[];
  readonly files?: number | undefined;
  /** Bytes of all files. */
  readonly bytes?: number | undefined;
  /** Why it was withdrawn, what it waits for, or what is wrong with it. */
  readonly why?: string | undefined;
}

/** A tool as a row of a list. */
export interface ToolRow {
  readonly tool: ListedTool;
  /** The newest acknowledged release; undefined where there is none. */
  readonly newest?: Pick<ReleaseRow, 'tag' | 'at' | 'by'> | undefined;
  /** It isn't known yet which one it is. */
  readonly unknown?: true | undefined;
}

/** A release as its own page shows it. */
export interface ReleaseView extends ReleaseRow {
  readonly tool: ListedTool;
  readonly signedBy: Signed | undefined;
  readonly acks: readonly Signed[];
  readonly nacks: readonly Signed[];
  /** What the tag pointed to. */
  readonly commit: string;
  /** The record's directory in the ledger. */
  readonly path: string;
  readonly assets: readonly RecordedAsset[];
  readonly evidence: readonly EvidenceEntry[];
}

/** Where things are, as a link from one page. */
export interface PageLinks {
  readonly style: string;
  readonly icon?: string | undefined;
  /** The list of tools, at a page of it. */
  home(number: number): string;
  tool(tool: ListedTool, number: number): string;
  /** Undefined where a release has no page of its own. */
  release(tool: ListedTool, row: ReleaseRow): string | undefined;
  /** The bytes of a file; undefined where they aren't served here. */
  file(tool: ListedTool, tag: string, asset: string): string | undefined;
}

/** What every page has. */
export interface PageContext {
  readonly place: PageLinks;
  /** The source whose tools are named without a host. */
  readonly host: string;
  /** What no page may leave out: an expired policy, a ledger that is held back. */
  readonly alert?: Markup | undefined;
  readonly foot: Markup;
  /** Further elements of `<head>`. */
  readonly head?: Markup | undefined;
}

/** `owner/repo`, with the source before it where it isn't the usual one. */
export function shownName({ source, repository }: ListedTool, host: string): string {
  return source === host ? repository : `${source}/${repository}`;
}
