import type { SiteFolder } from './disk/folder.ts';
import type { JudgedRecord, KnownRelease, SiteFile } from './model.ts';
import type { LedgerTool } from './ledger-tools.ts';

/** A tool as a writer of machine files sees it: called only where something of it changed. */
export interface WriterTool extends LedgerTool {
  /** The newest version first. */
  readonly releases: readonly KnownRelease[];
  /** All its records that can be read, verified now. */
  records(): Promise<readonly JudgedRecord[]>;
}

/** What a writer has for a tool. */
export interface WriterFiles {
  readonly files: readonly SiteFile[];
  /** Files that it wrote earlier and that stay as they are; every other one goes. */
  readonly kept?: Iterable<string> | undefined;
  /** Something could not be looked for: the next run writes the tool again. */
  readonly again?: boolean | undefined;
}

/** Makes the machine files of one kind, a tool at a time. */
export interface SiteWriter {
  /** What its files depend on besides a tool's records and the policy: where it differs, every tool is written again. */
  readonly key: string;
  /** Throws as it likes: the run fails then. */
  write(tool: WriterTool, folder: Pick<SiteFolder, 'read'>): Promise<WriterFiles>;
}
