import type { RecordFiles, RecordStatus } from '../../ledger-schema/index.ts';
import type { ListedTool, ShownState } from '../pages/model.ts';

/** A release as the site remembers it, so that it need not be judged again. */
export interface KnownRelease {
  readonly tag: string;
  /** The oid of the record's directory; empty for a proposal that isn't merged. */
  readonly tree: string;
  readonly state: ShownState;
  /** When it became acknowledged, or was withdrawn: ISO 8601. */
  readonly at?: string | undefined;
  readonly by: readonly string[];
  readonly files?: number | undefined;
  readonly bytes?: number | undefined;
  readonly why?: string | undefined;
  /** The SHA-256 of checklist.sha256. */
  readonly digest?: string | undefined;
  /** The name of its page, without an ending; undefined where it has none. */
  readonly slug?: string | undefined;
}

/** A tool as the site remembers it: a line of the manifest. */
export interface KnownTool extends ListedTool {
  /** `packages/<source>/<owner>/<repo>` */
  readonly path: string;
  /** Where its pages lie: `tools/…` */
  readonly folder: string;
  /** The oid of its directory. */
  readonly tree: string;
  /** What its pages depend on besides the records: policy, keys, address, program, proposals. */
  readonly key: string;
  /** The newest version first. */
  readonly releases: readonly KnownRelease[];
  /** Pages of the list of releases. */
  readonly pages: number;
  /** What the writers wrote for it. */
  readonly more: readonly string[];
}

/** A record of the ledger, judged. */
export interface JudgedRecord {
  readonly files: RecordFiles;
  readonly status: RecordStatus;
}

/** A file of the site, by its path below the site's folder. */
export interface SiteFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}
